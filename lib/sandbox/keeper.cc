#include "sandbox/keeper.h"

#include <fcntl.h>
#include <grp.h>
#include <sched.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <optional>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "sandbox/filter.h"
#include "sandbox/layers.h"
#include "sandbox/one_run.h"
#include "sandbox/view.h"

namespace daemonz::sandbox {
namespace {

// Runs of root's keepers have kernel users of their own, one per keeper: 1879048192..2147483647 is
// the range that systemd's UIDS-GIDS document leaves to nobody.
constexpr unsigned first_box_kernel_uid = 1'900'000'000;
constexpr int slots_max = 4096;
constexpr const char* companion_suffix = ".companion";  // slots/N.companion

void check(long result, const char* stage) {
  if (result < 0) throw_errno(stage);
}

/// Ends with the Slot, not with a signal to the terminal or the tree: it still has to clean up.
/// Blocked, not ignored: a run inherits default actions for all signals, and only has to unblock.
void block_signals() {
  for (int number = 1; number < NSIG; ++number)
    std::signal(number, SIG_DFL);  // KILL, STOP and the C library's own are refused
  sigset_t blocked;
  ::sigemptyset(&blocked);
  for (const int number : {SIGPIPE, SIGTERM, SIGINT, SIGHUP, SIGQUIT})
    ::sigaddset(&blocked, number);
  check(::sigprocmask(SIG_SETMASK, &blocked, nullptr), "signal mask");
}

/// Held until the last process of this slot is gone: init inherits the descriptor.
UniqueFd lock_slot(const KeeperOptions& options) {
  const auto folder = options.state_folder + "/slots";
  ::mkdir(options.state_folder.c_str(), 0755);
  ::mkdir(folder.c_str(), 0755);
  const auto path =
      folder + "/" + std::to_string(options.slot) + (options.is_companion ? companion_suffix : "");
  UniqueFd lock(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0644));
  if (!lock.is_open()) throw_errno("slot lock", path);
  const bool is_patient = options.is_successor || options.is_companion;
  if (::flock(lock.get(), LOCK_EX | (is_patient ? 0 : LOCK_NB)) != 0) {
    const int error = errno;
    char holder[32] = {};
    if (::pread(lock.get(), holder, sizeof holder - 1, 0) < 0) holder[0] = '\0';
    throw_errno("slot lock", path, holder, error);
  }
  const auto holder = std::to_string(::getppid()) + "\n";
  if (::ftruncate(lock.get(), 0) != 0 || ::pwrite(lock.get(), holder.data(), holder.size(), 0) < 0)
    throw_errno("slot lock", path);
  return lock;
}

/// To the slot's core, if this process may use several. The number of cores that a run can use.
int pin(const KeeperOptions& options) {
  cpu_set_t allowed;
  check(::sched_getaffinity(0, sizeof allowed, &allowed), "sched_getaffinity");
  const int count = CPU_COUNT(&allowed);
  if (!options.is_pinned) return count;
  int wanted = options.slot % count;
  for (int core = 0; core < CPU_SETSIZE; ++core) {
    if (!CPU_ISSET(core, &allowed) || wanted-- != 0) continue;
    cpu_set_t one;
    CPU_ZERO(&one);
    CPU_SET(core, &one);
    check(::sched_setaffinity(0, sizeof one, &one), "sched_setaffinity");
  }
  return 1;
}

/// As an ordinary user: a user namespace in which this process may do what root's keeper may.
void become_namespace_root(unsigned uid, unsigned gid) {
  check(::unshare(CLONE_NEWUSER), "user namespace");
  const auto line = [](unsigned id) {
    return std::to_string(id) + " " + std::to_string(id) + " 1";
  };
  write_file(AT_FDCWD, "/proc/self/setgroups", "deny", "setgroups");
  write_file(AT_FDCWD, "/proc/self/uid_map", line(uid), "uid_map");
  write_file(AT_FDCWD, "/proc/self/gid_map", line(gid), "gid_map");
}

void isolate_keeper(KeeperState& state, const KeeperOptions& options) {
  const int box_user = options.slot + (options.is_companion ? slots_max : 0);
  const auto uid = ::geteuid(), gid = ::getegid();
  if (uid == 0) {
    check(::setgroups(0, nullptr), "setgroups");
    state.box_kernel_uid = state.box_kernel_gid =
        first_box_kernel_uid + static_cast<unsigned>(box_user);
  } else {
    become_namespace_root(uid, gid);
    state.box_kernel_uid = uid;
    state.box_kernel_gid = gid;
  }
  check(::unshare(CLONE_NEWNS | (layers.net_namespace ? CLONE_NEWNET : 0)), "namespaces");
  enter_view();
}

/// Shows that every layer is to be had here, by a run that stops one step before execve.
void rehearse(KeeperState& state) {
  Request request;
  request.argv = {"rehearsal"};
  OneRun run(state, std::move(request), {});
  run.set_rehearsal();
  const auto result = run.run();
  if (result.verdict == Verdict::XX)
    throw_errno(result.stage, {}, {}, result.errno_value == 0 ? EIO : result.errno_value);
}

/// False: the Slot is gone.
bool answer(const Result& result) {
  std::vector<int> descriptors;
  for (const auto& file : result.collected) descriptors.push_back(file.fd.get());
  return send_packet(keeper_socket, encode(result), descriptors);
}

bool serve_one(KeeperState& state) {
  auto packet = receive_packet(keeper_socket);
  if (!packet) return false;
  if (packet->type() == MessageType::cancel) return true;  // of a run that has ended meanwhile
  auto request = decode_request(packet->bytes);
  if (!request) {
    Result result;
    result.stage = "request";
    result.errno_value = EPROTO;
    return answer(result);
  }
  OneRun run(state, std::move(*request), std::move(packet->descriptors));
  const auto result = run.run();
  return answer(result) && run.is_slot_there();
}

void say_hello(const Hello& hello) {
  if (!send_packet(keeper_socket, encode(hello))) ::_exit(1);
}

}  // namespace

