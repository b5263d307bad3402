#include "sandbox/init.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <exception>

#include "base/error.h"
#include "sandbox/box_files.h"
#include "sandbox/confine.h"
#include "sandbox/landlock.h"
#include "sandbox/layers.h"
#include "sandbox/raw_call.h"
#include "sandbox/system.h"
#include "sandbox/view.h"

namespace daemonz::sandbox {
namespace {

void check(long result, const char* stage) {
  if (result < 0) throw_errno(stage);
}

/// The keeper has written the maps. Its death between clone and prctl shows as end of file.
void become_box_user(const Plan& plan) {
  char word = 0;
  check(::prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0), "parent death signal");
  if (::read(plan.reins.get(), &word, 1) != 1 || word != word_go) ::_exit(1);
  check(::syscall(SYS_setresgid, box_uid, box_uid, box_uid), "setresgid");
  check(::syscall(SYS_setresuid, box_uid, box_uid, box_uid), "setresuid");
  // A change of user clears it. The keeper may have died meanwhile: then the next read or send on
  // the reins fails.
  check(::prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0), "parent death signal");
  check(::prctl(PR_SET_DUMPABLE, 0, 0, 0, 0), "not dumpable");
}

void forbid_nested_user_namespaces() {
  if (layers.user_namespace_ban)
    write_file(AT_FDCWD, "/proc/sys/user/max_user_namespaces", "0", "max_user_namespaces");
}

void place_script(const Plan& plan) {
  struct stat found {};
  check(::fstat(plan.image.get(), &found), "script");
  mount_program_folder(Bytes(static_cast<std::uint64_t>(found.st_size)));
  const UniqueFd folder(::open("/program", O_PATH | O_DIRECTORY | O_CLOEXEC));
  const auto& name = plan.request.argv[0];
  place_file(folder.get(), name.substr(name.rfind('/') + 1), plan.image.get(), true);
  make_read_only("/program");
}

UniqueFd fill_box(const Plan& plan) {
  UniqueFd box(::open("/box", O_PATH | O_DIRECTORY | O_CLOEXEC));
  check(box.get(), "open /box");
  for (std::size_t i = 0; i < plan.files.size(); ++i) {
    const auto& file = plan.request.files[i];
    place_file(box.get(), file.name, plan.files[i].get(), file.is_executable);
  }
  if (plan.request.is_box_read_only) make_read_only("/box");
  if (plan.is_script) place_script(plan);
  return box;
}

/// vfork: the child shares this memory until it executes, so it can leave its Failure here.
pid_t start_program(const Confinement& confinement, Failure& failure) {
  const auto pid = ::vfork();
  if (pid == 0) become_program(confinement, failure);
  check(pid, "fork");
  return pid;
}

UniqueFd watch_children() {
  sigset_t children;
  ::sigemptyset(&children);
  ::sigaddset(&children, SIGCHLD);
  check(::sigprocmask(SIG_BLOCK, &children, nullptr), "signal mask");
  UniqueFd fd(::signalfd(-1, &children, SFD_CLOEXEC | SFD_NONBLOCK));
  check(fd.get(), "signalfd");
  return fd;
}

/// What init still needs when the program runs. Numbers: its end is all that closes them.
struct Started {
  int reins = -1;     ///< to the keeper
  int children = -1;  ///< a signalfd of SIGCHLD
  int box = -1;       ///< of the folder, if files are to be collected
  pid_t program = -1;
};

/// The keeper waits meanwhile. A program that could not be started is told in `failure`.
Started set_up(Plan& plan, Failure& failure) {
  for (const int end : plan.keepers_ends) ::close(end);
  become_box_user(plan);
  forbid_nested_user_namespaces();
  mount_run_folders(plan.request.limits);
  auto box = fill_box(plan);
  check(::sethostname("box", 3), "sethostname");
  const auto ruleset = layers.landlock ? build_landlock_ruleset() : UniqueFd();
  const auto confinement = prepare_confinement(plan, ruleset.get());
  auto children = watch_children();
  const auto program = start_program(confinement, failure);
  // Ours would keep the pipes open after the program has closed its own.
  for (const auto* end : {&plan.input, &plan.output, &plan.errors}) ::close(end->get());
  return {.reins = plan.reins.get(),
          .children = children.release(),
          .box = plan.request.collect.empty() ? -1 : box.release(),
          .program = program};
}

