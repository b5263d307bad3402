// A processor of a site as small as can be, for tests with real processes: tasks that do nothing,
// write a line, wait, fail, end their process, have an effect in the database, or run SQL there.
#include <fcntl.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <thread>

#include "base/error.h"
#include "base/unique_fd.h"
#include "db/connection.h"
#include "offline_tasks/task.h"
#include "processor/main.h"

namespace daemonz::tests {

using namespace offline_tasks;

struct Noop {
  std::int64_t number{};
  static constexpr std::string_view name = "noop";
  Outcome perform(Context&) const { return Done{}; }
};
BOOST_DESCRIBE_STRUCT(Noop, (), (number))

/// Appends one line at its beginning and one at its end, `milliseconds` apart.
struct Note {
  std::string file, text;
  std::int64_t milliseconds{};
  bool stops_when_asked{};
  static constexpr std::string_view name = "note";
  Outcome perform(Context& context) const {
    const auto now = real_clock().steady().time_since_epoch();  // CLOCK_MONOTONIC
    append("begin " + text + " " + std::to_string(::getpid()) + " " +
           std::to_string(std::chrono::nanoseconds(now).count()));
    const auto deadline = real_clock().steady() + Milliseconds(milliseconds);
    while (real_clock().steady() < deadline) {
      if (stops_when_asked && context.stop_requested())
        return Again{Milliseconds(0), "asked to stop"};
      std::this_thread::sleep_for(Milliseconds(2));  // sleep-ok: this is the task's work
    }
    append("end " + text + " " + std::to_string(::getpid()));
    return Done{};
  }
  void append(const std::string& line) const {
    const UniqueFd out(::open(file.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644));
    const auto bytes = line + "\n";
    if (::write(out.get(), bytes.data(), bytes.size()) < 0) throw_errno("cannot write", file);
  }
};
BOOST_DESCRIBE_STRUCT(Note, (), (file, text, milliseconds, stops_when_asked))

// Exported, as a site's own functions are: last_error names it.
void fail_as_it_should(const std::string& why);
void fail_as_it_should(const std::string& why) { throw Error("fails as it should" + why); }

struct FailAlways {
  static constexpr std::string_view name = "fail";
  static Options defaults() {
    return {.max_attempts = 3, .backoff = std::vector{Milliseconds(20)}};
  }
  Outcome perform(Context& context) const {
    fail_as_it_should(context.stop_requested() ? ", and late" : "");
    return Done{};
  }
};
BOOST_DESCRIBE_STRUCT(FailAlways, (), ())

/// Ends its processor: a poison pill.
struct Crash {
  static constexpr std::string_view name = "crash";
  Outcome perform(Context&) const {
    ::kill(::getpid(), SIGKILL);
    return Done{};
  }
};
BOOST_DESCRIBE_STRUCT(Crash, (), ())

/// Adds a row to the table `effects`, in its transaction unless that is left out; every third job
/// fails once before that and once behind it.
struct Effect {
  std::int64_t number{};
  bool unfenced{};
  static constexpr std::string_view name = "effect";
  static Options defaults() {
    return {.max_attempts = 9, .max_deliveries = 99, .backoff = std::vector{Milliseconds(20)}};
  }
  Outcome perform(Context& context) const {
    const bool fails = number % 3 == 0;
    if (fails && context.job().attempt == 0) throw Error("fails before its effect");
    const auto add = [this](db::Connection& database) {
      database.execute("insert into effects (number) values (?)", {number});
    };
    if (unfenced)
      add(context.db());
    else
      context.transaction(add);
    if (fails && context.job().attempt == 1) throw Error("fails behind its effect");
    return Done{};
  }
};
BOOST_DESCRIBE_STRUCT(Effect, (), (number, unfenced))

/// Note, then a row of its process id in the table `effects`, in its transaction unless that is
/// left out.
struct NoteEffect {
  Note note;
  bool unfenced{};
  static constexpr std::string_view name = "note_effect";
  Outcome perform(Context& context) const {
    const auto outcome = note.perform(context);
    const auto add = [](db::Connection& database) {
      database.execute("insert into effects (number) values (?)", {std::int64_t{::getpid()}});
    };
    if (unfenced)
      add(context.db());
    else
      context.transaction(add);
    return outcome;
  }
};
BOOST_DESCRIBE_STRUCT(NoteEffect, (), (note, unfenced))

/// Runs statements one after another: in one transaction, or each by itself.
struct Sql {
  std::vector<std::string> statements;
  bool in_transaction{};
  static constexpr std::string_view name = "sql";
  Outcome perform(Context& context) const {
    const auto run = [this](db::Connection& database) {
      for (const auto& statement : statements) database.execute(statement);
    };
    if (in_transaction)
      context.transaction(run);
    else
      for (const auto& statement : statements) context.db().execute(statement);
    return Done{};
  }
};
BOOST_DESCRIBE_STRUCT(Sql, (), (statements, in_transaction))

/// Sends `count` mails, each a line of `file`; dies behind number `crash_at` when it comes there
/// first.
struct Mails {
  std::string file;
  std::int64_t count{}, crash_at{};
  bool forgets{};  ///< writes no checkpoint: the control
  static constexpr std::string_view name = "mails";
  Outcome perform(Context& context) const {
    const UniqueFd out(::open(file.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644));
    const auto reached = context.checkpoint();
    for (auto i = reached ? reached->to_number<std::int64_t>() : 0; i < count; ++i) {
      const auto line = "mail " + std::to_string(i) + "\n";
      if (::write(out.get(), line.data(), line.size()) < 0) throw_errno("cannot write", file);
      if (!forgets) context.checkpoint(json::value(i + 1));
      if (i + 1 == crash_at && ::access((file + ".crashed").c_str(), F_OK) != 0) {
        const UniqueFd mark(::open((file + ".crashed").c_str(), O_WRONLY | O_CREAT, 0644));
        ::kill(::getpid(), SIGKILL);
      }
    }
    return Done{};
  }
};
BOOST_DESCRIBE_STRUCT(Mails, (), (file, count, crash_at, forgets))

using TestTasks = TaskList<Noop, Note, FailAlways, Crash, Effect, NoteEffect, Sql, Mails>;

}  // namespace daemonz::tests

int main(int argc, char** argv) {
  return daemonz::processor::main<daemonz::tests::TestTasks>(argc, argv);
}
