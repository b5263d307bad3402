#include "supervisor/own_log.h"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "base/error.h"
#include "base/log.h"
#include "base/unique_fd.h"
#include "support/temp_dir.h"

using namespace daemonz;

namespace {

// While it lives, stderr is the given descriptor and the log is what the test makes it.
class Stderr {
 public:
  explicit Stderr(int fd) : before_(::fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 0)) {
    ::dup2(fd, STDERR_FILENO);
  }
  ~Stderr() {
    ::dup2(before_.get(), STDERR_FILENO);
    log::to_function(nullptr);
  }

 private:
  UniqueFd before_;
};

std::string read_all(int fd) {
  std::string text(1 << 20, '\0');
  const auto size = ::read(fd, text.data(), text.size());
  text.resize(size > 0 ? static_cast<std::size_t>(size) : 0);
  return text;
}

}  // namespace

TEST_CASE("own_log: a stderr whose reader has stopped is not waited for, and says what was lost") {
  int ends[2];
  REQUIRE(::pipe2(ends, O_CLOEXEC) == 0);
  const UniqueFd reading(ends[0]), writing(ends[1]);
  ::fcntl(reading.get(), F_SETFL, O_NONBLOCK);
  const Stderr here(writing.get());
  supervisor::log_to_stderr();
  for (int i = 0; i < 2000; ++i) log::info("test", "a line", {{"text", std::string(100, 'x')}});
  const auto first = read_all(reading.get());
  CHECK(first.size() > 60'000);
  CHECK(first.find("were lost") == std::string::npos);
  log::info("test", "the reader is back");
  const auto text = read_all(reading.get());
  CHECK(text.find(" bytes of this log were lost here\n") != std::string::npos);
  CHECK(text.ends_with("info test: the reader is back\n"));
}

TEST_CASE(
    "own_log: a file turns over by size, is followed by name, and a full disk stops nothing") {
  const tests::TempDir folder;
  const auto path = folder / "log/daemonz.log";
  const Stderr here(STDERR_FILENO);
  supervisor::log_to_file(path);
  const std::string text(1000, 'x');
  for (int i = 0; i < 20'000; ++i) log::info("test", "a line", {{"text", text}});
  CHECK(std::filesystem::exists(path + ".1"));
  CHECK(std::filesystem::file_size(path) <= 16 << 20);
  std::filesystem::remove(path);
  log::info("test", "here again");
  std::ifstream file(path);
  std::string line;
  std::getline(file, line);
  CHECK(line.ends_with("info test: here again"));
  supervisor::log_to_file("/dev/full");
  log::info("test", "lost");
  CHECK_THROWS_AS(supervisor::log_to_file("/proc/no/such.log"), Error);
}
