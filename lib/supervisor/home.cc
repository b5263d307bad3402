#include "supervisor/home.h"

#include <fcntl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <filesystem>
#include <map>
#include <memory>
#include <set>

#include "base/error.h"
#include "base/log.h"
#include "process/cgroup.h"
#include "process/tree.h"
#include "supervisor/log_sink.h"
#include "supervisor/state_file.h"

namespace daemonz::supervisor {
namespace {

constexpr Seconds kill_time(10);      // for SIGKILL to take effect on a busy machine
constexpr Seconds stop_time_max(60);  // of a stale instance: a start must not hang for long

// FNV-1a, 64 bit: a short stable name for a folder, the same in every version of the program.
std::string short_name_of(const std::string& path) {
  std::uint64_t hash = 0xcbf29ce484222325;
  for (const char c : path) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3;
  char text[17];
  std::snprintf(text, sizeof text, "%016llx", static_cast<unsigned long long>(hash));
  return text;
}

void signal_leader(const process::TreeMark& mark, int signal) {
  const auto pidfd = process::open_pidfd(mark.leader);
  if (!pidfd.is_open()) return;
  ::syscall(SYS_pidfd_send_signal, pidfd.get(), signal, nullptr, 0);
  ::syscall(SYS_pidfd_send_signal, pidfd.get(), SIGCONT, nullptr, 0);
}

int end_rank(const std::vector<const RecordedInstance*>& instances) {
  int alive = 0;
  Milliseconds patience{0};
  for (const auto* instance : instances) {
    if (!process::is_running(instance->mark.leader)) continue;
    ++alive;
    log::warn("supervisor", "stale instance of an earlier run is ended",
              {{"name", instance->name}, {"pid", instance->mark.leader.pid}});
    signal_leader(instance->mark, instance->stop_signal);
    patience = std::max(patience, instance->stop_timeout);
  }
  const auto deadline =
      real_clock().steady() + std::min(patience, std::chrono::milliseconds(stop_time_max));
  for (const auto* instance : instances) process::wait_for_end(instance->mark.leader, deadline);
  for (const auto* instance : instances) {
    if (!process::kill_tree(instance->mark, real_clock().steady() + kill_time))
      throw Error(ErrorText{.what = "cannot end the stale instance " + instance->name,
                            .where = "pid " + std::to_string(instance->mark.leader.pid),
                            .hint = "It does not die of SIGKILL: is it waiting for a device?"});
    if (!instance->mark.cgroup.empty()) process::remove_cgroup(instance->mark.cgroup);
  }
  return alive;
}

std::vector<RecordedInstance> recorded_in(const Home& home) {
  try {
    if (auto state = read_state_file(home.state_file)) return std::move(state->instances);
  } catch (const Error& problem) {  // torn or foreign: cgroup and marks still find the processes
    log::warn("supervisor", "state file is not readable", {{"why", problem.what()}});
  }
  return {};
}

// The output of instances that nobody takes over, as far as it still stands in their pipes.
class LastWords {
 public:
  explicit LastWords(const Home& home) : home_(home) {}

  void listen_to(const RecordedInstance& instance) {
    if (instance.daemon.empty() || instance.log_path.empty()) return;
    const auto pipe =
        home_.io_folder + "/" + instance.daemon + "." + std::to_string(instance.index);
    open(pipe, instance.log_path);
    if (!instance.stderr_path.empty()) open(pipe + ".err", instance.stderr_path);
  }
  void write_down() {
    for (const auto& sink : sinks_) sink->remove();
  }

 private:
  void open(const std::string& pipe, const std::string& log_path) {
    std::error_code ignored;
    if (!std::filesystem::is_fifo(pipe, ignored)) return;
    try {
      sinks_.push_back(std::make_unique<LogSink>(LogSinkOptions{.pipe = pipe},
                                                 log_files_.at(log_path, {.path = log_path})));
    } catch (const Error& problem) {
      log::warn("supervisor", "last output of an instance is lost", {{"why", problem.what()}});
    }
  }

