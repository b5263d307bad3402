#include "sandbox/confine.h"

#include <fcntl.h>
#include <linux/capability.h>
#include <linux/close_range.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <climits>
#include <csignal>
#include <cstring>

#include "sandbox/layers.h"

namespace daemonz::sandbox {
namespace {

// Mode rlimit: code, libraries and the C library's own mappings come on top of what a program
// allocates; without this room a program within its limit could not start, and one over it would
// be refused memory before its peak shows it.
constexpr std::uint64_t address_space_headroom = 64ULL << 20;
constexpr std::uint64_t thread_stack_max = 256ULL << 20;

[[noreturn]] void refuse(Failure& failure, const char* stage) {
  set_failure(failure, stage, errno);
  ::_exit(127);
}

void check(long result, Failure& failure, const char* stage) {
  if (result < 0) refuse(failure, stage);
}

void take_own_session(const Plan& plan, Failure& failure) {
  check(::setsid(), failure, "setsid");
  sigset_t none;  // all actions are the default: the keeper sees to that
  ::sigemptyset(&none);
  check(::sigprocmask(SIG_SETMASK, &none, nullptr), failure, "signal mask");
  ::umask(022);
  check(::dup2(plan.input.get(), 0), failure, "stdin");
  check(::dup2(plan.output.get(), 1), failure, "stdout");
  check(::dup2(plan.errors.get(), 2), failure, "stderr");
  check(::syscall(SYS_close_range, 3U, UINT_MAX, CLOSE_RANGE_CLOEXEC), failure, "close_range");
  check(::chdir("/box"), failure, "chdir /box");
}

void join_group(const Plan& plan, Failure& failure) {
  for (const int file : plan.join_files) check(::write(file, "0", 1), failure, "join the cgroup");
}

/// A lower limit that this machine has already stays: init may not raise it, and stricter is safe.
void set_limit(int resource, std::uint64_t value, Failure& failure) {
  rlimit limit{};
  check(::getrlimit(static_cast<__rlimit_resource_t>(resource), &limit), failure, "rlimit");
  limit.rlim_max = std::min<std::uint64_t>(value, limit.rlim_max);
  limit.rlim_cur = limit.rlim_max;
  check(::setrlimit(static_cast<__rlimit_resource_t>(resource), &limit), failure, "rlimit");
}

/// Deep recursion is a course subject, so the stack may take what memory allows. But every thread
/// reserves as much: a bound keeps threads possible, a lower one where reserving counts.
std::uint64_t stack_max(const Plan& plan) {
  const auto memory = plan.request.limits.memory.count;
  return plan.is_address_space_limited ? memory / 4 : std::min(memory, thread_stack_max);
}

void set_limits(const Plan& plan, Failure& failure) {
  const auto& limits = plan.request.limits;
  // A second behind the keeper's own timer, which counts all processes together.
  const auto cpu_seconds = static_cast<std::uint64_t>(limits.cpu.count()) / 1000 + 2;
  set_limit(RLIMIT_CPU, cpu_seconds, failure);
  set_limit(RLIMIT_FSIZE, limits.file_size.count, failure);
  set_limit(RLIMIT_NOFILE, limits.descriptors, failure);
  set_limit(RLIMIT_NPROC, limits.processes + 1ULL, failure);  // init has the same user
  set_limit(RLIMIT_STACK, stack_max(plan), failure);
  set_limit(RLIMIT_CORE, 0, failure);
  set_limit(RLIMIT_MEMLOCK, 0, failure);
  set_limit(RLIMIT_MSGQUEUE, 0, failure);
  if (plan.is_address_space_limited)
    set_limit(RLIMIT_AS, limits.memory.count + address_space_headroom, failure);
}

void drop_capabilities(Failure& failure) {
  check(::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), failure, "no_new_privs");
  for (int capability = 0; ::prctl(PR_CAPBSET_DROP, capability, 0, 0, 0) == 0;) ++capability;
  if (errno != EINVAL) refuse(failure, "bounding set");  // else it is the first unknown one
  check(::prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0), failure, "ambient set");
  __user_cap_header_struct header{};
  header.version = _LINUX_CAPABILITY_VERSION_3;
  __user_cap_data_struct none[2] = {};
  check(::syscall(SYS_capset, &header, none), failure, "capset");
}

void load_filter(const Plan& plan, Failure& failure) {
  if (!layers.seccomp) return;
  sock_fprog program{};
  program.len = static_cast<unsigned short>(plan.filter->size());
  program.filter = const_cast<sock_filter*>(plan.filter->data());
  check(::syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program), failure, "seccomp");
}

[[noreturn]] void execute(const Confinement& confinement, Failure& failure) {
  auto* const* argv = confinement.argv.data();
  auto* const* env = confinement.env.data();
  if (confinement.candidates.empty())
    ::syscall(SYS_execveat, confinement.plan->image.get(), "", argv, env, AT_EMPTY_PATH);
  int error = errno;
  for (std::size_t i = 0; i < confinement.candidates.size(); ++i) {
    ::execve(confinement.candidates[i].c_str(), argv, env);
    // As a shell looks on: a name that is there but may not be executed is remembered.
    if (i == 0 || (errno != ENOENT && errno != ENOTDIR)) error = errno;
  }
  errno = error;
  refuse(failure, exec_stage);
}

std::string path_of(const std::vector<std::string>& env) {
  for (const auto& variable : env)
    if (variable.starts_with("PATH=")) return variable.substr(5);
  return {};
}

std::vector<std::string> candidates_of(const Plan& plan) {
  const auto& name = plan.request.argv[0];
  if (plan.is_script) return {"/program/" + name.substr(name.rfind('/') + 1)};
  if (plan.image.is_open()) return {};
  if (name.find('/') != std::string::npos) return {name};
  std::vector<std::string> candidates;
  const auto path = path_of(plan.env);
  for (std::size_t start = 0; start < path.size();) {
    const auto end = std::min(path.find(':', start), path.size());
    if (end > start) candidates.push_back(path.substr(start, end - start) + "/" + name);
    start = end + 1;
  }
  if (candidates.empty()) candidates.push_back("/usr/bin/" + name);
  return candidates;
}

}  // namespace

void set_failure(Failure& failure, const char* stage, int error) noexcept {
  std::strncpy(failure.stage, stage, sizeof failure.stage - 1);
  failure.error = error;
}

Confinement prepare_confinement(Plan& plan, int ruleset) {
  Confinement confinement{.plan = &plan, .candidates = candidates_of(plan), .ruleset = ruleset};
  for (auto& argument : plan.request.argv) confinement.argv.push_back(argument.data());
  for (auto& variable : plan.env) confinement.env.push_back(variable.data());
  confinement.argv.push_back(nullptr);
  confinement.env.push_back(nullptr);
  return confinement;
}

void become_program(const Confinement& confinement, Failure& failure) {
  const auto& plan = *confinement.plan;
  take_own_session(plan, failure);
  set_limits(plan, failure);
  drop_capabilities(failure);
  if (layers.landlock)
    check(::syscall(SYS_landlock_restrict_self, confinement.ruleset, 0U), failure, "landlock");
  load_filter(plan, failure);
  // Only now: what the steps above cost is ours, and a small limit must not make them fail.
  if (layers.cgroup) join_group(plan, failure);
  if (plan.is_rehearsal) ::_exit(0);
  execute(confinement, failure);
}

}  // namespace daemonz::sandbox
