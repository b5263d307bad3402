#include "supervisor/followed_log.h"

#include <doctest/doctest.h>

#include <filesystem>
#include <fstream>

#include "support/temp_dir.h"

using namespace daemonz;
using namespace daemonz::supervisor;
using daemonz::tests::TempDir;

namespace {

class Log {
 public:
  void write(const std::string& text) const { std::ofstream(path, std::ios::app) << text; }
  // As a sink does it: log.1 becomes log.2, log becomes log.1.
  void turn(int keep = 9) const {
    for (int number = keep - 1; number >= 1; --number)
      if (std::filesystem::exists(name_of(number)))
        std::filesystem::rename(name_of(number), name_of(number + 1));
    if (keep > 0)
      std::filesystem::rename(path, name_of(1));
    else
      std::filesystem::remove(path);
    write("");
  }
  [[nodiscard]] std::string name_of(int number) const {
    return path + "." + std::to_string(number);
  }

  TempDir folder;
  std::string path = folder / "one.log";
};

std::string taken(FollowedLog& log, bool is_whole = true) {
  std::string text;
  CHECK(log.take([&text](std::string_view piece) { text += piece; }) == is_whole);
  return text;
}

}  // namespace

TEST_CASE("followed_log: each line is shown once, across turns, also several between two looks") {
  const Log log;
  log.write("0\n1\n");
  FollowedLog followed(log.path);
  CHECK(taken(followed).empty());
  log.write("2\n");
  CHECK(taken(followed) == "2\n");
  log.write("3\n");
  log.turn();
  log.write("4\n");
  CHECK(taken(followed) == "3\n4\n");
  std::string said;
  for (int i = 5; i < 10; ++i) {
    log.write(std::to_string(i) + "\n");
    said += std::to_string(i) + "\n";
    log.turn();
  }
  CHECK(taken(followed) == said);
  CHECK(taken(followed).empty());
  log.write("10\n");
  CHECK(taken(followed) == "10\n");
}

TEST_CASE("followed_log: more turns than are kept are told, and what is kept is shown") {
  const Log log;
  log.write("0\n");
  FollowedLog followed(log.path);
  for (int i = 1; i < 6; ++i) {
    log.turn(2);
    log.write(std::to_string(i) + "\n");
  }
  CHECK(taken(followed, false) == "3\n4\n5\n");
  CHECK(taken(followed).empty());
}

TEST_CASE("followed_log: a file that is removed, renamed, emptied or not there yet") {
  const Log log;
  FollowedLog followed(log.path);
  CHECK(taken(followed).empty());
  log.write("1\n");
  CHECK(taken(followed) == "1\n");
  log.write("2\n");
  std::filesystem::remove(log.path);
  CHECK(taken(followed) == "2\n");
  log.write("3\n");
  CHECK(taken(followed) == "3\n");
  std::filesystem::rename(log.path, log.path + "-20261127");  // as logrotate with dateext
  CHECK(taken(followed).empty());
  log.write("4\n");
  CHECK(taken(followed) == "4\n");
  std::filesystem::resize_file(log.path, 0);
  CHECK(taken(followed).empty());
  log.write("5\n");
  CHECK(taken(followed) == "5\n");
  log.turn(0);
  log.write("6\n");
  CHECK(taken(followed) == "6\n");
}

TEST_CASE("followed_log: the last lines come from turned files too, and none comes twice") {
  const Log log;
  for (int i = 0; i < 6; ++i) {
    log.write(std::to_string(i) + "\n");
    if (i % 2 == 1 && i < 5) log.turn();
  }
  FollowedLog followed(log.path);
  CHECK(followed.last_lines(1) == "5\n");
  CHECK(followed.last_lines(3) == "3\n4\n5\n");
  CHECK(followed.last_lines(100) == "0\n1\n2\n3\n4\n5\n");
  log.write("6\n");
  CHECK(followed.last_lines(2) == "4\n5\n");
  CHECK(taken(followed) == "6\n");
  CHECK(FollowedLog("/dev/full").last_lines(3).empty());
}
