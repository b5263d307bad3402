// The few system calls of the keeper that glibc 2.36 has no function for, and small file verbs.
// Failures throw Error whose `what` is the stage that a result names (XX: stage, errno).
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/unique_fd.h"

namespace daemonz::sandbox {

/// The stack of a child that shares this process's memory; below it nothing is mapped. Owns it.
/// Threads: one.
class ChildStack {
 public:
  ChildStack();  // throws Error "stack of init"
  [[nodiscard]] void* top() const noexcept { return memory_.get() + size; }

 private:
  static constexpr std::size_t size = 256 * 1024;
  struct Unmap {
    void operator()(std::byte* memory) const noexcept;
  };
  std::unique_ptr<std::byte, Unmap> memory_;
};

struct Spawned {
  pid_t pid = -1;
  UniqueFd pidfd;
};

/// A child in new namespaces (CLONE_NEW*) that runs body(argument) on `stack` and shares this
/// process's memory, but not its descriptors. Throws Error "clone". clone(2).
[[nodiscard]] Spawned clone_process(std::uint64_t namespaces, int (*body)(void*), void* argument,
                                    const ChildStack& stack);

/// Writes all of `text` in one write(2), as the files of /proc and cgroups want it.
/// Throws Error{stage}.
void write_file(int folder, const char* path, std::string_view text, const char* stage);

/// The first 4 KiB of a file of /proc or a cgroup. nullopt: errno says why.
[[nodiscard]] std::optional<std::string> read_small_file(int folder, const char* path);

/// Copies `size` bytes from the start of `from` (whose offset does not move) to where `to` stands.
/// Throws Error{stage}. sendfile(2).
void copy_bytes(int from, int to, std::uint64_t size, const char* stage);

/// A memfd that nobody can change any more. Throws Error{stage}. memfd_create(2), fcntl(2).
[[nodiscard]] UniqueFd sealed_copy(int from, std::uint64_t size, const char* name,
                                   const char* stage);
[[nodiscard]] bool is_sealed(int fd);

}  // namespace daemonz::sandbox
