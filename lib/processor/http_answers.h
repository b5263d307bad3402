// What the door answers, without its sockets: requests in, answers out. Of this room only. Follows
// processor/http_door.h.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "processor/http_door.h"

namespace daemonz::processor {

struct HttpAnswer {
  int status = 200;
  json::object body;
  std::optional<int> retry_after;  ///< seconds
};

/// GET /jobs/ID?wait=SECONDS, taken apart.
struct JobQuestion {
  offline_tasks::JobId id;
  Seconds wait{0};
};
/// nullopt: another path, or a wait that is none.
[[nodiscard]] std::optional<JobQuestion> parse_job_question(std::string_view target);

[[nodiscard]] HttpAnswer answer_of(const offline_tasks::JobStatus& status);

/// The elements of a JSON array as they are written: a signature covers those bytes. Another text
/// is its only element. Throws Error for more than `count_max`, or brackets that do not close.
[[nodiscard]] std::vector<std::string_view> elements_of(std::string_view text,
                                                        std::size_t count_max);

/// Takes the jobs of one POST. Threads: one.
class JobTaker {
 public:
  explicit JobTaker(const HttpDoorOptions& options) : options_(options) {}
  [[nodiscard]] HttpAnswer take(std::string_view body);

 private:
  const HttpDoorOptions& options_;
  std::unique_ptr<broker::Broker> connection_;
};

}  // namespace daemonz::processor
