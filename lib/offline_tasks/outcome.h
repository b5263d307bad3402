// What became of one attempt, as the handler says it. Follows jobs.md: `Done{result}`,
// `Again{in, why}`, `Fail{why}`, `Kill{why}`. An exception that leaves the handler is a Fail.
#pragma once

#include <string>
#include <variant>

#include "base/error.h"
#include "base/json.h"
#include "base/units.h"

namespace daemonz::offline_tasks {

struct Done {
  json::value result;  ///< kept where the job is tracked; null: nothing to tell
};

/// Not now: the job comes back after `in` and no attempt is counted.
struct Again {
  Milliseconds in{0};
  std::string why;
};

/// This attempt failed: retried with backoff until max_attempts, then dead.
struct Fail {
  std::string why;
  std::string trace;  ///< where an exception was thrown, a frame per line; empty: not known
};

/// Dead at once: trying again cannot help (the picture that is too large).
struct Kill {
  std::string why;
};

using Outcome = std::variant<Done, Again, Fail, Kill>;

/// Thrown by Context::transaction when another delivery of the same job, with a higher token, is at
/// work or was: this one has lost its lease and must write nothing more. Let it pass: the processor
/// drops the attempt, which counts as neither failure nor success. Threads: any.
class Superseded : public Error {
 public:
  using Error::Error;
};

}  // namespace daemonz::offline_tasks
