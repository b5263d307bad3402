#include "sandbox/filter.h"

#include <asm/ioctls.h>
#include <linux/audit.h>
#include <linux/sched.h>
#include <linux/seccomp.h>
#include <sys/socket.h>
#include <sys/syscall.h>

#include <cerrno>
#include <cstddef>
#include <map>

#include "base/error.h"
#include "sandbox/layers.h"

namespace daemonz::sandbox {
namespace {

#if defined(__x86_64__)
constexpr std::uint32_t native_architecture = AUDIT_ARCH_X86_64;
#elif defined(__aarch64__)
constexpr std::uint32_t native_architecture = AUDIT_ARCH_AARCH64;
#else
#error "the filter: which audit number and which calls has this architecture?"
#endif

// Numbers above this one were given to calls that nobody here has judged yet: ENOSYS, which is what
// programs expect of an older kernel.
constexpr std::uint32_t last_judged_call = 450;        // set_mempolicy_home_node, Linux 5.17
constexpr std::uint32_t x32_calls_begin = 0x40000000;  // another architecture

constexpr int refused_calls[] = {
    // looking into or steering other processes
    SYS_ptrace, SYS_process_vm_readv, SYS_process_vm_writev, SYS_process_madvise,
    SYS_process_mrelease, SYS_pidfd_getfd, SYS_kcmp, SYS_migrate_pages, SYS_move_pages,
    // leaving the slot's core, or its class of service
    SYS_sched_setaffinity, SYS_sched_setattr, SYS_sched_setparam, SYS_sched_setscheduler,
    SYS_ioprio_set,
    // kernel memory that outlives or is shared beyond the run
    SYS_add_key, SYS_request_key, SYS_keyctl,
    // large attack surface that no course program needs
    SYS_userfaultfd, SYS_bpf, SYS_perf_event_open, SYS_fanotify_init, SYS_fanotify_mark,
    SYS_lookup_dcookie, SYS_open_by_handle_at, SYS_name_to_handle_at, SYS_vmsplice,
    // the file system's shape
    SYS_mount, SYS_umount2, SYS_pivot_root, SYS_chroot, SYS_open_tree, SYS_move_mount, SYS_fsopen,
    SYS_fsconfig, SYS_fsmount, SYS_fspick, SYS_mount_setattr, SYS_quotactl, SYS_quotactl_fd,
    SYS_swapon, SYS_swapoff,
    // the machine
    SYS_init_module, SYS_finit_module, SYS_delete_module, SYS_kexec_load, SYS_kexec_file_load,
    SYS_reboot, SYS_acct, SYS_syslog, SYS_sethostname, SYS_setdomainname, SYS_vhangup,
    SYS_settimeofday, SYS_clock_settime, SYS_adjtimex, SYS_clock_adjtime,
#if defined(__x86_64__)
    SYS_modify_ldt, SYS_iopl, SYS_ioperm,
#endif
    // memory that cannot be reclaimed
    SYS_mlock, SYS_mlock2, SYS_mlockall};

// ENOSYS: the C library and run times then take another way.
constexpr int absent_calls[] = {SYS_io_uring_setup, SYS_io_uring_enter, SYS_io_uring_register,
                                SYS_memfd_secret};

// Memory that no process maps: without a cgroup nobody counts it. (Files in /tmp are limited.)
constexpr int uncounted_calls[] = {SYS_memfd_create, SYS_shmget, SYS_msgget, SYS_semget};

constexpr std::uint32_t namespace_flags =
    CLONE_NEWNS | CLONE_NEWCGROUP | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWPID | CLONE_NEWNET;
constexpr std::uint32_t only_asking = 0xffffffff;  // personality(2)

constexpr std::uint32_t allow = SECCOMP_RET_ALLOW;
constexpr std::uint32_t kill_process = SECCOMP_RET_KILL_PROCESS;
constexpr std::uint32_t refuse(std::uint32_t error) { return SECCOMP_RET_ERRNO | error; }

/// What is done about a call. With `values`: `then`, if one of its arguments is one of them, or has
/// any of their bits; else `otherwise`. The kernel reads only the low 32 bits of these arguments.
struct Rule {
  std::uint32_t otherwise = allow;
  unsigned argument = 0;
  enum class Test { equals, has_bits } test = Test::equals;
  std::vector<std::uint32_t> values;
  std::uint32_t then = allow;
  bool operator==(const Rule&) const = default;
};

using Rules = std::map<std::uint32_t, Rule>;  // by the number of the call

void refuse_namespaces(Rules& rules) {
  const auto flags = namespace_flags | (layers.user_namespace_ban ? CLONE_NEWUSER : 0);
  for (const int call : {SYS_clone, SYS_unshare})
    rules[call] = {.test = Rule::Test::has_bits, .values = {flags}, .then = refuse(EPERM)};
  rules[SYS_setns] = {.otherwise = refuse(EPERM)};
  // Its flags lie in memory, where a filter cannot see them; the C library falls back to clone.
  rules[SYS_clone3] = {.otherwise = refuse(ENOSYS)};
}

void refuse_by_argument(Rules& rules) {
  for (const int call : {SYS_socket, SYS_socketpair})
    rules[call] = {.otherwise = refuse(EAFNOSUPPORT), .values = {AF_UNIX, AF_INET, AF_INET6}};
  rules[SYS_ioctl] = {.argument = 1, .values = {TIOCSTI, TIOCLINUX}, .then = refuse(EPERM)};
  // The limits of others: init has the same user. An own pid is written 0.
  rules[SYS_prlimit64] = {.otherwise = refuse(EPERM), .values = {0}};
  rules[SYS_personality] = {.otherwise = refuse(EPERM), .values = {only_asking}};
}

Rules make_rules(LimitMode mode) {
  Rules rules;
  for (const int call : refused_calls) rules[call] = {.otherwise = refuse(EPERM)};
  for (const int call : absent_calls) rules[call] = {.otherwise = refuse(ENOSYS)};
  if (mode == LimitMode::rlimit)
    for (const int call : uncounted_calls) rules[call] = {.otherwise = refuse(ENOSYS)};
  refuse_namespaces(rules);
  refuse_by_argument(rules);
  return rules;
}

sock_filter load(std::size_t offset) {
  return {BPF_LD | BPF_W | BPF_ABS, 0, 0, static_cast<std::uint32_t>(offset)};
}

sock_filter answer(std::uint32_t action) { return {BPF_RET | BPF_K, 0, 0, action}; }

/// How many instructions to pass over if the test holds, and if not.
sock_filter jump(int test, std::uint32_t value, std::size_t yes, std::size_t no) {
  if (yes > UINT8_MAX || no > UINT8_MAX) throw_errno("seccomp", {}, "too many rules", E2BIG);
  return {static_cast<unsigned short>(BPF_JMP | test | BPF_K), static_cast<unsigned char>(yes),
          static_cast<unsigned char>(no), value};
}

void append_rule(std::vector<sock_filter>& program, const Rule& rule) {
  if (rule.values.empty()) return program.push_back(answer(rule.otherwise));
  program.push_back(load(offsetof(seccomp_data, args) + rule.argument * sizeof(std::uint64_t)));
  const int test = rule.test == Rule::Test::equals ? BPF_JEQ : BPF_JSET;
  for (std::size_t i = 0; i < rule.values.size(); ++i)  // to `then`, past the others
    program.push_back(jump(test, rule.values[i], rule.values.size() - i, 0));
  program.push_back(answer(rule.otherwise));
  program.push_back(answer(rule.then));
}

/// The calls from `first` to that of the next range have one rule, which begins in `rules` at ..
struct Range {
  std::uint32_t first;
  std::size_t rule;
};

struct Table {
  std::vector<Range> ranges;
  std::vector<sock_filter> rules;  // each once

