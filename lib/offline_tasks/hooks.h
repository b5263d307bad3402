// What processors and the scheduler tell others: commands run and addresses called when a job is
// done (its on_done) or has failed (`on_error:`). On a thread of their own, beside the jobs: a hook
// that fails, hangs or comes too often loses a message, never a job. Not follow-up tasks: those are
// jobs, pushed before the acknowledgement (processor/aftermath.h). Follows jobs.md, "Error hooks".
#pragma once

#include <condition_variable>
#include <deque>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "base/units.h"
#include "offline_tasks/envelope.h"

namespace daemonz::offline_tasks {

/// Either a command, without a shell and with the message on its stdin, or http://HOST[:PORT]/PATH,
/// which gets it by POST.
struct Hook {
  std::vector<std::string> command;
  std::string webhook;
};

inline constexpr std::size_t hook_calls_max = 1'000;  ///< waiting; further ones are dropped
inline constexpr Milliseconds hook_time_max{10'000};  ///< of one call
inline constexpr Milliseconds hook_drain_max{5'000};  ///< of all that wait when it ends

/// Threads: any. A crash loses what waits.
class Hooks {
 public:
  Hooks() = default;
  ~Hooks();  ///< finishes what waits, within hook_drain_max
  Hooks(const Hooks&) = delete;
  Hooks& operator=(const Hooks&) = delete;

  /// Never waits and never throws.
  void call(const Hook& hook, std::string message) noexcept;

 private:
  struct Call {
    Hook hook;
    std::string message;
  };
  void run();

  std::mutex guard_;
  std::condition_variable changed_;
  std::deque<Call> waiting_;
  bool is_ending_ = false;
  std::thread thread_;
};

/// What `on_error` gets: {"id","task","queue","attempt" from 1,"state","error"}, and "trace" where
/// it is known. `state`: "failed", it will run again, or "dead".
struct ErrorFacts {
  std::string_view state, error, trace;
};
[[nodiscard]] std::string error_message(const Envelope& job, const ErrorFacts& facts);

/// Throws Error that shows what is allowed.
void check_webhook(std::string_view url);
/// The status of the answer. Throws Error when none came within `patience`.
[[nodiscard]] int post_json(std::string_view url, const std::string& body, Milliseconds patience);

}  // namespace daemonz::offline_tasks
