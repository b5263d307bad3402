#include "supervisor/plan.h"

#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <map>

#include "base/error.h"
#include "process/launch.h"
#include "supervisor/owner.h"

namespace daemonz::supervisor {
namespace {

bool is_executable(const std::string& path) {
  struct stat found {};
  return ::stat(path.c_str(), &found) == 0 && S_ISREG(found.st_mode) &&
         ::access(path.c_str(), X_OK) == 0;
}

// Replaces a command's program by the file it means. False: there is none.
bool resolve_program(std::string& program, bool is_path_only, const std::string& program_folder) {
  if (program.find('/') != std::string::npos) return is_executable(program);
  const auto beside = program_folder + "/" + program;
  if (!is_path_only && is_executable(beside)) {
    program = beside;
    return true;
  }
  const auto found = process::find_program(program);
  if (found) program = *found;
  return found.has_value();
}

// Tried out and taken back: root, too, may lack the right (CAP_SYS_RESOURCE) in a container.
bool may_raise(__rlimit_resource_t resource, rlim_t hard) {
  rlimit own{};
  ::getrlimit(resource, &own);
  if (hard <= own.rlim_max) return true;
  const rlimit raised{.rlim_cur = own.rlim_cur, .rlim_max = hard};
  const bool is_possible = ::setrlimit(resource, &raised) == 0;
  if (is_possible) ::setrlimit(resource, &own);
  return is_possible;
}

Policy policy_of(const config::Daemon& daemon) {
  Policy policy;
  // What daemonizes itself is ready when its main process is found, at the earliest.
  policy.is_ready_when_launched = daemon.ready.kind == config::Ready::Kind::started &&
                                  daemon.type == config::Daemon::Type::simple;
  policy.ready_timeout = daemon.ready.timeout;
  policy.stop_timeout = config::longest_stop(daemon.stop);
  policy.is_vital = daemon.is_vital;
  switch (daemon.restart.policy) {
    case config::Restart::Policy::always: policy.restart = RestartPolicy::always; break;
    case config::Restart::Policy::on_failure: policy.restart = RestartPolicy::on_failure; break;
    case config::Restart::Policy::never: policy.restart = RestartPolicy::never; break;
  }
  policy.delay = daemon.restart.delay;
  policy.delay_max = daemon.restart.max_delay;
  policy.factor = daemon.restart.factor;
  policy.jitter = daemon.restart.jitter;
  policy.reset_after = daemon.restart.reset_after;
  policy.limit = daemon.restart.limit;
  policy.within = daemon.restart.within;
  return policy;
}

class Planner {
 public:
  Planner(const config::Config& config, const std::string& program_folder)
      : config_(config), program_folder_(program_folder) {}

  Plan make() {
    std::map<std::pair<int, int>, int> levels;  // (start_order, depth) -> rank
    for (const auto& daemon : config_.daemons)
      if (!daemon.is_disabled) levels[{daemon.start_order, depth_of(daemon)}] = 0;
    std::error_code ignored;
    if (!config_.root_path.empty() && !std::filesystem::is_directory(config_.root_path, ignored))
      plan_.obstacles.push_back(config_.path + ": root_path: there is no folder " +
                                config_.root_path);
    int rank = 0;
    for (auto& [level, its_rank] : levels) its_rank = rank++;
    for (const auto& daemon : config_.daemons) {
      if (daemon.is_disabled) continue;
      check(daemon);
      for (int index = 0; index < daemon.instances; ++index)
        add(daemon, index, levels[{daemon.start_order, depth_of(daemon)}]);
    }
    std::stable_sort(plan_.instances.begin(), plan_.instances.end(), [](auto& a, auto& b) {
      return std::tie(a.rank, a.daemon, a.index) < std::tie(b.rank, b.daemon, b.index);
    });
    return std::move(plan_);
  }

 private:
  // `text`: "ready.http: ...", or with any other key of the daemon in front.
  std::string sentence(const config::Daemon& daemon, const std::string& text) const {
    auto place = daemon.places.find(text.substr(0, text.find_first_of(".:")));
    if (place == daemon.places.end()) place = daemon.places.find("");
    return (place == daemon.places.end() ? config_.path : place->second) + ": daemons." +
           daemon.name + "." + text;
  }
  void fault(const config::Daemon& daemon, const std::string& text) {
    plan_.faults.push_back(sentence(daemon, text));
  }
  void obstacle(const config::Daemon& daemon, const std::string& text) {
    plan_.obstacles.push_back(sentence(daemon, text));
  }

