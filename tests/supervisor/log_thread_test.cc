#include "supervisor/log_thread.h"

#include <doctest/doctest.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include "supervisor/site.h"

using namespace daemonz;
using namespace daemonz::supervisor;
using namespace daemonz::tests;

namespace {

std::string content_of(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

}  // namespace

TEST_CASE("log_thread: what is written is in the file when it is waited for, and at the end") {
  const TempDir folder;
  LogFiles files;
  std::vector<UniqueFd> children;
  std::string expected;
  {
    LogThread thread;
    std::vector<std::shared_ptr<LogSink>> sinks;
    for (int i = 0; i < 100; ++i) {
      const auto name = std::to_string(i);
      const auto path = folder / name + ".log";
      sinks.push_back(std::make_shared<LogSink>(
          LogSinkOptions{.pipe = folder / name, .name = name, .is_announced = i == 0},
          files.at(path, {})));
      thread.add(sinks.back());
      children.push_back(sinks.back()->open_for_child());
      REQUIRE(::write(children.back().get(), "1\n", 2) == 2);
      thread.wait_until_taken(*sinks.back());
      CHECK(content_of(path) == "1\n");
    }
    pollfd told{sinks[0]->taken_fd(), POLLIN, 0};
    CHECK(::poll(&told, 1, 0) == 1);
    sinks[0]->forget_taken();
    CHECK(::poll(&told, 1, 0) == 0);
    for (int i = 0; i < 50; ++i) {  // their owners go, what they have said stays
      REQUIRE(::write(children[static_cast<std::size_t>(i)].get(), "2\n", 2) == 2);
      thread.remove(sinks[static_cast<std::size_t>(i)]);
      CHECK_FALSE(std::filesystem::exists(folder / std::to_string(i)));
    }
    sinks.clear();
    for (std::size_t i = 50; i < 100; ++i) REQUIRE(::write(children[i].get(), "2\n", 2) == 2);
  }
  for (int i = 0; i < 100; ++i) CHECK(content_of(folder / std::to_string(i) + ".log") == "1\n2\n");
}

TEST_CASE("log_thread: a log that nobody reads holds back neither the supervisor nor other logs") {
  const Site site(R"(
  stuck: {command: ["yes"], log: {path: log/stuck, stderr: log/stuck.err}}
  good: {command: [sh, go.sh]}
)");
  std::ofstream(site.folder() / "go.sh") << "echo here; trap 'echo again' USR1; while :; do "
                                            "sleep 1000 & wait; done";
  std::filesystem::create_directory(site.folder() / "log");
  REQUIRE(::mkfifo((site.folder() / "log/stuck").c_str(), 0600) == 0);
  REQUIRE(site.run({"start"}).status.exit_code == 0);
  CHECK(becomes_true([&] { return site.file("log/good.0.log") == "here\n"; }));
  CHECK(becomes_true(
      [&] { return site.file("log/daemonz.log").find("output is lost") != std::string::npos; }));
  CHECK(site.run({"signal", "USR1", "good"}).status.exit_code == 0);
  CHECK(becomes_true([&] { return site.file("log/good.0.log") == "here\nagain\n"; }));
  CHECK(site.run({"restart", "stuck"}).status.exit_code == 0);
  CHECK(site.run({"status"}).status.exit_code == 0);
  CHECK(site.run({"stop"}).status.exit_code == 0);
}