  const Home& home_;
  LogFiles log_files_;
  std::vector<std::unique_ptr<LogSink>> sinks_;
};

int end_recorded(const std::vector<RecordedInstance>& instances) {
  std::map<int, std::vector<const RecordedInstance*>, std::greater<>> ranks;
  for (const auto& instance : instances)
    if (!instance.has_exited_well) ranks[instance.rank].push_back(&instance);
  int alive = 0;
  for (const auto& [rank, of_rank] : ranks) alive += end_rank(of_rank);
  return alive;
}

int end_group(const std::string& group, SteadyTime deadline) {
  if (!process::is_populated(group)) return 0;
  process::kill_cgroup(group);
  static_cast<void>(process::wait_until_empty(group, deadline));
  return 1;
}

// Launched, but not yet recorded when the supervisor died.
int end_unrecorded(const Home& home, const std::vector<RecordedInstance>& kept) {
  int alive = 0;
  const auto deadline = real_clock().steady() + kill_time;
  std::vector<std::string> tokens;
  std::set<std::string> groups;
  for (const auto& one : kept) {
    tokens.push_back(one.mark.token);
    groups.insert(one.mark.cgroup);
  }
  std::error_code ignored;
  if (!home.cgroup.empty())
    for (const auto& entry : std::filesystem::directory_iterator(home.cgroup, ignored))
      if (entry.is_directory(ignored) && !groups.contains(entry.path().string()))
        alive += end_group(entry.path(), deadline);
  for (;;) {
    const auto left = process::processes_with_token_prefix(home.token_prefix, tokens);
    if (left.empty()) return alive;
    alive += static_cast<int>(left.size());
    if (!process::kill_processes(left, deadline))
      throw Error(ErrorText{.what = "cannot end a process of an earlier run",
                            .where = "pid " + std::to_string(left[0].pid),
                            .hint = "It does not die of SIGKILL: is it waiting for a device?"});
  }
}

}  // namespace

Home home_of(const config::Config& config) {
  std::error_code ignored;
  auto folder = std::filesystem::weakly_canonical(config.state_dir, ignored).string();
  if (folder.empty()) folder = config.state_dir;
  const auto name = short_name_of(folder);
  const auto group = process::own_cgroup();
  return {.folder = folder,
          .lock_file = config.lock_file,
          .control_socket = folder + "/control.sock",
          .notify_folder = folder + "/notify",
          .io_folder = folder + "/io",
          .state_file = folder + "/state.json",
          .wishes_file = folder + "/wishes.json",
          .token_prefix = name,
          .cgroup = group ? *group + "/daemonz-" + name : ""};
}

std::string log_path_of(const config::Config& config) {
  return config.logger.kind == config::Logger::Kind::file ? config.logger.path
                                                          : config.resolve("log/daemonz.log");
}

std::string already_running_text(const config::Config& config, pid_t holder) {
  return "cannot start: already running (pid " + std::to_string(holder) + " holds " +
         config.shown(config.lock_file) + "). To restart it: daemonz restart";
}

process::LockFile take_lock(const Home& home, const config::Config& config) {
  auto lock = process::LockFile::try_acquire(home.lock_file);
  if (lock) return std::move(*lock);
  throw Error(
      already_running_text(config, process::LockFile::holder_of(home.lock_file).value_or(0)));
}

void log_to_file(const config::Config& config) {
  const auto path = log_path_of(config);
  std::error_code ignored;
  std::filesystem::create_directories(std::filesystem::path(path).parent_path(), ignored);
  log::to_file(path);
}

void prepare(const Home& home) {
  const auto lock_folder = std::filesystem::path(home.lock_file).parent_path().string();
  for (const auto& folder : {home.folder, lock_folder}) {
    std::error_code code;
    std::filesystem::create_directories(folder, code);
    if (code || ::access(folder.c_str(), W_OK) != 0)
      throw Error(ErrorText{.what = "cannot write to the folder",
                            .where = folder,
                            .hint = "It holds lock, socket and state: correct its rights, or set "
                                    "state_dir and master_file",
                            .code = code ? code.value() : errno});
  }
  std::error_code ignored;  // a folder that is not there is named when a socket is bound in it
  for (const auto& folder : {home.notify_folder, home.io_folder})
    std::filesystem::create_directory(folder, ignored);
}

std::vector<UniqueFd> hold_pipes(const Home& home) {
  std::vector<UniqueFd> held;
  std::error_code ignored;
  for (const auto& entry : std::filesystem::directory_iterator(home.io_folder, ignored))
    if (entry.is_fifo(ignored))
      held.emplace_back(::open(entry.path().c_str(), O_RDWR | O_NONBLOCK | O_CLOEXEC));
  return held;
}

IsKept is_named_in(const Plan& plan) {
  std::set<std::string> names;
  for (const auto& one : plan.instances) names.insert(file_name_of(one.daemon, one.index));
  return [names = std::move(names)](const RecordedInstance& one) {
    return names.contains(file_name_of(one.daemon, one.index));
  };
}

std::vector<RecordedInstance> take_stock(const Home& home, const IsKept& is_kept) {
  std::vector<RecordedInstance> kept, stale;
  for (auto& one : recorded_in(home)) {
    const bool is_there = one.has_exited_well ? one.mark.leader.boot_id == process::boot_id()
                                              : process::is_running(one.mark.leader);
    (is_there && is_kept(one) ? kept : stale).push_back(std::move(one));
  }
  LastWords last_words(home);
  for (const auto& one : stale) last_words.listen_to(one);
  end_recorded(stale);
  end_unrecorded(home, kept);
  last_words.write_down();
  return kept;
}

int end_stale_instances(const Home& home) {
  const auto recorded = recorded_in(home);
  LastWords last_words(home);
  for (const auto& one : recorded) last_words.listen_to(one);
  const int alive = end_recorded(recorded) + end_unrecorded(home, {});
  last_words.write_down();
  clean(home);
  return alive;
}

void clean(const Home& home) {
  for (const auto& file : {home.control_socket, home.state_file}) ::unlink(file.c_str());
  std::error_code ignored;
  for (const auto& of_instances : {home.notify_folder, home.io_folder})
    std::filesystem::remove_all(of_instances, ignored);
  if (!home.cgroup.empty()) process::remove_cgroup(home.cgroup);
}

}  // namespace daemonz::supervisor
