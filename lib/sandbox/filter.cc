#include "sandbox/filter.h"

#include <linux/sched.h>
#include <linux/seccomp.h>
#include <seccomp.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstddef>
#include <memory>

#include "base/error.h"
#include "base/unique_fd.h"
#include "sandbox/layers.h"

namespace daemonz::sandbox {
namespace {

// Numbers above this one were given to calls that nobody here has judged yet: ENOSYS, which is what
// programs expect of an older kernel.
constexpr std::uint32_t last_judged_call = 450;        // set_mempolicy_home_node, Linux 5.17
constexpr std::uint32_t x32_calls_begin = 0x40000000;  // another architecture: killed further down

constexpr int refused_calls[] = {
    // looking into or steering other processes
    SCMP_SYS(ptrace), SCMP_SYS(process_vm_readv), SCMP_SYS(process_vm_writev),
    SCMP_SYS(process_madvise), SCMP_SYS(process_mrelease), SCMP_SYS(pidfd_getfd), SCMP_SYS(kcmp),
    SCMP_SYS(migrate_pages), SCMP_SYS(move_pages),
    // leaving the slot's core, or its class of service
    SCMP_SYS(sched_setaffinity), SCMP_SYS(sched_setattr), SCMP_SYS(sched_setparam),
    SCMP_SYS(sched_setscheduler), SCMP_SYS(ioprio_set),
    // kernel memory that outlives or is shared beyond the run
    SCMP_SYS(add_key), SCMP_SYS(request_key), SCMP_SYS(keyctl),
    // large attack surface that no course program needs
    SCMP_SYS(userfaultfd), SCMP_SYS(bpf), SCMP_SYS(perf_event_open), SCMP_SYS(fanotify_init),
    SCMP_SYS(fanotify_mark), SCMP_SYS(lookup_dcookie), SCMP_SYS(modify_ldt),
    SCMP_SYS(open_by_handle_at), SCMP_SYS(name_to_handle_at), SCMP_SYS(vmsplice),
    // the file system's shape
    SCMP_SYS(mount), SCMP_SYS(umount2), SCMP_SYS(pivot_root), SCMP_SYS(chroot), SCMP_SYS(open_tree),
    SCMP_SYS(move_mount), SCMP_SYS(fsopen), SCMP_SYS(fsconfig), SCMP_SYS(fsmount), SCMP_SYS(fspick),
    SCMP_SYS(mount_setattr), SCMP_SYS(quotactl), SCMP_SYS(quotactl_fd), SCMP_SYS(swapon),
    SCMP_SYS(swapoff),
    // the machine
    SCMP_SYS(init_module), SCMP_SYS(finit_module), SCMP_SYS(delete_module), SCMP_SYS(kexec_load),
    SCMP_SYS(kexec_file_load), SCMP_SYS(reboot), SCMP_SYS(acct), SCMP_SYS(syslog),
    SCMP_SYS(sethostname), SCMP_SYS(setdomainname), SCMP_SYS(iopl), SCMP_SYS(ioperm),
    SCMP_SYS(vhangup), SCMP_SYS(settimeofday), SCMP_SYS(clock_settime), SCMP_SYS(adjtimex),
    SCMP_SYS(clock_adjtime),
    // memory that cannot be reclaimed
    SCMP_SYS(mlock), SCMP_SYS(mlock2), SCMP_SYS(mlockall)};

// ENOSYS: the C library and run times then take another way.
constexpr int absent_calls[] = {SCMP_SYS(io_uring_setup), SCMP_SYS(io_uring_enter),
                                SCMP_SYS(io_uring_register), SCMP_SYS(memfd_secret)};

// Memory that no process maps: without a cgroup nobody counts it. (Files in /tmp are limited.)
constexpr int uncounted_calls[] = {SCMP_SYS(memfd_create), SCMP_SYS(shmget), SCMP_SYS(msgget),
                                   SCMP_SYS(semget)};

constexpr std::uint64_t namespace_flags[] = {CLONE_NEWNS,  CLONE_NEWCGROUP, CLONE_NEWUTS,
                                             CLONE_NEWIPC, CLONE_NEWPID,    CLONE_NEWNET};

struct Release {
  void operator()(void* filter) const { seccomp_release(filter); }
};
using Filter = std::unique_ptr<void, Release>;

void check(int result) {
  if (result < 0) throw_errno("seccomp", {}, {}, -result);
}

template <class... Comparison>
void refuse(const Filter& filter, int error, int call, Comparison... comparison) {
  const auto action = SCMP_ACT_ERRNO(static_cast<std::uint32_t>(error) & 0xFFFFU);
  check(seccomp_rule_add(filter.get(), action, call, sizeof...(comparison), comparison...));
}

scmp_arg_cmp has_bits(unsigned argument, std::uint64_t bits) {
  return {argument, SCMP_CMP_MASKED_EQ, bits, bits};
}

void refuse_namespaces(const Filter& filter) {
  for (const auto flag : namespace_flags) refuse(filter, EPERM, SCMP_SYS(clone), has_bits(0, flag));
  if (layers.user_namespace_ban) {
    refuse(filter, EPERM, SCMP_SYS(clone), has_bits(0, CLONE_NEWUSER));
    refuse(filter, EPERM, SCMP_SYS(unshare), has_bits(0, CLONE_NEWUSER));
  }
  for (const auto flag : namespace_flags)
    refuse(filter, EPERM, SCMP_SYS(unshare), has_bits(0, flag));
  refuse(filter, EPERM, SCMP_SYS(setns));
  // Its flags lie in memory, where a filter cannot see them; the C library falls back to clone.
  refuse(filter, ENOSYS, SCMP_SYS(clone3));
}

void refuse_socket_families(const Filter& filter) {
  for (const int call : {SCMP_SYS(socket), SCMP_SYS(socketpair)}) {
    for (std::uint64_t family = 0; family < AF_INET6; ++family)
      if (family != AF_UNIX && family != AF_INET)
        refuse(filter, EAFNOSUPPORT, call, scmp_arg_cmp{0, SCMP_CMP_EQ, family, 0});
    refuse(filter, EAFNOSUPPORT, call, scmp_arg_cmp{0, SCMP_CMP_GT, AF_INET6, 0});
  }
}

void refuse_by_argument(const Filter& filter) {
  // The kernel looks at the low 32 bits of an ioctl's number only.
  constexpr std::uint64_t low = 0xFFFFFFFF;
  for (const std::uint64_t number : {TIOCSTI, TIOCLINUX})
    refuse(filter, EPERM, SCMP_SYS(ioctl), scmp_arg_cmp{1, SCMP_CMP_MASKED_EQ, low, number});
  // The limits of others: init has the same user. An own pid is written 0.
  refuse(filter, EPERM, SCMP_SYS(prlimit64), scmp_arg_cmp{0, SCMP_CMP_NE, 0, 0});
  // Only asking (0xffffffff) and the ordinary one.
  refuse(filter, EPERM, SCMP_SYS(personality), scmp_arg_cmp{0, SCMP_CMP_NE, low, 0});
}

/// Before libseccomp's program, which knows no ranges: one comparison instead of a rule a number.
std::vector<sock_filter> refuse_unjudged_calls() {
  const auto jump = [](int kind, std::uint32_t value, unsigned char yes, unsigned char no) {
    return sock_filter{static_cast<unsigned short>(BPF_JMP | kind | BPF_K), yes, no, value};
  };
  return {{BPF_LD | BPF_W | BPF_ABS, 0, 0, offsetof(seccomp_data, arch)},
          jump(BPF_JEQ, seccomp_arch_native(), 0, 4),
          {BPF_LD | BPF_W | BPF_ABS, 0, 0, offsetof(seccomp_data, nr)},
          jump(BPF_JGT, last_judged_call, 0, 2),
          jump(BPF_JGE, x32_calls_begin, 1, 0),
          {BPF_RET | BPF_K, 0, 0, SECCOMP_RET_ERRNO | ENOSYS}};
}

std::vector<sock_filter> export_program(const Filter& filter) {
  const UniqueFd file(::memfd_create("filter", MFD_CLOEXEC));
  if (!file.is_open()) throw_errno("seccomp");
  check(seccomp_export_bpf(filter.get(), file.get()));
  const auto size = ::lseek(file.get(), 0, SEEK_END);
  auto program = refuse_unjudged_calls();
  const auto begin = program.size();
  program.resize(begin + static_cast<std::size_t>(size) / sizeof(sock_filter));
  if (::pread(file.get(), program.data() + begin, static_cast<std::size_t>(size), 0) != size)
    throw_errno("seccomp");
  return program;
}

}  // namespace

std::vector<sock_filter> build_filter(LimitMode mode) {
  const Filter filter(seccomp_init(SCMP_ACT_ALLOW));
  if (!filter) throw_errno("seccomp", {}, {}, ENOMEM);
  check(seccomp_attr_set(filter.get(), SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_KILL_PROCESS));
  check(seccomp_attr_set(filter.get(), SCMP_FLTATR_CTL_OPTIMIZE, 2));  // a tree, not a list
  for (const int call : refused_calls) refuse(filter, EPERM, call);
  for (const int call : absent_calls) refuse(filter, ENOSYS, call);
  if (mode == LimitMode::rlimit)
    for (const int call : uncounted_calls) refuse(filter, ENOSYS, call);
  refuse_namespaces(filter);
  refuse_socket_families(filter);
  refuse_by_argument(filter);
  return export_program(filter);
}

}  // namespace daemonz::sandbox
