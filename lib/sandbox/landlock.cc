#include "sandbox/landlock.h"

#include <fcntl.h>
#include <linux/landlock.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cstdint>

#include "base/error.h"

namespace daemonz::sandbox {
namespace {

// Debian 12's header ends at version 1 or 2 of the interface; these are the later additions.
struct RulesetAttributes {
  std::uint64_t files;
  std::uint64_t network;  // version 4
  std::uint64_t scoped;   // version 6
};
constexpr std::uint64_t refer = 1ULL << 13;                // version 2
constexpr std::uint64_t truncate_file = 1ULL << 14;        // version 3
constexpr std::uint64_t ioctl_device = 1ULL << 15;         // version 5
constexpr std::uint64_t bind_and_connect_tcp = 3;          // version 4
constexpr std::uint64_t abstract_sockets_and_signals = 3;  // version 6

constexpr std::uint64_t reading =
    LANDLOCK_ACCESS_FS_EXECUTE | LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR;
constexpr std::uint64_t writing = (LANDLOCK_ACCESS_FS_MAKE_SYM << 1) - 1;  // all of version 1
constexpr std::uint64_t devices = LANDLOCK_ACCESS_FS_MAKE_CHAR | LANDLOCK_ACCESS_FS_MAKE_BLOCK;

void allow(int ruleset, const char* folder, std::uint64_t accesses) {
  const UniqueFd fd(::open(folder, O_PATH | O_CLOEXEC));
  if (!fd.is_open()) throw_errno("landlock");
  landlock_path_beneath_attr rule{};
  rule.allowed_access = accesses;
  rule.parent_fd = fd.get();
  if (::syscall(SYS_landlock_add_rule, ruleset, LANDLOCK_RULE_PATH_BENEATH, &rule, 0U) != 0)
    throw_errno("landlock");
}

}  // namespace

UniqueFd build_landlock_ruleset() {
  const auto version = ::syscall(SYS_landlock_create_ruleset, nullptr, std::size_t{0},
                                 LANDLOCK_CREATE_RULESET_VERSION);
  if (version < 1) throw_errno("landlock");
  std::uint64_t later = 0;
  if (version >= 2) later |= refer;
  if (version >= 3) later |= truncate_file;
  if (version >= 5) later |= ioctl_device;
  RulesetAttributes attributes{};
  attributes.files = writing | later;
  if (version >= 4) attributes.network = bind_and_connect_tcp;
  if (version >= 6) attributes.scoped = abstract_sockets_and_signals;
  // A kernel before version 4 or 6 wants the shorter structure.
  const std::size_t size = version >= 6 ? 24 : version >= 4 ? 16 : 8;
  UniqueFd ruleset(static_cast<int>(::syscall(SYS_landlock_create_ruleset, &attributes, size, 0U)));
  if (!ruleset.is_open()) throw_errno("landlock");
  allow(ruleset.get(), "/", reading);
  allow(ruleset.get(), "/dev", LANDLOCK_ACCESS_FS_WRITE_FILE | (later & truncate_file));
  for (const char* folder : {"/box", "/tmp"})
    allow(ruleset.get(), folder, (writing | later) & ~(devices | ioctl_device));
  return ruleset;
}

}  // namespace daemonz::sandbox
