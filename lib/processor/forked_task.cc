#include "processor/forked_task.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/log.h"
#include "base/utf8.h"
#include "db/connection.h"
#include "process/signals.h"
#include "processor/channel.h"
#include "processor/outcome_json.h"
#include "processor/throw_watch.h"

namespace daemonz::processor {
namespace {

using namespace offline_tasks;

/// The lane's end of one attempt.
class Lender {
 public:
  Lender(Channel& channel, const Context::Parts& parts, std::size_t lane)
      : channel_(channel), parts_(parts), lane_(lane) {}

  void begin() {
    channel_.send({{"job", parts_.job.encode()}, {"token", parts_.token.value}, {"lane", lane_}});
  }
  /// False: the child has no more to say.
  bool serve() {
    const bool goes_on = channel_.fill();
    while (auto line = channel_.next()) take(*line);
    return goes_on;
  }
  [[nodiscard]] std::optional<json::object>& outcome() { return outcome_; }

 private:
  void take(const json::object& line) {
    if (const auto* progress = json::object_of(line, "progress")) {
      parts_.report_progress({json::integer_of(*progress, "done").value_or(0),
                              json::integer_of(*progress, "total").value_or(0),
                              json::string_of(*progress, "note").value_or("")});
    } else if (const auto* outcome = json::object_of(line, "outcome")) {
      outcome_ = *outcome;
    } else {
      channel_.send(answer(line));
    }
  }
  json::object answer(const json::object& question) {
    try {
      if (const auto state = json::string_of(question, "checkpoint")) {
        parts_.write_checkpoint(json::parse(*state));
        return {{"ok", true}};
      }
      if (question.contains("check_lease")) {
        parts_.check_lease();
        return {{"ok", true}};
      }
      if (question.contains("read_checkpoint")) {
        const auto state = parts_.read_checkpoint();
        return state ? json::object{{"state", json::serialize(*state)}}
                     : json::object{{"ok", true}};
      }
      const auto job = Envelope::decode(json::string_of(question, "push").value());
      return {{"id", parts_.push(job.value())}};
    } catch (const Superseded& problem) {
      return {{"superseded", problem.what()}};
    } catch (const std::exception& problem) {
      return {{"error", problem.what()}};
    }
  }

  Channel& channel_;
  const Context::Parts& parts_;
  const std::size_t lane_;
  std::optional<json::object> outcome_;
};

/// The child's end: what its Context is wired to.
class Borrower {
 public:
  Borrower(Channel& channel, const UniqueFd& stop, const ForkedWork& work)
      : channel_(channel), stop_(stop), work_(work) {}

  json::object perform() {
    const auto first = channel_.wait_for_line();
    auto job = Envelope::decode(json::string_of(first, "job").value()).value();
    const auto lane = static_cast<std::size_t>(json::integer_of(first, "lane").value_or(0));
    Context::Parts parts{.job = std::move(job),
                         .token = {first.at("token").to_number<std::uint64_t>()},
                         .services = work_.services_of(lane)};
    parts.stop_requested = [this] {
      pollfd asked{stop_.get(), POLLIN, 0};
      return ::poll(&asked, 1, 0) > 0;  // also when the lane is gone
    };
    if (!work_.database.empty()) parts.db = [this]() -> db::Connection& { return database(); };
    parts.check_lease = [this] { (void)ask({{"check_lease", true}}); };
    parts.report_progress = [this](const Progress& progress) { report(progress); };
    parts.read_checkpoint = [this]() -> std::optional<json::value> {
      const auto said = ask({{"read_checkpoint", true}});
      const auto state = json::string_of(said, "state");
      return state ? std::optional(json::parse(*state)) : std::nullopt;
    };
    parts.write_checkpoint = [this](const json::value& state) {
      (void)ask({{"checkpoint", json::serialize(state)}});
    };
    parts.push = [this](const Envelope& further) -> JobId {
      const auto said = ask({{"push", further.encode()}});
      return json::string_of(said, "id").value();
    };
    const ThrowWatch watch;
    parts.where_thrown = [&](const void* thrown) { return watch.trace_of(thrown); };
    Context context(std::move(parts));
    json::object line;
    try {
      line = to_json(work_.registry.dispatch(context));
    } catch (const Superseded& problem) {
      line = {{"superseded", problem.what()}};
    }
    if (connection_) line["used_database"] = true;
    return line;
  }

 private:
  db::Connection& database() {
    if (!connection_)
      connection_ = db::connect(work_.database);
    else if (!connection_->is_in_transaction())
      connection_->verify();
    return *connection_;
  }
  void report(const Progress& progress) {
    constexpr Milliseconds interval{100};  // the lane writes at most every 250 ms
    const auto now = real_clock().steady();
    if (now - reported_ < interval && progress.done != progress.total) return;
    reported_ = now;
    // The lane's write would wait for this transaction.
    if (connection_ && connection_->is_in_transaction()) return;
    channel_.send(
        {{"progress",
          {{"done", progress.done}, {"total", progress.total}, {"note", progress.note}}}});
  }
  json::object ask(const json::object& question) {
    channel_.send(question);
    auto said = channel_.wait_for_line();
    if (const auto why = json::string_of(said, "superseded")) throw Superseded(*why);
    if (const auto why = json::string_of(said, "error")) throw Error(*why);
    return said;
  }

  Channel& channel_;
  const UniqueFd& stop_;
  const ForkedWork& work_;
  std::unique_ptr<db::Connection> connection_;
  SteadyTime reported_{};
};

ForkedOutcome outcome_of(const ChildWatch::End& end, const std::optional<json::object>& said) {
  if (!end.killed_because.empty()) return {Fail{end.killed_because}};
  if (!said) {
    if (end.how.signal)
      return {Fail{"its process was ended by " + process::signal_name(*end.how.signal)}};
    return {Fail{"its process ended without an outcome, exit code " +
                 (end.how.exit_code ? std::to_string(*end.how.exit_code) : "unknown")}};
  }
  if (const auto why = json::string_of(*said, "superseded")) throw Superseded(*why);
  return {from_json(*said), said->contains("used_database")};
}

}  // namespace

int ForkedWork::perform(std::vector<UniqueFd> given) const {
  Channel channel(std::move(given.at(0)));
  const UniqueFd stop = std::move(given.at(1));
  Borrower borrower(channel, stop, *this);
  channel.send({{"outcome", borrower.perform()}});
  return 0;
}

ForkedOutcome perform_in_fork(process::WarmProcess& warm, const ChildWork& work, std::size_t lane) {
  int ends[2], stop[2];
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0)
    throw_errno("cannot make a socket pair for a job");
  Channel channel{UniqueFd(ends[0])};
  UniqueFd there(ends[1]);
  if (::pipe2(stop, O_CLOEXEC) != 0) throw_errno("cannot make a pipe for a job");
  UniqueFd stop_read(stop[0]), stop_write(stop[1]);
  auto child = warm.start_child({.descriptors = {there.get(), stop_read.get()}});
  there.reset();
  stop_read.reset();
  Lender lender(channel, work.parts, lane);
  lender.begin();
  ChildWatch watch(std::move(child), work,
                   {.is_told_of_stop = true,
                    .ask_to_stop = [&](const process::WarmChild&) { stop_write.reset(); }});
  watch.listen({channel.fd(), POLLIN, [&] { return lender.serve(); }});
  const auto end = watch.wait();
  return outcome_of(end, lender.outcome());
}

}  // namespace daemonz::processor
