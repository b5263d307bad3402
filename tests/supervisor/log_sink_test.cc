#include "supervisor/log_sink.h"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>
#include <fstream>

#include "base/error.h"
#include "support/temp_dir.h"

using namespace daemonz;
using namespace daemonz::supervisor;
using daemonz::tests::TempDir;

namespace {

std::string content_of(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

// A sink as an instance has it, and the end that its child would have.
struct Output {
  explicit Output(const std::string& path, const config::LogFile& log = {})
      : sink({.pipe = pipe_folder / "one.0",
              .name = "one:0",
              .is_stamped = log.timestamp == config::LogFile::Timestamp::rfc3339,
              .is_prefixed = log.has_prefix},
             files.at(path, log)),
        child(sink.open_for_child()) {}

  void write(std::string_view text) const {
    REQUIRE(::write(child.get(), text.data(), text.size()) == static_cast<ssize_t>(text.size()));
  }
  void say(std::string_view text) {
    write(text);
    sink.take();
  }

  TempDir pipe_folder;
  LogFiles files;
  LogSink sink;
  UniqueFd child;
};

// While it lives, no file of this process can grow beyond `size`: as on a full disk.
class Full {
 public:
  explicit Full(std::uint64_t size) {
    ::getrlimit(RLIMIT_FSIZE, &before_);
    auto small = before_;
    small.rlim_cur = size;
    ::signal(SIGXFSZ, SIG_IGN);
    ::setrlimit(RLIMIT_FSIZE, &small);
  }
  ~Full() {
    ::setrlimit(RLIMIT_FSIZE, &before_);
    ::signal(SIGXFSZ, SIG_DFL);
  }

 private:
  rlimit before_{};
};

}  // namespace

TEST_CASE("log_sink: what a child writes stands in the file, binary too; folders are made") {
  const TempDir folder;
  const auto path = folder / "log/deep/one.log";
  const std::string text("a\0b\xff\n", 5);
  Output(path).say(text);
  CHECK(content_of(path) == text);
  Output(path).sink.take();  // opened again: written on, not cut
  CHECK(content_of(path) == text);
}

TEST_CASE("log_sink: what stands in the pipe when a supervisor dies is taken by the next one") {
  for (const bool is_prefixed : {false, true}) {
    const TempDir folder, pipes;
    const auto path = folder / "one.log";
    const LogSinkOptions options{
        .pipe = pipes / "one.0", .name = "one", .is_prefixed = is_prefixed};
    LogFiles files;
    UniqueFd child;
    {
      LogSink first(options, files.at(path, {}));
      child = first.open_for_child();
      REQUIRE(::write(child.get(), "1\n2", 3) == 3);
    }
    REQUIRE(::write(child.get(), "3\n", 2) == 2);  // nobody reads, and it gets no SIGPIPE
    LogSink second(options, files.at(path, {}));
    second.take();
    CHECK(content_of(path) == (is_prefixed ? "one: 1\none: 23\n" : "1\n23\n"));
    second.remove();
    CHECK_FALSE(std::filesystem::exists(options.pipe));
  }
}

TEST_CASE("log_sink: the file turns over by size, the oldest falls off, no line is lost") {
  const TempDir folder;
  const auto path = folder / "one.log";
  Output output(path, {.max_size = Bytes(100), .keep = 2});
  std::string said;
  for (int i = 0; i < 10; ++i) {
    const auto line = "line " + std::to_string(i) + std::string(30, '.') + "\n";
    output.say(line);
    said += line;
  }
  const auto kept = content_of(path + ".2") + content_of(path + ".1") + content_of(path);
  CHECK(said.ends_with(kept));
  CHECK(kept.size() > 100);
  CHECK_FALSE(std::filesystem::exists(path + ".3"));
  CHECK(std::filesystem::file_size(path) <= 100);
}

TEST_CASE("log_sink: timestamps stand before each line, once, also for lines in pieces") {
  const TempDir folder;
  const auto path = folder / "one.log";
  Output output(path, {.timestamp = config::LogFile::Timestamp::rfc3339, .has_prefix = true});
  output.say("first half, ");
  output.say("second half\nnext\n");
  const auto text = content_of(path);
  CHECK(text.find("Z one:0: first half, second half\n2") != std::string::npos);
  CHECK(text.ends_with("Z one:0: next\n"));
}

TEST_CASE("log_sink: two sinks of one file share it, and it turns over once") {
  const TempDir folder, pipes;
  const auto path = folder / "one.log";
  LogFiles files;
  const config::LogFile log{.max_size = Bytes(10), .keep = 3};
  LogSink one({.pipe = pipes / "1"}, files.at(path, log));
  LogSink two({.pipe = pipes / "2"}, files.at(path, log));
  for (auto* const sink : {&one, &two}) {
    const auto child = sink->open_for_child();
    REQUIRE(::write(child.get(), "12345678\n", 9) == 9);
    sink->take();
  }
  CHECK(content_of(path) == "12345678\n");
  CHECK(content_of(path + ".1") == "12345678\n");
  CHECK_FALSE(std::filesystem::exists(path + ".2"));
}

TEST_CASE("log_sink: a file that takes nothing drops and counts, and is never turned over") {
  // /dev/full answers every write with ENOSPC (full(4)).
  for (const bool is_prefixed : {false, true}) {
    Output output("/dev/full", {.max_size = Bytes(1), .has_prefix = is_prefixed});
    output.say("lost\n");
    output.say("lost too\n");
    CHECK(output.sink.dropped() == 14);
  }
  CHECK(std::filesystem::is_character_file("/dev/full"));
}

TEST_CASE(
    "log_sink: a full disk costs what was said meanwhile; the file says how much, then goes on") {
  for (const bool is_prefixed : {false, true}) {
    const TempDir folder;
    const auto path = folder / "one.log";
    Output output(path, {.has_prefix = is_prefixed});
    const std::string head = is_prefixed ? "one:0: " : "";
    output.say("before\n");
    {
      const Full disk(std::filesystem::file_size(path));
      output.say("lost\n");
      output.say("lost too\n");
      CHECK(content_of(path) == head + "before\n");  // no part of a note either
    }
    output.say("after\n");
    CHECK(output.sink.dropped() == 14);
    CHECK(content_of(path) ==
          head + "before\ndaemonz: 14 bytes of output were lost here\n" + head + "after\n");
  }
}

TEST_CASE("log_sink: an unwritable place is an error that names the file") {
  CHECK_THROWS_AS(Output("/proc/no/such.log"), Error);
}

TEST_CASE("log_sink: the last lines of a run are its own, not an earlier run's") {
  const TempDir folder;
  Output output(folder / "one.log");
  output.say("old\n");
  const auto offset = output.sink.offset();
  output.say("1\n2\n3\n");
  CHECK(output.sink.last_lines(offset, 10) == "1\n2\n3\n");
  CHECK(output.sink.last_lines(offset, 2) == "2\n3\n");
  CHECK(output.sink.last_lines(0, 10) == "old\n1\n2\n3\n");
  CHECK(last_lines_of(folder / "absent.log", 0, 3).empty());
}

TEST_CASE("log_sink: a file that was renamed or removed is opened anew, an emptied one goes on") {
  const TempDir folder;
  const auto path = folder / "one.log";
  Output output(path);
  output.say("1\n");
  std::filesystem::rename(path, path + ".old");
  output.say("2\n");
  CHECK(content_of(path + ".old") == "1\n");
  CHECK(content_of(path) == "2\n");
  std::filesystem::remove(path);
  output.say("3\n");
  CHECK(content_of(path) == "3\n");
  std::filesystem::resize_file(path, 0);
  output.say("4\n");
  CHECK(content_of(path) == "4\n");
  CHECK(output.sink.offset() == 2);
}

TEST_CASE("log_sink: the last lines are as many as asked for, within the size that is asked for") {
  const TempDir folder;
  const auto path = folder / "one.log";
  std::ofstream(path) << std::string(100'000, 'x') << "\nlast\n";
  CHECK(last_lines_of(path, 0, 0).empty());
  CHECK(last_lines_of(path, 0, 1) == "last\n");
  CHECK(last_lines_of(path, 0, 2).size() == tail_max.count);
  CHECK(last_lines_of(path, 0, 2, mebibytes(1)).size() == 100'006);
}
