// What a handler sees of the world while it performs one job. Made by the processor for each
// attempt (and by the inline strategy and tests, from the same Parts). Follows jobs.md, "Context",
// and delivery.md, points 8, 9 and 13. Not the processor: leases, acks and retries are its
// business.
#pragma once

#include <functional>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <typeindex>
#include <unordered_map>
#include <vector>

#include "base/json.h"
#include "base/log.h"
#include "base/units.h"
#include "offline_tasks/envelope.h"
#include "offline_tasks/outcome.h"

namespace daemonz::db {
class Connection;
}

namespace daemonz::offline_tasks {

/// What the processor's main lends to its handlers, one object per type: a sandbox slot, a mailer.
/// Holds references: the objects outlive it. Threads: one while filling, any afterwards; an object
/// that is not for many threads is lent by each thread's own Services.
///
///     services.lend(*slot);                        // main
///     auto& slot = context.use<sandbox::Slot>();   // handler
class Services {
 public:
  template <class T>
  void lend(T& object) {
    objects_[std::type_index(typeid(T))] = &object;
  }
  template <class T>
  [[nodiscard]] T* find() const {
    const auto found = objects_.find(std::type_index(typeid(T)));
    return found == objects_.end() ? nullptr : static_cast<T*>(found->second);
  }

 private:
  std::unordered_map<std::type_index, void*> objects_;
};

struct Progress {
  std::int64_t done = 0;
  std::int64_t total = 0;  ///< 0: not known
  std::string note;
};
inline constexpr std::size_t progress_note_size_max = 500;  ///< bytes; the rest is cut off

/// A helper program that a task runs (ImageMagick, pdftotext), to its end. It may do all that this
/// user may: programs that nobody trusts go into a sandbox::Slot.
struct RunLimits {
  std::optional<Milliseconds> time;  ///< wall time; nullopt: the job's own timeout
  Bytes output_max = mebibytes(1);   ///< kept of stdout and of stderr; the rest is thrown away
};
struct RunResult {
  std::string output, errors;
  std::optional<int> exit_code;  ///< nullopt: ended by a signal
  bool is_timed_out = false;
  [[nodiscard]] bool is_success() const { return exit_code == 0; }
};

/// One attempt at one job. Threads: one, but for stop_requested().
class Context {
 public:
  /// Where a Context is wired to. Every function may be empty; what then happens stands beside it.
  struct Parts {
    Envelope job;
    Token token{};  ///< of this attempt and delivery
    std::function<bool()>
        stop_requested;  ///< TERM, cancelled, lease lost, time is up. empty: never
    /// A connection that was verified just now; the same one during a transaction. Throws
    /// db::DatabaseError. empty: db() throws Error.
    std::function<db::Connection&()> db;
    std::function<void(const Progress&)> report_progress;         ///< empty: dropped
    std::function<std::optional<json::value>()> read_checkpoint;  ///< empty: this attempt's own
    std::function<void(const json::value&)> write_checkpoint;
    /// Throws Superseded when this delivery has lost its lease. Asked before each transaction.
    std::function<void()> check_lease;
    const Services* services = nullptr;  ///< a loan; nullptr: use<T>() throws Error
    /// Pushes a further job onto the named queue. empty: the connection made by connect() (push.h).
    std::function<JobId(const Envelope&)> push;
    /// Asked for an exception that leaves the handler, while it is caught; see
    /// Context::where_thrown. empty: not known.
    std::function<std::string(const void* thrown)> where_thrown;
  };

  explicit Context(Parts parts);
  Context(const Context&) = delete;
  Context& operator=(const Context&) = delete;

  [[nodiscard]] const Envelope& job() const noexcept { return parts_.job; }
  [[nodiscard]] Token token() const noexcept { return parts_.token; }

  /// True: finish soon, or return Again; the work will be handed back. Ask it in long loops.
  [[nodiscard]] bool stop_requested() const;

  /// Shown by `daemonz-jobs watch` and status(). Cheap: the processor writes at most a few a
  /// second.
  void progress(std::int64_t done, std::int64_t total, std::string_view note = {});

  /// What the last attempt left behind, nullopt at first. It is stored outside of transactions: for
  /// "went on at mail 5,001", not for money.
  [[nodiscard]] std::optional<json::value> checkpoint() const;
  void checkpoint(const json::value& state);

  /// A connection for reads and for effects that may happen twice. Not for keeping: ask each time,
  /// so that it is verified again during long tasks.
  [[nodiscard]] db::Connection& db();

  /// Runs `body` in one database transaction, together with a row in daemonz_fences (job_fences.h):
  /// its effects happen once per job, however often the job is delivered or retried. True:
  /// committed now. False: an earlier delivery had committed it; `body` was not run. Throws
  /// Superseded when a delivery with a higher token is at work, and what `body` throws (rolled
  /// back). A handler with more than one transaction names each: the name is what happens once.
  bool transaction(const std::function<void(db::Connection&)>& body) {
    return transaction("", body);
  }
  bool transaction(std::string_view name, const std::function<void(db::Connection&)>& body);

  /// Runs argv[0] (looked up in PATH) without a shell and with empty input; its whole process tree
  /// is gone afterwards. Throws Error when it cannot be started.
  [[nodiscard]] RunResult run(const std::vector<std::string>& argv, const RunLimits& limits = {});

  /// What the processor's main lent. Throws Error that names the type when it lent none.
  template <class T>
  [[nodiscard]] T& use() const {
    if (auto* object = parts_.services ? parts_.services->find<T>() : nullptr) return *object;
    nothing_lent(typeid(T));
  }

  /// Pushes a further job as push_push does, through the processor's own push connection. Throws
  /// Error when nothing took it. The body of this template is in push.h: include that too.
  template <class Task>
  JobId push(const Task& task, const Options& options = {});
  JobId push(const Envelope& job);  ///< one that is made up already

  /// In a catch clause: the frames from which `thrown` (its most derived object; nullptr where the
  /// clause cannot know it) came, a line each. Empty: not known.
  [[nodiscard]] std::string where_thrown(const void* thrown) const {
    return parts_.where_thrown ? parts_.where_thrown(thrown) : "";
  }

  /// A line that names task and job: log("mail sent", {{"to", address}}).
  void log(std::string_view phrase, log::Fields fields = {}) const;

 private:
  [[noreturn]] void nothing_lent(const std::type_info& type) const;

  Parts parts_;
  std::optional<json::value> own_checkpoint_;
  std::set<std::string, std::less<>> transactions_;  ///< names used by this attempt
};

}  // namespace daemonz::offline_tasks
