#include "sandbox/system.h"

#include <fcntl.h>
#include <sched.h>
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

constexpr std::size_t guard = 4096;  // whoever outgrows the stack hits it
constexpr int seals = F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE;

UniqueFd executable_memfd(const char* name, const char* stage) {
  int fd = ::memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING | MFD_EXEC);
  if (fd < 0 && errno == EINVAL) fd = ::memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING);
  if (fd < 0) throw_errno(stage);
  return UniqueFd(fd);
}

}  // namespace

ChildStack::ChildStack() {
  void* const memory = ::mmap(nullptr, size, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) throw_errno("stack of init");
  memory_.reset(static_cast<std::byte*>(memory));
  if (::mprotect(memory_.get() + guard, size - guard, PROT_READ | PROT_WRITE) != 0)
    throw_errno("stack of init");
}

void ChildStack::Unmap::operator()(std::byte* memory) const noexcept { ::munmap(memory, size); }

Spawned clone_process(std::uint64_t namespaces, int (*body)(void*), void* argument,
                      const ChildStack& stack) {
  int pidfd = -1;
  const auto flags = static_cast<int>(namespaces | CLONE_PIDFD | SIGCHLD);
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
  const int pid = ::clone(body, stack.top(), flags | CLONE_VM, argument, &pidfd);
#else  // a sanitizer does not know of two processes in one memory: a copy, as fork(2) makes it
  static_cast<void>(stack);
  const auto pid = static_cast<pid_t>(::syscall(SYS_clone, flags, nullptr, &pidfd, nullptr, 0));
  if (pid == 0) ::_exit(body(argument));
#endif
  if (pid < 0) throw_errno("clone");
  return {.pid = pid, .pidfd = UniqueFd(pidfd)};
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
