#include "sandbox/unconfined.h"

#include <fcntl.h>
#include <grp.h>
#include <poll.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <sstream>

#include "base/error.h"

namespace daemonz::tests {
namespace {

// Of nobody else: beside the sandbox's own users (keeper.cc), which end at 1'900'004'096.
constexpr unsigned first_owner_of_nothing = 1'950'000'000;
constexpr int patience_ms = 10'000;
constexpr unsigned processes_max = 400;  // a probe may start hundreds, the machine stays usable

unsigned owner_of_nothing() {
  return first_owner_of_nothing + static_cast<unsigned>(::getpid() % 1'000'000);
}

/// Never returns. Only calls that are allowed after a fork.
[[noreturn]] void become_unconfined(int image, int output, char** argv) {
  const auto owner = owner_of_nothing();
  const rlimit processes{processes_max, processes_max};
  ::setsid();
  ::dup2(::open("/dev/null", O_RDONLY), 0);
  ::dup2(output, 1);
  ::dup2(output, 2);
  if (::chdir("/tmp") != 0 || ::setrlimit(RLIMIT_NPROC, &processes) != 0 ||
      ::setgroups(0, nullptr) != 0 || ::setresgid(owner, owner, owner) != 0 ||
      ::setresuid(owner, owner, owner) != 0)
    ::_exit(126);
  ::syscall(SYS_execveat, image, "", argv, environ, AT_EMPTY_PATH);
  ::_exit(127);
}

/// All that its user has left: processes in sessions of their own.
void end_all_of_owner() {
  const auto child = ::fork();
  if (child == 0) {
    const auto owner = owner_of_nothing();
    if (::setresuid(owner, owner, owner) != 0) ::_exit(1);
    ::kill(-1, SIGKILL);  // whom this user may signal: its own, and nobody else
    ::_exit(0);
  }
  ::waitpid(child, nullptr, 0);
}

std::string read_until_end(int pipe) {
  std::string text;
  char part[4096];
  pollfd wait{pipe, POLLIN, 0};
  while (::poll(&wait, 1, patience_ms) > 0) {
    const auto size = ::read(pipe, part, sizeof part);
    if (size <= 0) break;
    text.append(part, static_cast<std::size_t>(size));
  }
  return text;
}

}  // namespace

std::vector<std::string> unconfined_escapes(const UniqueFd& image, const std::string& name,
                                            std::vector<std::string> arguments) {
  if (::geteuid() != 0)
    throw Error(ErrorText{.what = "a program without a box is run by root alone, as another user",
                          .hint = "Run this as root"});
  arguments[0] = name;
  std::vector<char*> argv;
  for (auto& argument : arguments) argv.push_back(argument.data());
  argv.push_back(nullptr);
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) throw_errno("pipe");
  const UniqueFd from(ends[0]);
  UniqueFd to(ends[1]);
  const auto child = ::fork();
  if (child == 0) become_unconfined(image.get(), to.get(), argv.data());
  if (child < 0) throw_errno("fork");
  to.reset();
  std::istringstream lines(read_until_end(from.get()));
  ::kill(child, SIGKILL);  // ours, not yet waited for
  ::waitpid(child, nullptr, 0);
  end_all_of_owner();
  std::vector<std::string> escapes;
  for (std::string line; std::getline(lines, line);)
    if (line.starts_with("ESCAPE")) escapes.push_back(line);
  return escapes;
}

}  // namespace daemonz::tests
