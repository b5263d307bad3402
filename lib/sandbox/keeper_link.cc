#include "sandbox/keeper_link.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>

#include "base/error.h"
#include "base/log.h"
#include "process/launch.h"
#include "sandbox/keeper.h"
#include "sandbox/system.h"

namespace daemonz::sandbox {
namespace {

namespace fs = std::filesystem;

constexpr const char* room = "sandbox";
constexpr Seconds hello_max{15};   // a rehearsal's own limit is 10 s
constexpr Seconds goodbye_max{5};  // the keeper ends a run in well under one

// Built from nothing: see sandbox.md, point 11.
const std::vector<std::string> fixed_env = {"PATH=/usr/local/bin:/usr/bin:/bin", "HOME=/box",
                                            "TMPDIR=/tmp", "LANG=C.UTF-8"};

bool is_executable(const std::string& path) { return ::access(path.c_str(), X_OK) == 0; }

std::string hint_for(const Hello& hello) {
  if (hello.stage == "landlock") return "The kernel needs Landlock: lsm=landlock,... at boot";
  if (hello.stage == "user namespace" || hello.stage == "clone")
    return "Are user namespaces allowed? sysctl kernel.unprivileged_userns_clone=1 "
           "user.max_user_namespaces=10000";
  if (hello.stage == "mount /proc")
    return "In a container: its /proc must not be masked (unmask=ALL, or --privileged)";
  if (hello.stage.starts_with("cgroup v"))
    return hello.detail + "; limits \"auto\" takes what there is (lib/sandbox/LIMITS.md)";
  return "Programs are never run with less isolation; see lib/sandbox/THREATS.md";
}

[[noreturn]] void refuse_slot(const SlotOptions& options, const Hello& hello) {
  const auto where = options.state_folder + "/slots/" + std::to_string(options.number);
  if (hello.stage == "slot lock" && hello.error == EWOULDBLOCK) {
    const auto holder = hello.detail.substr(0, hello.detail.find('\n'));
    throw Error(ErrorText{.what = "sandbox slot " + std::to_string(options.number) +
                                  " is taken by pid " + (holder.empty() ? "?" : holder),
                          .where = where,
                          .hint = "Take another slot, or wait for that program",
                          .code = EWOULDBLOCK});
  }
  if (hello.stage == "slot lock")
    throw Error(ErrorText{.what = "cannot lock the sandbox slot",
                          .where = where,
                          .hint = "The state folder must be writable",
                          .code = hello.error});
  throw Error(ErrorText{.what = "cannot isolate programs on this machine: " + hello.stage,
                        .hint = hint_for(hello),
                        .code = hello.error});
}

std::vector<std::string> whole_env(const std::vector<std::string>& added) {
  auto env = fixed_env;
  for (const auto& variable : added) {
    const auto name = variable.substr(0, variable.find('=') + 1);
    std::erase_if(env, [&](const std::string& old) { return old.starts_with(name); });
    env.push_back(variable);
  }
  return env;
}

/// A step of ours that could not be done: verdict XX.
Result failed(std::string stage, int error) {
  Result result;
  result.ended = std::chrono::steady_clock::now();
  result.stage = std::move(stage);
  result.errno_value = error;
  return result;
}

/// Copies of what must not change or be reached through the run, and the files opened for it.
struct Prepared {
  UniqueFd image;
  std::vector<UniqueFd> files;
  std::vector<int> descriptors;  // in the order of protocol.h
};

Prepared prepare(const Program& program, int stdin_fd, int stdout_fd) {
  Prepared prepared;
  if (program.image.is_open()) {
    int image = program.image.get();
    if (!is_sealed(image)) {
      struct stat found {};
      if (::fstat(image, &found) != 0) throw_errno("image");
      // Of a folder or device there is no copy: an empty file that cannot be executed either.
      const auto size = S_ISREG(found.st_mode) ? static_cast<std::uint64_t>(found.st_size) : 0;
      prepared.image = sealed_copy(image, size, "program", "image");
      // What nobody may execute is not made executable by copying it.
      const bool is_executable = S_ISREG(found.st_mode) && (found.st_mode & 0111) != 0;
      if (!is_executable && ::fchmod(prepared.image.get(), 0644) != 0) throw_errno("image");
      image = prepared.image.get();
    }
    prepared.descriptors.push_back(image);
  }
  for (const int fd : {stdin_fd, stdout_fd, program.stderr_fd})
    if (fd >= 0) prepared.descriptors.push_back(fd);
  for (const auto& file : program.files) {
    int fd = file.fd.get();
    if (fd < 0) {
      prepared.files.emplace_back(::open(file.host_path.c_str(), O_RDONLY | O_CLOEXEC));
      fd = prepared.files.back().get();
      if (fd < 0) throw_errno("file " + file.name);
    }
    prepared.descriptors.push_back(fd);
  }
  return prepared;
}

}  // namespace

std::string find_keeper() {
  std::error_code ignored;
  const auto here = fs::read_symlink("/proc/self/exe", ignored).parent_path();
  for (const auto& candidate :
       {here / "daemonz-keeper", here / "../libexec/daemonz/daemonz-keeper"})
    if (is_executable(candidate)) return candidate;
  const char* path = std::getenv("PATH");
  const std::string list = path ? path : "";
  for (std::size_t start = 0; start < list.size();) {
    const auto end = std::min(list.find(':', start), list.size());
    const auto candidate = list.substr(start, end - start) + "/daemonz-keeper";
    if (is_executable(candidate)) return candidate;
    start = end + 1;
  }
  throw Error(
      ErrorText{.what = "cannot find daemonz-keeper",
                .where = here,
                .hint = "It is built and installed beside the other programs: script/build"});
}

KeeperLink::~KeeperLink() {
  socket_.reset();  // tells the keeper
  end();
}

void KeeperLink::start() {
  int ends[2];
  if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0)
    throw_errno("cannot make a socket pair for daemonz-keeper");
  UniqueFd ours(ends[0]);
  UniqueFd theirs(ends[1]);
  process::LaunchOptions launch;
  launch.argv = {options_.keeper_path,  "--slot",   std::to_string(options_.number), "--state",
                 options_.state_folder, "--limits", to_string(options_.limit_mode)};
  if (!options_.is_pinned) launch.argv.emplace_back("--not-pinned");
  if (runs_ > 0) launch.argv.emplace_back("--successor");
  if (is_companion_) launch.argv.emplace_back("--companion");
  launch.env.emplace();
  launch.descriptors = {{theirs.get(), keeper_socket}};
  keeper_.emplace(process::launch(launch));
  theirs.reset();  // only the keeper may hold its end, or its death would not show
  const timeval patience{hello_max.count(), 0};
  ::setsockopt(ours.get(), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  const auto packet = receive_packet(ours.get());
  const auto hello = packet ? decode_hello(packet->bytes) : std::nullopt;
  if (!hello)
    throw Error(ErrorText{.what = "daemonz-keeper ended before it was ready",
                          .where = options_.keeper_path,
                          .hint = "Is it of the same version as this program?"});
  if (!hello->is_ready) refuse_slot(options_, *hello);
  // Not less than this for any later run of the slot, whatever its next keeper would find.
  options_.limit_mode = limit_mode_named(hello->stage).value_or(options_.limit_mode);
  const timeval for_ever{};
  ::setsockopt(ours.get(), SOL_SOCKET, SO_RCVTIMEO, &for_ever, sizeof for_ever);
  const std::lock_guard lock(cancel_mutex_);
  socket_ = std::move(ours);
}

void KeeperLink::end() {
  if (!keeper_) return;
  // Child's destructor kills what does not end in time.
  if (!keeper_->wait(std::chrono::steady_clock::now() + goodbye_max))
    log::warn(room, "keeper did not end", {{"slot", options_.number}, {"pid", keeper_->pid()}});
  keeper_.reset();
}

std::optional<Result> KeeperLink::begin(const Program& program, int stdin_fd, int stdout_fd) {
  try {
    if (!socket_.is_open()) {
      end();
      start();
    }
    if (program.argv.empty()) return failed("request", EINVAL);
    if (program.files.size() > files_max) return failed("too many files", E2BIG);
    Request request{.number = ++runs_,
                    .argv = program.argv,
                    .env = whole_env(program.env),
                    .collect = program.collect,
                    .limits = program.limits,
                    .output_patience = program.output_patience,
                    .is_box_read_only = program.is_box_read_only,
                    .has_image = program.image.is_open(),
                    .has_stdin = stdin_fd >= 0,
                    .has_stdout = stdout_fd >= 0,
                    .has_stderr = program.stderr_fd >= 0};
    for (const auto& file : program.files)
      request.files.push_back({.name = file.name, .is_executable = file.is_executable});
    const auto prepared = prepare(program, stdin_fd, stdout_fd);
    if (send(request, prepared.descriptors)) return std::nullopt;
    if (errno != EPIPE && errno != ECONNRESET) return failed("request", errno);
    // It died since its last run: nothing has begun, so another keeper may begin.
    log::warn(room, "keeper died between runs", {{"slot", options_.number}});
    end();
    start();
    if (send(request, prepared.descriptors)) return std::nullopt;
    return failed("request", errno);
  } catch (const Error& refused) {
    return failed(refused.text().what, refused.code());
  }
}

bool KeeperLink::send(const Request& request, const std::vector<int>& descriptors) {
  const std::lock_guard lock(cancel_mutex_);
  if (!send_packet(socket_.get(), encode(request), descriptors)) return false;
  current_run_ = request.number;
  return true;
}

Result KeeperLink::await() {
  auto packet = receive_packet(socket_.get());
  const std::lock_guard lock(cancel_mutex_);
  current_run_ = 0;
  if (packet)
    if (auto result = decode_result(*packet)) return std::move(*result);
  log::warn(room, "keeper died during a run", {{"slot", options_.number}});
  socket_.reset();
  return failed("keeper", ECONNRESET);
}

void KeeperLink::cancel() noexcept {
  const std::lock_guard lock(cancel_mutex_);
  if (current_run_ == 0) return;
  try {
    // A full socket cannot be: nothing else is sent during a run.
    if (!send_packet(socket_.get(), encode_cancel(current_run_))) return;
  } catch (const std::exception&) {
    return;  // no memory for nine bytes: the wall limit still holds
  }
}

}  // namespace daemonz::sandbox
