#include "process/launch.h"

#include <fcntl.h>
#include <linux/sched.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include <grp.h>
#include <unistd.h>
#include <csignal>
#include <cstring>
#include <filesystem>

#include "base/error.h"
#include "process/launch_numbers.h"

namespace daemonz::process {
namespace {

enum class Step : int {
  clone,
  join_cgroup,
  death_signal,
  session,
  descriptors,
  oom_score,
  nice,
  limits,
  groups,
  user,
  folder,
  exec
};

const char* name_of(Step step) {
  switch (step) {
    case Step::clone: return "clone";
    case Step::join_cgroup: return "joining its cgroup";
    case Step::death_signal: return "prctl(PR_SET_PDEATHSIG)";
    case Step::session: return "setsid";
    case Step::descriptors: return "placing its descriptors";
    case Step::oom_score: return "writing oom_score_adj";
    case Step::nice: return "setpriority";
    case Step::limits: return "setrlimit";
    case Step::groups: return "setting its group";
    case Step::user: return "setuid";
    case Step::folder: return "chdir";
    case Step::exec: return "execve";
  }
  return "an unknown step";
}

// What the child tells of a step that has failed.
struct Failure {
  Step step{};
  int code = 0;  // errno; 0: none has
};

// Everything the child needs, laid out before the clone: between clone and exec only
// async-signal-safe calls are allowed (signal-safety(7)), so nothing there may allocate. The child
// may share our memory until then: what it writes here, we see.
struct Plan {
  const LaunchOptions& options;
  std::string program;
  std::vector<char*> argv;
  std::vector<std::string> env_text;
  std::vector<char*> env;
  std::vector<std::pair<int, int>> descriptors;  // (here, there)
  std::vector<int> lifted;                       // room for the child: where `here` was moved to
  std::string oom_score;
  UniqueFd null;
  UniqueFd cgroup;                       // folder, for CLONE_INTO_CGROUP
  UniqueFd cgroup_procs;                 // for kernels or sandboxes without clone3
  Failure failure;                       // by a child that shares our memory
  UniqueFd failure_read, failure_write;  // by any other: a pipe, which a successful exec closes
  int failure_fd = -1;                   // the child's own number of failure_write
  int table_end = 0;  // the child takes our descriptors below it, and no others; 0: all
  pid_t parent = ::getpid();
};

constexpr int lifted_lowest_fd = 64;  // above what daemons expect at fixed numbers

[[noreturn]] void fail(Plan& plan, Step step) {
  const Failure failure{step, errno};
  plan.failure = failure;
  if (plan.failure_fd >= 0) [[maybe_unused]]
    const auto written = ::write(plan.failure_fd, &failure, sizeof failure);
  ::_exit(127);
}

void check(Plan& plan, Step step, bool is_done) {
  if (!is_done) fail(plan, step);
}

// All sources are lifted out of the way first: a source may be another one's target.
void place_descriptors(Plan& plan) {
  int lowest = lifted_lowest_fd;
  for (const auto& [here, there] : plan.descriptors) lowest = std::max(lowest, there + 1);
  if (plan.failure_fd >= 0) {
    const int failure_fd = ::fcntl(plan.failure_fd, F_DUPFD_CLOEXEC, lowest);
    check(plan, Step::descriptors, failure_fd >= 0);
    plan.failure_fd = failure_fd;
  }
  for (std::size_t i = 0; i < plan.descriptors.size(); ++i) {
    plan.lifted[i] = ::fcntl(plan.descriptors[i].first, F_DUPFD_CLOEXEC, lowest);
    check(plan, Step::descriptors, plan.lifted[i] >= 0);
  }
  check(plan, Step::descriptors, ::syscall(SYS_close_range, 0u, ~0u, CLOSE_RANGE_CLOEXEC) == 0);
  for (std::size_t i = 0; i < plan.descriptors.size(); ++i)
    check(plan, Step::descriptors, ::dup2(plan.lifted[i], plan.descriptors[i].second) >= 0);
}

void write_oom_score(Plan& plan) {
  const int fd = ::open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);
  check(plan, Step::oom_score, fd >= 0);
  const auto size = static_cast<ssize_t>(plan.oom_score.size());
  check(plan, Step::oom_score, ::write(fd, plan.oom_score.data(), plan.oom_score.size()) == size);
}

void reset_signals() {
  struct sigaction standard {};
  standard.sa_handler = SIG_DFL;
  for (int signal = 1; signal < NSIG; ++signal) ::sigaction(signal, &standard, nullptr);
  sigset_t none;
  ::sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
}

// The plain system calls: the C library's would look for our other threads, to change them too.
void become_user(Plan& plan) {
  const auto& options = plan.options;
  if (options.gid) {
    const auto gid = *options.gid;
    check(plan, Step::groups,
          ::syscall(SYS_setgroups, options.groups.size(), options.groups.data()) == 0);
    check(plan, Step::groups, ::syscall(SYS_setresgid, gid, gid, gid) == 0);
  }
  if (options.uid)
    check(plan, Step::user,
          ::syscall(SYS_setresuid, *options.uid, *options.uid, *options.uid) == 0);
}

// Never inlined: where the memory is shared, its variables must not lie over the caller's.
[[noreturn, gnu::noinline]] void become_program(Plan& plan) {
  const auto& options = plan.options;
  if (plan.table_end > 0)  // first of all: until then the table is our parent's own
    check(plan, Step::descriptors,
          ::syscall(SYS_close_range, plan.table_end, ~0u, CLOSE_RANGE_UNSHARE) == 0);
  if (options.parent_death_signal != 0) {
    check(plan, Step::death_signal, ::prctl(PR_SET_PDEATHSIG, options.parent_death_signal) == 0);
    if (::getppid() != plan.parent) ::_exit(127);  // it died before prctl: nobody to report to
  }
  if (options.is_session_leader) check(plan, Step::session, ::setsid() >= 0);
  if (plan.cgroup_procs.is_open())
    check(plan, Step::join_cgroup, ::write(plan.cgroup_procs.get(), "0", 1) == 1);
  if (options.oom_score_adj) write_oom_score(plan);
  if (options.nice) check(plan, Step::nice, ::setpriority(PRIO_PROCESS, 0, *options.nice) == 0);
  place_descriptors(plan);
  // After the descriptors, which are moved to numbers that a small RLIMIT_NOFILE forbids.
  for (const auto& [resource, limit] : options.limits)
    check(plan, Step::limits, ::setrlimit(static_cast<__rlimit_resource_t>(resource), &limit) == 0);
  become_user(plan);
  if (options.umask) ::umask(*options.umask);
  if (!options.working_folder.empty())
    check(plan, Step::folder, ::chdir(options.working_folder.c_str()) == 0);
  reset_signals();
  ::execve(plan.program.c_str(), plan.argv.data(), plan.env.data());
  fail(plan, Step::exec);
}

void lay_out_environment(Plan& plan) {
  if (plan.options.env) {
    for (const auto& [key, value] : *plan.options.env) plan.env_text.push_back(key + "=" + value);
    for (auto& text : plan.env_text) plan.env.push_back(text.data());
  } else {
    for (char** entry = ::environ; *entry; ++entry) plan.env.push_back(*entry);
  }
  plan.env.push_back(nullptr);
}

void lay_out_descriptors(Plan& plan) {
  const auto& options = plan.options;
  int input = options.stdin_fd >= 0 ? options.stdin_fd : launch_null();
  if (input < 0) {
    plan.null.reset(::open("/dev/null", O_RDWR | O_CLOEXEC));
    if (!plan.null.is_open()) throw_errno("cannot open", "/dev/null");
    input = plan.null.get();
  }
  plan.descriptors = options.descriptors;
  const std::pair<int, int> standard[] = {
      {input, STDIN_FILENO},
      {options.stdout_fd >= 0 ? options.stdout_fd : STDOUT_FILENO, STDOUT_FILENO},
      {options.stderr_fd >= 0 ? options.stderr_fd : STDERR_FILENO, STDERR_FILENO}};
  for (const auto& [here, there] : standard) {
    const bool is_named_already = std::any_of(plan.descriptors.begin(), plan.descriptors.end(),
                                              [t = there](const auto& d) { return d.second == t; });
    const bool is_closed_here = here == there && ::fcntl(here, F_GETFD) < 0;
    if (!is_named_already && !is_closed_here) plan.descriptors.emplace_back(here, there);
  }
  plan.lifted.resize(plan.descriptors.size());
}

void open_pipe(Plan& plan) {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) throw_errno("cannot make a pipe to start", plan.program);
  plan.failure_read.reset(ends[0]);
  plan.failure_write.reset(ends[1]);
  plan.failure_fd = ends[1];
}

