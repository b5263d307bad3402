// The filter as the kernel reads it: its program is run here on calls made up for it. What real
// programs meet is shown by tests/programs.
#include "sandbox/filter.h"

#include <asm/ioctls.h>
#include <linux/audit.h>
#include <linux/sched.h>
#include <linux/seccomp.h>
#include <sys/socket.h>
#include <sys/syscall.h>

#include <cerrno>
#include <cstring>

#include <doctest/doctest.h>

using namespace daemonz::sandbox;

namespace {

constexpr std::uint32_t allowed = SECCOMP_RET_ALLOW;
constexpr std::uint32_t killed = SECCOMP_RET_KILL_PROCESS;
constexpr std::uint32_t refused(std::uint32_t error) { return SECCOMP_RET_ERRNO | error; }
constexpr std::uint64_t high_bits = 0xabcd'0000'0000'0000;  // the kernel does not look at them

#if defined(__x86_64__)
constexpr std::uint32_t native = AUDIT_ARCH_X86_64;
#else
constexpr std::uint32_t native = AUDIT_ARCH_AARCH64;
#endif

std::uint32_t answer_of(const std::vector<sock_filter>& filter, const seccomp_data& call) {
  std::uint32_t value = 0;
  for (std::size_t next = 0; next < filter.size();) {
    const auto& one = filter[next++];
    switch (one.code) {
      case BPF_LD | BPF_W | BPF_ABS:
        REQUIRE(one.k + sizeof value <= sizeof call);
        std::memcpy(&value, reinterpret_cast<const char*>(&call) + one.k, sizeof value);
        break;
      case BPF_JMP | BPF_JEQ | BPF_K: next += value == one.k ? one.jt : one.jf; break;
      case BPF_JMP | BPF_JGE | BPF_K: next += value >= one.k ? one.jt : one.jf; break;
      case BPF_JMP | BPF_JSET | BPF_K: next += (value & one.k) != 0 ? one.jt : one.jf; break;
      case BPF_RET | BPF_K: return one.k;
      default: FAIL("an instruction that the kernel may know, but not this test: ", one.code);
    }
  }
  FAIL("ran out of the program");
  return 0;
}

std::uint32_t answer_of(const std::vector<sock_filter>& filter, long number,
                        std::uint64_t first = 0, std::uint64_t second = 0) {
  seccomp_data call{};
  call.nr = static_cast<int>(number);
  call.arch = native;
  call.args[0] = first;
  call.args[1] = second;
  return answer_of(filter, call);
}

}  // namespace

TEST_CASE("sandbox: the filter refuses calls by number, and those between them are allowed") {
  const auto filter = build_filter(LimitMode::v2);
  for (const long call : {SYS_ptrace, SYS_mount, SYS_setns, SYS_bpf, SYS_keyctl, SYS_mlockall,
                          SYS_kexec_file_load, SYS_process_mrelease})
    CHECK(answer_of(filter, call) == refused(EPERM));
  for (const long call : {SYS_io_uring_setup, SYS_io_uring_register, SYS_clone3, SYS_memfd_secret})
    CHECK(answer_of(filter, call) == refused(ENOSYS));
  for (const long call : {SYS_read, SYS_execve, SYS_mmap, SYS_openat, SYS_futex, SYS_memfd_create,
                          SYS_shmget, SYS_sched_yield, SYS_set_mempolicy_home_node})
    CHECK(answer_of(filter, call) == allowed);
}

TEST_CASE("sandbox: the filter answers ENOSYS to calls that nobody has judged") {
  const auto filter = build_filter(LimitMode::v2);
  for (const long call : {451L, 1000L, 0x3fffffffL})
    CHECK(answer_of(filter, call) == refused(ENOSYS));
}

TEST_CASE("sandbox: the filter kills who speaks another architecture's language") {
  const auto filter = build_filter(LimitMode::v2);
  for (const long call : {0x40000000L, 0x40000000L + SYS_read, 0xffffffffL})
    CHECK(answer_of(filter, call) == killed);
  for (const std::uint32_t architecture : {AUDIT_ARCH_I386 + 0U, AUDIT_ARCH_ARM + 0U, 0U}) {
    seccomp_data call{};
    call.nr = SYS_read;
    call.arch = architecture;
    CHECK(answer_of(filter, call) == killed);
  }
}

TEST_CASE("sandbox: the filter looks at the arguments that the kernel looks at") {
  const auto filter = build_filter(LimitMode::v2);
  for (const long call : {SYS_clone, SYS_unshare}) {
    for (const std::uint64_t flag : {CLONE_NEWUSER, CLONE_NEWNS, CLONE_NEWPID, CLONE_NEWNET,
                                     CLONE_NEWIPC, CLONE_NEWUTS, CLONE_NEWCGROUP})
      CHECK(answer_of(filter, call, flag | CLONE_VM | high_bits) == refused(EPERM));
    CHECK(answer_of(filter, call, CLONE_VM | CLONE_FILES | CLONE_THREAD | high_bits) == allowed);
  }
  for (const long call : {SYS_socket, SYS_socketpair})
    for (std::uint64_t family = 0; family < 64; ++family)
      CHECK(answer_of(filter, call, family | high_bits) ==
            (family == AF_UNIX || family == AF_INET || family == AF_INET6 ? allowed
                                                                          : refused(EAFNOSUPPORT)));
  CHECK(answer_of(filter, SYS_ioctl, TIOCSTI, TCGETS) == allowed);
  CHECK(answer_of(filter, SYS_ioctl, 0, TIOCSTI | high_bits) == refused(EPERM));
  CHECK(answer_of(filter, SYS_ioctl, 0, TIOCLINUX | high_bits) == refused(EPERM));
  CHECK(answer_of(filter, SYS_prlimit64, high_bits) == allowed);
  CHECK(answer_of(filter, SYS_prlimit64, 1) == refused(EPERM));
  CHECK(answer_of(filter, SYS_personality, 0xffffffff) == allowed);
  CHECK(answer_of(filter, SYS_personality, 0x0040000) == refused(EPERM));
}

TEST_CASE("sandbox: without control groups the filter refuses memory that nobody counts") {
  const auto filter = build_filter(LimitMode::rlimit);
  for (const long call : {SYS_memfd_create, SYS_shmget, SYS_msgget, SYS_semget})
    CHECK(answer_of(filter, call) == refused(ENOSYS));
  CHECK(answer_of(filter, SYS_mmap) == allowed);
}