  void add(const config::Daemon& daemon, int index, int rank) {
    PlannedInstance planned{
        .name = daemon.instances > 1 ? daemon.name + ":" + std::to_string(index) : daemon.name,
        .daemon = daemon.name,
        .index = index,
        .rank = rank,
        .config = config::for_instance(daemon, index),
        .policy = policy_of(daemon)};
    find_program(planned, "command", planned.config.command);
    find_program(planned, "stop.command", planned.config.stop.command);
    find_program(planned, "ready.exec", planned.config.ready.command);
    if (planned.config.health)
      find_program(planned, "health.exec", planned.config.health->check.command);
    // Its ${index} may make each another one's.
    if (index == 0 ||
        std::tie(planned.config.user, planned.config.group) != std::tie(daemon.user, daemon.group))
      check_user(planned.config);
    // Faults are told by now, and a launch sets its own variables: a thousand need megabytes.
    planned.config.places.clear();
    for (const char* name : {"DAEMONZ_NAME", "DAEMONZ_INDEX"}) planned.config.env.erase(name);
    plan_.instances.push_back(std::move(planned));
  }

  void find_program(const PlannedInstance& planned, const std::string& key,
                    std::vector<std::string>& command) {
    const bool is_path_only = planned.config.is_path_only;
    if (command.empty() || resolve_program(command[0], is_path_only, program_folder_)) return;
    if (planned.index > 0) return;  // one sentence is enough
    const bool is_path = command[0].find('/') != std::string::npos;
    obstacle(planned.config,
             key + ": " + command[0] +
                 (is_path ? " is not there or not executable. Build or install it, or correct the "
                            "path"
                          : " is neither beside " + program_folder_ +
                                "/daemonz nor in PATH. Build or install it"));
  }

  // Longest chain of depends_on within the same start_order. The file has been checked by now, but
  // a cycle must not be endless.
  int depth_of(const config::Daemon& daemon) {
    if (const auto known = depths_.find(daemon.name); known != depths_.end()) return known->second;
    if (std::find(path_.begin(), path_.end(), daemon.name) != path_.end()) return 0;
    path_.push_back(daemon.name);
    int depth = 0;
    for (const auto& [name, condition] : daemon.depends_on) {
      const auto* other = config_.find_daemon(name);
      if (other && !other->is_disabled && other->start_order == daemon.start_order)
        depth = std::max(depth, depth_of(*other) + 1);
    }
    path_.pop_back();
    return depths_[daemon.name] = depth;
  }

  void check_user(const config::Daemon& daemon) {
    for (const auto& text : owner_of(daemon).obstacles) obstacle(daemon, text);
  }

  void check_limits(const config::Daemon& daemon) {
    for (const auto& [number, limit] : daemon.limits.resources)
      if (!may_raise(static_cast<__rlimit_resource_t>(number), limit.rlim_max))
        obstacle(daemon, "limits." + config::resource_name(number) +
                             ": is above the hard limit of this process, which it may not raise "
                             "(ulimit -H shows it)");
  }

  void check(const config::Daemon& daemon) {
    if (daemon.command.empty()) fault(daemon, "command: is missing");
    check_limits(daemon);
  }

  const config::Config& config_;
  const std::string& program_folder_;
  Plan plan_;
  std::map<std::string, int> depths_;
  std::vector<std::string> path_;  // of depth_of
};

}  // namespace

std::string file_name_of(const std::string& daemon, int index) {
  return daemon + "." + std::to_string(index);
}

std::string sentences_of(const Plan& plan) {
  std::string text;
  for (const auto* list : {&plan.faults, &plan.obstacles})
    for (const auto& sentence : *list) text += (text.empty() ? "" : "\n") + sentence;
  return text;
}

Plan make_plan(const config::Config& config, const std::string& program_folder) {
  return Planner(config, program_folder).make();
}

bool is_meant(const PlannedInstance& instance, const std::string& target) {
  return target == instance.daemon || target == instance.daemon + ":*" ||
         target == instance.daemon + ":" + std::to_string(instance.index);
}

void check_targets(const config::Config& config, const Plan& plan,
                   const std::vector<std::string>& targets) {
  for (const auto& target : targets)
    if (std::none_of(plan.instances.begin(), plan.instances.end(),
                     [&](const auto& one) { return is_meant(one, target); }))
      throw Error(ErrorText{.what = "there is no daemon " + target,
                            .where = config.path,
                            .hint = "daemonz check lists them"});
}

}  // namespace daemonz::supervisor
