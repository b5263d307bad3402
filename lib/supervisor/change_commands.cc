// The commands that change what runs while it runs: reload, scale, and the rolling restart.
#include <filesystem>
#include <ostream>

#include "base/error.h"
#include "base/json.h"
#include "process/lock_file.h"
#include "supervisor/answers.h"
#include "supervisor/commands.h"
#include "supervisor/control.h"
#include "supervisor/home.h"
#include "supervisor/plan.h"
#include "supervisor/wishes.h"

namespace daemonz::supervisor {
namespace {

constexpr int exit_done = 0;
constexpr int exit_not_done = 1;

int print_plan(const Caller& caller, const json::object& answer) {
  const auto* plan = json::array_of(answer, "plan");
  if (!plan || plan->empty()) {
    caller.talk << "daemonz: nothing has changed\n";
    return 0;
  }
  for (const auto& line : *plan) caller.data << std::string(line.as_string()) << '\n';
  caller.data.flush();
  return static_cast<int>(plan->size());
}

// Of what was started; a plan may start nothing.
int report_started(const Caller& caller, const json::object& answer) {
  const bool is_good = json::boolean_of(answer, "ok").value_or(false);
  return is_good && json::integer_of(answer, "ready") == 0 ? exit_done : report_up(caller, answer);
}

}  // namespace

int reload(const Caller& caller, const ReloadOptions& options) {
  const auto answer = answer_of(caller, {.command = Request::Command::reload,
                                         .is_waiting = options.is_waiting,
                                         .is_dry_run = options.is_dry_run});
  const int count = print_plan(caller, answer);
  if (options.is_dry_run || !options.is_waiting || count == 0) return exit_done;
  return report_started(caller, answer);
}

int scale(const Caller& caller, const ScaleOptions& options) {
  const auto answer = answer_of(caller, {.command = Request::Command::scale,
                                         .targets = {options.daemon},
                                         .instances = options.instances,
                                         .is_waiting = options.is_waiting});
  const int count = print_plan(caller, answer);
  return options.is_waiting && count > 0 ? report_started(caller, answer) : exit_done;
}

// One by one, from here: whoever interrupts it leaves the rest as it was.
int restart_rolling(const Caller& caller, const std::vector<std::string>& targets) {
  const auto status = answer_of(caller, {.command = Request::Command::status, .targets = targets});
  std::vector<std::string> names;
  for (const auto& row : *json::array_of(status, "instances")) {
    const auto& one = row.as_object();
    if (json::boolean_of(one, "wanted").value_or(false))
      names.push_back(*json::string_of(one, "daemon") + ":" +
                      std::to_string(*json::integer_of(one, "index")));
  }
  for (std::size_t done = 0; done < names.size(); ++done) {
    const auto answer =
        answer_of(caller, {.command = Request::Command::restart, .targets = {names[done]}});
    if (json::boolean_of(answer, "ok").value_or(false)) {
      caller.talk << "daemonz: " << names[done] << " is up again (" << done + 1 << " of "
                  << names.size() << ")\n";
      continue;
    }
    report_up(caller, answer);
    caller.talk << "daemonz: stopped there; " << names.size() - done - 1
                << " instances were not restarted\n";
    return exit_not_done;
  }
  return exit_done;
}

int keep_stopped(const Caller& caller, const std::vector<std::string>& targets) {
  const auto home = home_of(caller.config);
  const auto plan =
      make_plan(caller.config, std::filesystem::path(caller.program).parent_path().string());
  check_targets(caller.config, plan, targets);
  prepare(home);
  const auto dead = process::LockFile::last_holder_of(home.lock_file);
  auto lock = process::LockFile::try_acquire(home.lock_file);
  if (!lock) throw Error("a supervisor is starting at this moment; try again");
  auto wishes = read_wishes(home.wishes_file);
  for (const auto& instance : plan.instances)
    for (const auto& target : targets)
      if (is_meant(instance, target)) wishes.set_stopped(instance.daemon, instance.index, true);
  write_wishes(home.wishes_file, wishes);
  const auto left = take_stock(home, [&wishes](const RecordedInstance& one) {
    return !wishes.is_stopped(one.daemon, one.index);
  });
  if (left.empty())
    clean(home);
  else if (dead)
    lock->leave_to(*dead);  // `status` must go on telling that it has died
  caller.talk << "daemonz: was not running; noted for the next start\n";
  return exit_done;
}

void apply_wishes(config::Config& config) {
  try {
    read_wishes(home_of(config).wishes_file).apply_to(config);
  } catch (const Error&) {  // the supervisor tells it when it starts
  }
}

}  // namespace daemonz::supervisor
