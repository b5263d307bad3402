// A processor of a site as small as can be, for tests with real processes: tasks that do nothing,
// write a line, wait, fail, or end their process.
#include <fcntl.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <thread>

#include "base/error.h"
#include "base/unique_fd.h"
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
    append("begin " + text + " " + std::to_string(::getpid()));
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

struct FailAlways {
  static constexpr std::string_view name = "fail";
  static Options defaults() {
    return {.max_attempts = 3, .backoff = std::vector{Milliseconds(20)}};
  }
  Outcome perform(Context&) const { throw Error("fails as it should"); }
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

using TestTasks = TaskList<Noop, Note, FailAlways, Crash>;

}  // namespace daemonz::tests

int main(int argc, char** argv) {
  return daemonz::processor::main<daemonz::tests::TestTasks>(argc, argv);
}
