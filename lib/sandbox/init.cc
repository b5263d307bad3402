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
#include "sandbox/system.h"
#include "sandbox/view.h"

namespace daemonz::sandbox {
namespace {

void check(long result, const char* stage) {
  if (result < 0) throw_errno(stage);
}

void send(const Plan& plan, const InitMessage& message, int descriptor = -1) {
  const std::string bytes(reinterpret_cast<const char*>(&message), sizeof message);
  std::vector<int> descriptors;
  if (descriptor >= 0) descriptors.push_back(descriptor);
  // A keeper that is gone has no use for it; SIGKILL is on its way here.
  if (!send_packet(plan.reins.get(), bytes, descriptors)) ::_exit(1);
}

/// The keeper has written the maps. Its death between clone3 and prctl shows as end of file.
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

/// Reaps all that has ended. True: the program is among them, `status` is its wait status.
bool reap(pid_t program, int& status, int options) {
  bool is_over = false;
  for (;;) {
    int one = 0;
    const auto pid = ::waitpid(-1, &one, options);
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
  siginfo_t child;
  return ::waitid(P_ALL, 0, &child, WEXITED | WNOHANG | WNOWAIT) != 0 && errno == ECHILD;
}

/// Waits until the program has ended or the keeper wants its end; then nothing of the run is left.
int await_end(const Plan& plan, pid_t program, const UniqueFd& children) {
  int status = 0;
  bool is_over = false;
  while (!is_over) {
    pollfd wait[] = {{children.get(), POLLIN, 0}, {plan.reins.get(), POLLIN, 0}};
    if (::poll(wait, 2, -1) < 0 && errno != EINTR) break;
    if (wait[0].revents) {
      signalfd_siginfo signal{};
      if (::read(children.get(), &signal, sizeof signal) < 0 && errno != EAGAIN) break;
      is_over = reap(program, status, WNOHANG);
    }
    if (wait[1].revents) break;
  }
  if (is_over && has_no_children()) return status;
  // -1 is everybody in this pid namespace but init. Without one of its own (a test's keeper) it
  // would be everybody on the machine.
  ::kill(::getpid() == 1 ? -1 : program, SIGKILL);
  int late = 0;
  if (reap(program, late, 0) && !is_over) status = late;
  return status;
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

void run_program(Plan& plan, InitMessage& message) {
  become_box_user(plan);
  forbid_nested_user_namespaces();
  mount_run_folders(plan.request.limits);
  const auto box = fill_box(plan);
  check(::sethostname("box", 3), "sethostname");
  const auto ruleset = layers.landlock ? build_landlock_ruleset() : UniqueFd();
  const auto confinement = prepare_confinement(plan, ruleset.get());
  const auto children = watch_children();
  const auto program = start_program(confinement, message.failure);
  if (message.failure.error != 0) return;
  // Ours would keep the pipes open after the program has closed its own.
  plan.input.reset();
  plan.output.reset();
  plan.errors.reset();
  send(plan, {.type = InitMessage::Type::started}, plan.request.collect.empty() ? -1 : box.get());
  message.type = InitMessage::Type::ended;
  message.wait_status = await_end(plan, program, children);
  ::getrusage(RUSAGE_CHILDREN, &message.usage);
  rusage own{};
  ::getrusage(RUSAGE_SELF, &own);
  message.own_peak_kib = own.ru_maxrss;
}

}  // namespace

void init_main(Plan& plan) {
  InitMessage message{.type = InitMessage::Type::failed};
  try {
    run_program(plan, message);
  } catch (const Error& refused) {
    set_failure(message.failure, refused.text().what.c_str(), refused.code());
  } catch (const std::exception&) {
    set_failure(message.failure, "memory for init", ENOMEM);
  }
  send(plan, message);
  ::_exit(0);
}

}  // namespace daemonz::sandbox