void open_cgroup(Plan& plan) {
  if (plan.options.cgroup.empty()) return;
  plan.cgroup.reset(::open(plan.options.cgroup.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (!plan.cgroup.is_open())
    throw_errno("cannot start " + plan.program + ": no such cgroup", plan.options.cgroup);
}

#if defined(__x86_64__) && !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
// As vfork(2): the child uses our memory and our stack while this thread waits for its exec, so
// that no page table is copied. In assembly, because the child must not return from here (its next
// call would write over our way back), and because the compiler must keep nothing below the stack
// pointer that the child's calls could reach.
pid_t clone3_until_exec(clone_args& arguments, Plan& plan) {
  arguments.flags |= CLONE_VM | CLONE_VFORK;
  const auto own_descriptors = plan.descriptors;
  LentLaunchNumbers numbers;
  if (numbers.lend(plan.descriptors)) {
    plan.table_end = numbers.end();
    arguments.flags |= CLONE_FILES;
  }
  constexpr int red_zone = 128;  // System V ABI for AMD64, 3.2.2
  long result = SYS_clone3;
  asm volatile(
      "syscall\n\t"
      "test %%rax, %%rax\n\t"
      "jnz 1f\n\t"
      "mov %[plan], %%rdi\n\t"
      "sub %[below], %%rsp\n\t"
      "and $-16, %%rsp\n\t"
      "call *%[become]\n\t"
      "1:"
      : "+a"(result)
      : "D"(&arguments), "S"(sizeof arguments), [plan] "r"(&plan), [become] "r"(&become_program),
        [below] "i"(red_zone)
      : "rcx", "r11", "memory", "cc");
  if (result >= 0) return static_cast<pid_t>(result);
  plan.table_end = 0;  // for the plain way
  plan.descriptors = own_descriptors;
  errno = static_cast<int>(-result);
  return -1;
}
#else  // a sanitizer does not know of two processes in one memory
pid_t clone3_until_exec(clone_args& arguments, Plan& plan) {
  open_pipe(plan);
  const auto pid = static_cast<pid_t>(::syscall(SYS_clone3, &arguments, sizeof arguments));
  if (pid == 0) become_program(plan);
  return pid;
}
#endif

pid_t clone_plainly(Plan& plan, int& pidfd) {
  open_pipe(plan);
  if (plan.cgroup.is_open()) {
    plan.cgroup_procs.reset(::openat(plan.cgroup.get(), "cgroup.procs", O_WRONLY | O_CLOEXEC));
    if (!plan.cgroup_procs.is_open()) return -1;
  }
  const auto pid =
      static_cast<pid_t>(::syscall(SYS_clone, SIGCHLD, nullptr, nullptr, nullptr, nullptr));
  if (pid == 0) become_program(plan);
  if (pid > 0) pidfd = static_cast<int>(::syscall(SYS_pidfd_open, pid, 0));
  return pid;
}

// clone3(2) gives the pidfd and the cgroup in one step. Container runtimes answer ENOSYS to it,
// older kernels EINVAL: then the plain way.
pid_t clone_child(Plan& plan, int& pidfd) {
  clone_args arguments{};
  arguments.flags = CLONE_PIDFD;
  arguments.pidfd = reinterpret_cast<std::uint64_t>(&pidfd);
  arguments.exit_signal = SIGCHLD;
  if (plan.cgroup.is_open()) {
    arguments.flags |= CLONE_INTO_CGROUP;
    arguments.cgroup = static_cast<std::uint64_t>(plan.cgroup.get());
  }
  const auto pid = clone3_until_exec(arguments, plan);
  if (pid >= 0 || (errno != ENOSYS && errno != EINVAL && errno != E2BIG)) return pid;
  return clone_plainly(plan, pidfd);
}

// Returns when the child has executed its program, has told what has failed, or has ended.
void wait_for_exec(Plan& plan) {
  plan.failure_write.reset();
  if (!plan.failure_read.is_open()) return;  // CLONE_VFORK has waited
  while (::read(plan.failure_read.get(), &plan.failure, sizeof plan.failure) < 0)
    if (errno != EINTR) break;
}

[[noreturn]] void throw_failure(const Plan& plan) {
  const auto& failure = plan.failure;
  std::string hint;
  if (failure.step == Step::exec && failure.code == ENOENT)
    hint = std::filesystem::exists(plan.program) ? "Its interpreter (#! line) is missing"
                                                 : "Is the path right, and is it installed?";
  else if (failure.step == Step::exec && failure.code == EACCES)
    hint = "Is it executable for this user (chmod +x)?";
  else if (failure.step == Step::exec && failure.code == ENOEXEC)
    hint = "A script needs a #! line";
  else if (failure.step == Step::folder)
    hint = "The working folder is " + plan.options.working_folder;
  throw_errno("cannot start " + plan.program + ": " + name_of(failure.step), {}, std::move(hint),
              failure.code);
}

}  // namespace

std::map<std::string, std::string> own_environment() {
  std::map<std::string, std::string> env;
  for (char** entry = ::environ; *entry; ++entry) {
    const std::string_view text(*entry);
    if (const auto equals = text.find('='); equals != std::string_view::npos)
      env.emplace(text.substr(0, equals), text.substr(equals + 1));
  }
  return env;
}

std::optional<std::string> find_program(const std::string& program) {
  if (program.find('/') != std::string::npos) return program;
  const char* const path = std::getenv("PATH");
  std::string_view rest = path && *path ? path : "/usr/local/bin:/usr/bin:/bin";
  while (!program.empty()) {
    const auto colon = rest.find(':');
    std::string candidate(rest.substr(0, colon));
    candidate += (candidate.empty() ? "./" : "/") + program;
    struct stat found {};
    if (::stat(candidate.c_str(), &found) == 0 && S_ISREG(found.st_mode) &&
        ::access(candidate.c_str(), X_OK) == 0)
      return candidate;
    if (colon == std::string_view::npos) break;
    rest.remove_prefix(colon + 1);
  }
  return {};
}

Child launch(const LaunchOptions& options) {
  if (options.argv.empty() || options.argv[0].empty())
    throw Error("cannot start a program without a name");
  const auto program = find_program(options.argv[0]);
  if (!program)
    throw Error(ErrorText{.what = "cannot start " + options.argv[0] + ": not found in PATH",
                          .hint = "Is it installed?",
                          .code = ENOENT});
  Plan plan{.options = options, .program = *program};
  for (const auto& argument : options.argv)
    plan.argv.push_back(const_cast<char*>(argument.c_str()));
  plan.argv.push_back(nullptr);
  lay_out_environment(plan);
  lay_out_descriptors(plan);
  if (options.oom_score_adj) plan.oom_score = std::to_string(*options.oom_score_adj);
  open_cgroup(plan);

  // No handler of ours may run in the child before exec: it would see half a process.
  sigset_t all, before;
  ::sigfillset(&all);
  ::pthread_sigmask(SIG_SETMASK, &all, &before);
  int pidfd = -1;
  const pid_t pid = clone_child(plan, pidfd);
  const int clone_errno = errno;
  ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
  if (pid < 0) {
    plan.failure = {Step::clone, clone_errno};
    throw_failure(plan);
  }
  Child child(pid, UniqueFd(pidfd));
  wait_for_exec(plan);
  if (plan.failure.code == 0) return child;
  static_cast<void>(child.wait());
  throw_failure(plan);
}

}  // namespace daemonz::process