  void add(std::uint32_t first, const Rule& rule) {
    const auto place = place_of(rule);
    if (!ranges.empty() && ranges.back().first == first) ranges.pop_back();
    if (ranges.empty() || ranges.back().rule != place) ranges.push_back({first, place});
  }

 private:
  std::vector<std::pair<Rule, std::size_t>> places_;

  std::size_t place_of(const Rule& rule) {
    for (const auto& [one, place] : places_)
      if (one == rule) return place;
    places_.emplace_back(rule, rules.size());
    append_rule(rules, rule);
    return places_.back().second;
  }
};

Table make_table(LimitMode mode) {
  Table table;
  table.add(0, {});
  for (const auto& [call, rule] : make_rules(mode)) {
    table.add(call, rule);
    table.add(call + 1, {});
  }
  table.add(last_judged_call + 1, {.otherwise = refuse(ENOSYS)});
  table.add(x32_calls_begin, {.otherwise = kill_process});
  return table;
}

/// A decision tree over the number of the call. Its nodes are one less than its ranges.
void append_tree(std::vector<sock_filter>& program, const Range* begin, const Range* end,
                 std::size_t rules_begin) {
  if (end - begin == 1) return;
  const auto* const middle = begin + (end - begin) / 2;
  const auto node = program.size();
  program.emplace_back();
  append_tree(program, begin, middle, rules_begin);
  const auto right = program.size();
  append_tree(program, middle, end, rules_begin);
  const auto way_to = [&](const Range* from, const Range* to, std::size_t subtree) {
    return (to - from == 1 ? rules_begin + from->rule : subtree) - (node + 1);
  };
  program[node] =
      jump(BPF_JGE, middle->first, way_to(middle, end, right), way_to(begin, middle, node + 1));
}

}  // namespace

std::vector<sock_filter> build_filter(LimitMode mode) {
  const auto table = make_table(mode);
  std::vector<sock_filter> program = {load(offsetof(seccomp_data, arch)),
                                      jump(BPF_JEQ, native_architecture, 1, 0),
                                      answer(kill_process), load(offsetof(seccomp_data, nr))};
  const auto* const ranges = table.ranges.data();
  const auto rules_begin = program.size() + table.ranges.size() - 1;
  append_tree(program, ranges, ranges + table.ranges.size(), rules_begin);
  program.insert(program.end(), table.rules.begin(), table.rules.end());
  return program;
}

}  // namespace daemonz::sandbox
