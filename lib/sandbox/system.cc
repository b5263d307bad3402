#include "sandbox/system.h"

#include <fcntl.h>
#include <linux/sched.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>

#include "base/error.h"

#ifndef MFD_EXEC
#define MFD_EXEC 0x0010U  // linux/memfd.h since 6.3: says that the file is meant to be executed
#endif

namespace daemonz::sandbox {
namespace {

constexpr int seals = F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE;

UniqueFd executable_memfd(const char* name, const char* stage) {
  int fd = ::memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING | MFD_EXEC);
  if (fd < 0 && errno == EINVAL) fd = ::memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING);
  if (fd < 0) throw_errno(stage);
  return UniqueFd(fd);
}

}  // namespace

Spawned clone_process(std::uint64_t namespaces) {
  int pidfd = -1;
  clone_args arguments{};
  arguments.flags = namespaces | CLONE_PIDFD;
  arguments.pidfd = reinterpret_cast<std::uintptr_t>(&pidfd);
  arguments.exit_signal = SIGCHLD;
  const auto pid = ::syscall(SYS_clone3, &arguments, sizeof arguments);
  if (pid < 0) throw_errno("clone3");
  return {.pid = static_cast<pid_t>(pid), .pidfd = UniqueFd(pid > 0 ? pidfd : -1)};
}

void write_file(int folder, const char* path, std::string_view text, const char* stage) {
  const UniqueFd file(::openat(folder, path, O_WRONLY | O_CLOEXEC));
  if (!file.is_open()) throw_errno(stage);
  if (::write(file.get(), text.data(), text.size()) != static_cast<ssize_t>(text.size()))
    throw_errno(stage);
}

std::optional<std::string> read_small_file(int folder, const char* path) {
  const UniqueFd file(::openat(folder, path, O_RDONLY | O_CLOEXEC));
  if (!file.is_open()) return std::nullopt;
  char text[4096];
  const auto size = ::read(file.get(), text, sizeof text);
  if (size < 0) return std::nullopt;
  return std::string(text, static_cast<std::size_t>(size));
}

void copy_bytes(int from, int to, std::uint64_t size, const char* stage) {
  off_t offset = 0;
  while (size > 0) {
    const auto copied = ::sendfile(to, from, &offset, std::min<std::uint64_t>(size, 1U << 30));
    if (copied < 0) throw_errno(stage);
    if (copied == 0) return;  // the file became shorter: what there was is there
    size -= static_cast<std::uint64_t>(copied);
  }
}

UniqueFd sealed_copy(int from, std::uint64_t size, const char* name, const char* stage) {
  auto copy = executable_memfd(name, stage);
  copy_bytes(from, copy.get(), size, stage);
  if (::fcntl(copy.get(), F_ADD_SEALS, seals) != 0) throw_errno(stage);
  if (::lseek(copy.get(), 0, SEEK_SET) != 0) throw_errno(stage);
  return copy;
}

bool is_sealed(int fd) {
  const int found = ::fcntl(fd, F_GET_SEALS);
  return found >= 0 && (found & seals) == seals;
}

}  // namespace daemonz::sandbox