int keep_slot(const KeeperOptions& options) {
  ::umask(022);
  try {
    block_signals();
    const auto lock = lock_slot(options);
    const int cores = pin(options);
    auto groups = GroupRoot::find(options.limit_mode);
    auto filter = build_filter(groups.mode());
    KeeperState state{.groups = std::move(groups),
                      .filter = std::move(filter),
                      .cores = cores,
                      .control = keeper_socket};
    state.groups.remove_stale();
    isolate_keeper(state, options);
    rehearse(state);
    say_hello({.is_ready = true, .stage = to_string(state.groups.mode())});
    while (serve_one(state)) {
    }
    return 0;
  } catch (const Error& refused) {
    const auto& text = refused.text();
    say_hello({.stage = text.what, .error = text.code, .detail = text.hint});
    return 1;
  }
}

namespace {

/// nullopt: not what a Slot writes.
std::optional<KeeperOptions> read_command_line(int argc, char** argv) {
  KeeperOptions options;
  for (int i = 1; i < argc; ++i) {
    const std::string_view name = argv[i];
    if (name == "--not-pinned") {
      options.is_pinned = false;
    } else if (name == "--successor") {
      options.is_successor = true;
    } else if (name == "--companion") {
      options.is_companion = true;
    } else if (++i == argc) {
      return std::nullopt;
    } else if (name == "--slot") {
      options.slot = std::atoi(argv[i]);
    } else if (name == "--state") {
      options.state_folder = argv[i];
    } else if (name == "--limits") {
      const auto mode = limit_mode_named(argv[i]);
      if (!mode) return std::nullopt;
      options.limit_mode = *mode;
    } else {
      return std::nullopt;
    }
  }
  if (options.slot < 0 || options.slot >= slots_max || options.state_folder.empty())
    return std::nullopt;
  return options;
}

}  // namespace

int keeper_main(int argc, char** argv) {
  const auto options = read_command_line(argc, argv);
  if (options && ::fcntl(keeper_socket, F_GETFD) >= 0) return keep_slot(*options);
  std::fputs(
      "daemonz-keeper holds one sandbox slot for another program of daemonz, which starts it "
      "itself.\nTo run a program in the sandbox: daemonz-run --help\n",
      stderr);
  return 2;
}

}  // namespace daemonz::sandbox
