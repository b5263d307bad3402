// A sink whose process is killed (-9) again and again while a child writes as fast as it can.
#include <doctest/doctest.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <random>

#include "supervisor/log_sink.h"
#include "support/seed.h"
#include "support/temp_dir.h"

using namespace daemonz;
using namespace daemonz::supervisor;
using daemonz::tests::TempDir;

namespace {

constexpr int line_count = 300'000;
constexpr std::size_t line_size = 32;  // a divisor of a pipe's pages: pieces end at line ends

std::string line(int number) {
  char text[line_size + 1];
  std::snprintf(text, sizeof text, "%08d %s\n", number, "......................");
  return text;
}

template <class Body>
pid_t in_child(const Body& body) {
  const pid_t pid = ::fork();
  if (pid == 0) {
    body();
    ::_exit(0);
  }
  return pid;
}

void write_lines(int fd) {
  std::string text;
  for (int number = 0; number < line_count; ++number) {
    text += line(number);
    if (text.size() < 4096 && number + 1 < line_count) continue;
    if (::write(fd, text.data(), text.size()) != static_cast<ssize_t>(text.size())) ::_exit(1);
    text.clear();
  }
}

void take_for_ever(LogSink& sink) {
  for (;;) {
    pollfd readable{sink.read_end(), POLLIN, 0};
    ::poll(&readable, 1, -1);
    sink.take();
  }
}

std::string content_of(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

struct Outcome {
  int kills = 0;
  int turned = 0;
  std::string text;  // of all files, the oldest first
};

Outcome run(const config::LogFile& log) {
  const TempDir folder, pipes;
  const auto path = folder / "one.log";
  const LogSinkOptions options{
      .pipe = pipes / "one.0", .name = "one:0", .is_prefixed = log.has_prefix};
  LogFiles files;
  LogSink own(options, files.at(path, log));  // the children's: the pipe does not end with them
  const auto end = own.open_for_child();
  const pid_t writer = in_child([&] { write_lines(end.get()); });
  std::mt19937 random(tests::seed());
  Outcome outcome;
  for (bool is_written = false; !is_written; ++outcome.kills) {
    const pid_t supervisor = in_child([&] {
      LogFiles fresh;
      LogSink sink(options, fresh.at(path, log));
      take_for_ever(sink);
    });
    ::poll(nullptr, 0, static_cast<int>(1 + random() % 4));
    is_written = ::waitpid(writer, nullptr, WNOHANG) == writer;
    ::kill(supervisor, SIGKILL);
    ::waitpid(supervisor, nullptr, 0);
  }
  own.take();
  while (std::filesystem::exists(path + "." + std::to_string(outcome.turned + 1))) ++outcome.turned;
  for (int number = outcome.turned; number > 0; --number)
    outcome.text += content_of(path + "." + std::to_string(number));
  outcome.text += content_of(path);
  return outcome;
}

}  // namespace

TEST_CASE("log_sink: killed again and again, a plain one loses no byte and doubles none") {
  const auto outcome = run({.max_size = mebibytes(1), .keep = 1000});
  std::string expected;
  for (int number = 0; number < line_count; ++number) expected += line(number);
  MESSAGE(outcome.kills << " kills, " << outcome.turned << " turns");
  CHECK(outcome.kills > 3);
  CHECK(outcome.turned >= 8);
  CHECK(outcome.text.size() == expected.size());
  CHECK((outcome.text == expected));  // in brackets: 9 MB are not to be printed
}

TEST_CASE("log_sink: killed again and again, a prefixed one doubles at most a piece per kill") {
  const auto outcome = run({.max_size = Bytes(0), .has_prefix = true});
  std::vector<int> found;
  std::size_t torn = 0;
  for (std::size_t from = 0; from < outcome.text.size();) {
    const auto end = std::min(outcome.text.find('\n', from), outcome.text.size() - 1);
    const auto last = outcome.text.substr(end + 1 - std::min(end + 1 - from, line_size), line_size);
    if (last.size() == line_size && last == line(std::atoi(last.c_str())))
      found.push_back(std::atoi(last.c_str()));
    else
      ++torn;
    from = end + 1;
  }
  const auto written = found.size();
  std::sort(found.begin(), found.end());
  found.erase(std::unique(found.begin(), found.end()), found.end());
  const auto doubled = written - found.size();
  MESSAGE(outcome.kills << " kills, " << doubled << " lines doubled, " << torn << " torn");
  CHECK(outcome.kills > 3);
  CHECK(found.size() == line_count);
  CHECK(doubled <= static_cast<std::size_t>(outcome.kills) * 65536 / line_size);
  CHECK(torn <= static_cast<std::size_t>(outcome.kills));
}
