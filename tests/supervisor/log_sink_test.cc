#include "supervisor/log_sink.h"

#include <doctest/doctest.h>
#include <sys/stat.h>
#include <unistd.h>

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

void say(LogSink& sink, const std::string& text) {
  REQUIRE(::write(sink.write_end(), text.data(), text.size()) == static_cast<ssize_t>(text.size()));
  sink.take();
}

}  // namespace

TEST_CASE("log_sink: what a child writes stands in the file, binary too; folders are made") {
  const TempDir folder;
  const auto path = folder / "log/deep/one.log";
  LogSink sink(path, {});
  const std::string text("a\0b\xff\n", 5);
  say(sink, text);
  CHECK(content_of(path) == text);
  LogSink(path, {}).take();  // opened again: appended to, not cut
  CHECK(content_of(path) == text);
}

TEST_CASE("log_sink: the file turns over by size, the oldest falls off, no line is lost") {
  const TempDir folder;
  const auto path = folder / "one.log";
  LogSink sink(path, {.max_size = Bytes(100), .keep = 2});
  std::string said;
  for (int i = 0; i < 10; ++i) {
    const auto line = "line " + std::to_string(i) + std::string(30, '.') + "\n";
    say(sink, line);
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
  LogSink sink(path, {.timestamp = config::LogFile::Timestamp::rfc3339});
  say(sink, "first half, ");
  say(sink, "second half\nnext\n");
  const auto text = content_of(path);
  CHECK(text.find("Z first half, second half\n2") != std::string::npos);
  CHECK(text.ends_with("Z next\n"));
}

TEST_CASE("log_sink: a full disk drops and counts, and says so when there is room again") {
  // /dev/full answers every write with ENOSPC (full(4)).
  LogSink sink("/dev/full", {.max_size = Bytes(0)});
  say(sink, "lost\n");
  say(sink, "lost too\n");
  CHECK(sink.dropped() == 14);
}

TEST_CASE("log_sink: an unwritable place is an error that names the file") {
  CHECK_THROWS_AS(LogSink("/proc/no/such.log", {}), Error);
}

TEST_CASE("log_sink: the last lines of a run are its own, not an earlier run's") {
  const TempDir folder;
  LogSink sink(folder / "one.log", {});
  say(sink, "old\n");
  const auto offset = sink.offset();
  say(sink, "1\n2\n3\n");
  CHECK(sink.last_lines(offset, 10) == "1\n2\n3\n");
  CHECK(sink.last_lines(offset, 2) == "2\n3\n");
  CHECK(sink.last_lines(0, 10) == "old\n1\n2\n3\n");
  CHECK(last_lines_of(folder / "absent.log", 0, 3).empty());
}

TEST_CASE("log_sink: a file that was renamed or removed is opened anew, an emptied one goes on") {
  const TempDir folder;
  const auto path = folder / "one.log";
  LogSink sink(path, {});
  say(sink, "1\n");
  std::filesystem::rename(path, path + ".old");
  say(sink, "2\n");
  CHECK(content_of(path + ".old") == "1\n");
  CHECK(content_of(path) == "2\n");
  std::filesystem::remove(path);
  say(sink, "3\n");
  CHECK(content_of(path) == "3\n");
  std::filesystem::resize_file(path, 0);
  say(sink, "4\n");
  CHECK(content_of(path) == "4\n");
  CHECK(sink.offset() == 2);
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
