// A real slot of a test's own, and verbs that read as the test does.
#pragma once

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <doctest/doctest.h>

#include <fstream>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "sandbox/run.h"
#include "support/places.h"
#include "support/temp_dir.h"

namespace daemonz::tests {

/// A slot that no other installation uses.
struct SlotFixture {
  TempDir folder;
  sandbox::SlotOptions options{.number = 500 + ::getpid() % 400, .state_folder = folder / "state"};
  std::unique_ptr<sandbox::Slot> slot = sandbox::Slot::open(options);
  UniqueFd output{::memfd_create("output", MFD_CLOEXEC)};
  UniqueFd errors{::memfd_create("errors", MFD_CLOEXEC)};

  static UniqueFd open_file(const std::string& path) {
    UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    REQUIRE_MESSAGE(fd.is_open(), path);
    return fd;
  }
  sandbox::Program command(std::vector<std::string> argv) const {
    sandbox::Program program;
    program.argv = std::move(argv);
    program.stdout_fd = output.get();
    program.stderr_fd = errors.get();
    return program;
  }
  sandbox::Program hostile(const std::string& name) const {
    auto program = command({name});
    program.image = open_file(program_path("programs/" + name));
    return program;
  }
  sandbox::Program shell(const std::string& script) const { return command({"sh", "-c", script}); }
  sandbox::Result run(const sandbox::Program& program) { return slot->run(program); }
  static std::string text_of(const UniqueFd& fd) {
    std::string text(static_cast<std::size_t>(::lseek(fd.get(), 0, SEEK_END)), '\0');
    REQUIRE(::pread(fd.get(), text.data(), text.size(), 0) == static_cast<ssize_t>(text.size()));
    return text;
  }
  /// The children of the thread that opened the slot: its keeper, then a pair's.
  static std::vector<pid_t> keepers() {
    std::ifstream children("/proc/self/task/" + std::to_string(::getpid()) + "/children");
    std::vector<pid_t> pids;
    for (pid_t one = 0; children >> one;) pids.push_back(one);
    return pids;
  }
  static pid_t keeper() { return keepers().back(); }
};

}  // namespace daemonz::tests
