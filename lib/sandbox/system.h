// The few system calls of the keeper that glibc 2.36 has no function for, and small file verbs.
// Failures throw Error whose `what` is the stage that a result names (XX: stage, errno).
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/unique_fd.h"

namespace daemonz::sandbox {

struct Spawned {
  pid_t pid = -1;  ///< 0: this is the child
  UniqueFd pidfd;
};

/// fork() into new namespaces (CLONE_NEW*). Throws Error "clone3". clone(2).
[[nodiscard]] Spawned clone_process(std::uint64_t namespaces);

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
