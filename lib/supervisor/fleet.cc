#include "supervisor/fleet.h"

#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <map>
#include <tuple>

#include "base/error.h"

namespace daemonz::supervisor {
namespace {

auto order_of(const PlannedInstance& one) { return std::tie(one.rank, one.daemon, one.index); }

bool is_at(const Supervised& one, const std::string& daemon, int index) {
  return one.planned().daemon == daemon && one.planned().index == index;
}

bool is_gone(const Supervised& one) {
  return one.is_retired() && one.is_settled_down() && one.instance().state == State::stopped;
}

bool is_met(config::Condition condition, const Supervised& other) {
  const auto& there = other.instance();
  switch (condition) {
    case config::Condition::completed:
      return there.state == State::exited && other.has_ended_well();
    case config::Condition::started: return there.has_child;
    case config::Condition::ready: return there.is_ready;
  }
  return false;
}

bool is_up_as_wave(const Supervised& other) {
  const auto& there = other.instance();
  return !there.is_wanted || there.was_ready || there.state == State::exited;
}

}  // namespace

Supervised& Fleet::add(PlannedInstance planned) {
  const auto place = std::upper_bound(instances_.begin(), instances_.end(), planned,
                                      [](const PlannedInstance& fresh, const auto& known) {
                                        return order_of(fresh) < order_of(known->planned());
                                      });
  return **instances_.insert(
      place, std::make_unique<Supervised>(surroundings_, std::move(planned), feed_));
}

Supervised* Fleet::find(const std::string& daemon, int index) const {
  for (const auto& one : instances_)
    if (is_at(*one, daemon, index) && !one->is_retired()) return one.get();
  return nullptr;
}

Supervised* Fleet::find_retired(const std::string& daemon, int index) const {
  for (const auto& one : instances_)
    if (is_at(*one, daemon, index) && one->is_retired()) return one.get();
  return nullptr;
}

std::vector<PlannedInstance> Fleet::intended() const {
  std::vector<PlannedInstance> plan;
  for (const auto& one : instances_)
    if (!one->is_retired()) plan.push_back(one->intended());
  return plan;
}

void Fleet::put_in_order() {
  std::stable_sort(instances_.begin(), instances_.end(), [](const auto& one, const auto& other) {
    return order_of(one->intended()) < order_of(other->intended());
  });
}

bool Fleet::has_gone() const {
  return std::any_of(instances_.begin(), instances_.end(),
                     [](const auto& one) { return is_gone(*one); });
}

std::vector<const Supervised*> Fleet::remove_retired() {
  std::vector<const Supervised*> gone;
  std::erase_if(instances_, [&gone](const auto& one) {
    if (!is_gone(*one)) return false;
    gone.push_back(one.get());
    one->forget();
    return true;
  });
  return gone;
}

std::vector<Supervised*> Fleet::chosen(std::vector<std::string> targets, Reach reach) const {
  std::vector<Supervised*> found;
  const bool is_all = targets.empty();
  for (std::size_t i = 0; i < targets.size(); ++i) {
    bool is_known = false;
    for (const auto& instance : instances_) {
      if (!is_meant(instance->planned(), targets[i])) continue;
      is_known = true;
      if (std::find(found.begin(), found.end(), instance.get()) != found.end()) continue;
      found.push_back(instance.get());
      if (reach == Reach::with_dependencies)
        for (const auto& [name, condition] : instance->planned().config.depends_on)
          targets.push_back(name);
    }
    if (!is_known)
      throw Error(ErrorText{.what = "there is no daemon " + targets[i],
                            .hint = "daemonz status lists them"});
  }
  if (is_all)
    for (const auto& instance : instances_) found.push_back(instance.get());
  return found;
}

bool Fleet::may_start(const Supervised& candidate) const {
  const auto& config = candidate.planned().config;
  return std::all_of(instances_.begin(), instances_.end(), [&](const auto& other) {
    if (other->is_retired()) return true;
    const auto needed = config.depends_on.find(other->planned().daemon);
    if (needed != config.depends_on.end()) return is_met(needed->second, *other);
    return other->planned().config.start_order >= config.start_order || is_up_as_wave(*other);
  });
}

bool Fleet::has_excuse(const Supervised& candidate, SteadyTime now) const {
  const auto& needed = candidate.planned().config.depends_on;
  if (needed.empty()) return false;
  const auto long_enough = candidate.planned().policy.reset_after;
  return std::any_of(instances_.begin(), instances_.end(), [&](const auto& other) {
    const auto condition = needed.find(other->planned().daemon);
    if (condition == needed.end() || condition->second != config::Condition::ready) return false;
    const auto& there = other->instance();
    return !there.is_ready || !there.ready_since || now - *there.ready_since < long_enough;
  });
}

int Fleet::highest_living_rank() const {
  int highest = -1;
  for (const auto& instance : instances_)
    if (!instance->is_settled_down()) highest = std::max(highest, instance->planned().rank);
  return highest;
}

Milliseconds Fleet::stop_time() const {
  std::map<int, Milliseconds> slowest;
  for (const auto& one : instances_) {
    auto& rank = slowest[one->planned().rank];
    rank = std::max(rank, config::longest_stop(one->planned().config.stop));
  }
  Milliseconds sum{0};
  for (const auto& [rank, time] : slowest) sum += time;
  return sum;
}

std::optional<bool> Fleet::has_ended_well() const {
  bool is_any_wanted = false, is_good = true;
  for (const auto& one : instances_) {
    const auto& instance = one->instance();
    if (!one->is_settled_down()) return {};
    if (!instance.is_wanted) continue;
    is_any_wanted = true;
    const auto state = instance.state;
    if (state != State::fatal && state != State::exited && state != State::waiting) return {};
    is_good = is_good && state == State::exited && one->has_ended_well();
  }
  return is_any_wanted ? std::optional(is_good) : std::nullopt;
}

// Orphans of the trees are ours (subreaper). The instances' own children are looked at without
// being reaped, so that their status is not lost.
bool Fleet::reap() {
  // Children that end as soon as they begin must not keep us here: others wait for the loop.
  constexpr Milliseconds turn_max(5);
  const auto turn_end = real_clock().steady() + turn_max;
  bool is_done = false;
  do {
    siginfo_t info{};
    is_done = ::waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT) != 0 || info.si_pid == 0;
    const auto takes = [&info](const auto& one) { return one->take_ended(info.si_pid); };
    if (!is_done && std::none_of(instances_.begin(), instances_.end(), takes))
      ::waitpid(info.si_pid, nullptr, WNOHANG);
  } while (!is_done && real_clock().steady() < turn_end);
  for (const auto& instance : instances_) instance->look_at_tree();
  return is_done;
}

RecordedState Fleet::recorded() const {
  RecordedState state{.supervisor = process::identity_of(::getpid()).value_or(process::Identity{})};
  for (const auto& instance : instances_)
    if (auto one = instance->recorded()) state.instances.push_back(std::move(*one));
  return state;
}

}  // namespace daemonz::supervisor