// The keeper does not wait any more: system calls only, and nothing of its memory.

[[noreturn]] void leave(int status) {
  for (;;) raw_call(SYS_exit_group, status);
}

void send(int reins, const InitMessage& message, int descriptor = -1) {
  iovec body{const_cast<InitMessage*>(&message), sizeof message};
  msghdr packet{};
  packet.msg_iov = &body;
  packet.msg_iovlen = 1;
  alignas(cmsghdr) char control[control_size(1)];
  if (descriptor >= 0) attach_descriptors(packet, control, &descriptor, 1);
  // A keeper that is gone has no use for it; SIGKILL is on its way here.
  if (raw_call(SYS_sendmsg, reins, &packet, MSG_NOSIGNAL) < 0) leave(1);
}

/// Reaps all that has ended. True: the program is among them, `status` is its wait status.
bool reap(pid_t program, int& status, int options) {
  bool is_over = false;
  for (;;) {
    int one = 0;
    const auto pid = raw_call(SYS_wait4, -1, &one, options, nullptr);
    if (pid <= 0) return is_over;
    if (pid != program) continue;
    status = one;
    is_over = true;
    if (options & WNOHANG) return true;
  }
}

/// Then nobody is left in the pid namespace: the parent of every other process would be there too,
/// or init in its place. Cheaper than a signal to all, for which the kernel looks at each process.
bool has_no_children() {
  return raw_call(SYS_waitid, P_ALL, 0, nullptr, WEXITED | WNOHANG | WNOWAIT, nullptr) == -ECHILD;
}

/// Waits until the program has ended or the keeper wants its end; then nothing of the run is left.
int await_end(const Started& run) {
  int status = 0;
  bool is_over = false;
  while (!is_over) {
    pollfd wait[] = {{run.children, POLLIN, 0}, {run.reins, POLLIN, 0}};
    const auto ready = raw_call(SYS_ppoll, wait, 2, nullptr, nullptr, 0);
    if (ready < 0 && ready != -EINTR) break;
    if (wait[0].revents) {
      signalfd_siginfo signal;
      raw_call(SYS_read, run.children, &signal, sizeof signal);
      is_over = reap(run.program, status, WNOHANG);
    }
    if (wait[1].revents) break;
  }
  if (is_over && has_no_children()) return status;
  // -1 is everybody in this pid namespace but init. Without one of its own (a test's keeper) it
  // would be everybody on the machine.
  raw_call(SYS_kill, raw_call(SYS_getpid) == 1 ? -1 : run.program, SIGKILL);
  int late = 0;
  if (reap(run.program, late, 0) && !is_over) status = late;
  return status;
}

[[noreturn]] void watch(const Started& run) {
  send(run.reins, {.type = InitMessage::Type::started}, run.box);
  InitMessage message{.type = InitMessage::Type::ended};
  message.wait_status = await_end(run);
  raw_call(SYS_getrusage, RUSAGE_CHILDREN, &message.usage);
  rusage own;
  raw_call(SYS_getrusage, RUSAGE_SELF, &own);
  message.own_peak_kib = own.ru_maxrss;
  send(run.reins, message);
  leave(0);
}

}  // namespace

int init_main(void* argument) {
  auto& plan = *static_cast<Plan*>(argument);
  const int reins = plan.reins.get();
  Started run;
  InitMessage refused{.type = InitMessage::Type::failed};
  try {
    run = set_up(plan, refused.failure);
  } catch (const Error& error) {
    set_failure(refused.failure, error.text().what.c_str(), error.code());
  } catch (const std::exception&) {
    set_failure(refused.failure, "memory for init", ENOMEM);
  }
  if (refused.failure.error == 0) watch(run);
  send(reins, refused);
  leave(0);
}

}  // namespace daemonz::sandbox
