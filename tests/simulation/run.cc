#include "simulation/run.h"

#include <array>

#include "offline_tasks/envelope.h"
#include "simulation/clients.h"
#include "simulation/worker.h"

namespace daemonz::simulation {
namespace {

using tests::FaultyDisk;

constexpr int steps_min = 200, steps_span = 600;
/// Rounds of the calm end: far more than any backlog here needs, each 200 ms.
constexpr int calm_rounds_max = 6'000;
constexpr Milliseconds forward_max{10'000};  // a clock set forward ages retry tokens

Machine::Options options_of(Random& random) {
  Machine::Options options;
  options.segment_size = kibibytes(chance(random, 2) ? 8 : 64);
  options.queues.defaults.max_deliveries = 5;
  auto never = options.queues.defaults;
  never.durability = queue::Durability::never;
  auto aged = options.queues.defaults;
  aged.max_age = max_age;
  aged.expire_to = "late";
  options.queues.queues = {{"loose", never}, {"aged", aged}};
  return options;
}

class Life {
 public:
  Life(std::uint64_t seed, Plant plant)
      : options_random_(seed ^ 0x9E3779B97F4A7C15ull),
        world_(seed, options_of(options_random_), plant),
        random_(world_.random) {
    fault_every_ = std::array{10'000'000u, 60u, 25u, 10u}[options_random_() % 4];
    for (int i = 1; i <= 3; ++i) producers_.push_back(std::make_unique<Producer>(world_, i));
    for (int i = 0; i < 3; ++i) workers_.push_back(std::make_unique<Worker>(world_));
    for (const auto* queues : {"plain", "loose,plain", "late,aged,plain"})
      poppers_.push_back(std::make_unique<Popper>(world_, queues));
    if (plant == Plant::skip_sync) world_.machine.lie(FaultyDisk::Lie::files);
  }

  void live(Report& report) {
    const auto steps = steps_min + static_cast<int>(options_random_() % steps_span);
    for (int i = 0; i < steps; ++i, ++report.steps) {
      if (chance(random_, fault_every_)) {
        fault();
        ++report.crashes;
      }
      step();
    }
    end(report);
    report.hand_outs = world_.ledger.hand_outs();
    report.jobs = world_.ledger.pushed_jobs().size();
  }

 private:
  template <class Actors>
  auto& any(Actors& actors) {
    return *actors[random_() % actors.size()];
  }

  void step() {
    auto& machine = world_.machine;
    if (!machine.is_up() && chance(random_, 4)) machine.start();
    if (!machine.is_up() && is_full_ && chance(random_, 8)) fill_disk(false);
    switch (random_() % 10) {
      case 0:
      case 1: return any(producers_).step();
      case 2:
      case 3:
      case 4: return any(workers_).step();
      case 5: return chance(random_, 6) ? steward_.step() : any(poppers_).step();
      case 6:
      case 7:
        if (machine.is_up()) machine.turn();
        return;
      case 8:
        if (machine.is_up()) machine.commit();
        return;
      default:
        return world_.clock.advance(Milliseconds(random_() % (chance(random_, 20) ? 5'000 : 200)));
    }
  }

  // --- what goes wrong
  void fault() {
    auto& machine = world_.machine;
    switch (random_() % 12) {
      case 0:
        if (machine.is_up()) machine.crash(Machine::Crash::process);
        return;
      case 1:
        if (machine.is_up()) machine.crash(Machine::Crash::power);
        return;
      case 2:
      case 3:
        return machine.plan_stop(1 + random_() % 12, chance(random_, 2) ? Machine::Crash::process
                                                                        : Machine::Crash::power);
      case 4:
        if (machine.is_up()) machine.stop_cleanly();
        return;
      case 5:
      case 6: return any(workers_).crash();
      case 7: return chance(random_, 2) ? any(workers_).hang() : any(workers_).go_on();
      case 8: return any(workers_).stop();
      case 9: return chance(random_, 2) ? any(producers_).crash() : any(poppers_).crash();
      case 10: return void(world_.database.is_away = !world_.database.is_away);
      case 11: return chance(random_, 2) ? move_clock() : disk_fault();
    }
  }

  void move_clock() {
    const Milliseconds by(static_cast<std::int64_t>(random_() % 20'000) - 10'000);
    if (by > Milliseconds(0)) {
      if (forward_ + by > forward_max) return;
      forward_ += by;
    }
    world_.clock.set_wall(world_.clock.wall() + by);
    world_.ledger.clock_moved(by);
  }

  void fill_disk(bool is_full) {
    is_full_ = is_full;
    world_.ledger.happens(is_full_ ? "disk full" : "space again");
    is_full_ ? world_.ledger.disk_is_full() : world_.ledger.disk_has_space();
    world_.machine.disk().limit_space(is_full_ ? random_() % 40'000 : UINT64_MAX);
  }

  /// A disk that fails is changed by the operator, and the machine cut from power for it.
  void disk_fault() {
    auto& machine = world_.machine;
    if (!machine.is_up()) return;
    if (is_full_ || chance(random_, 2)) return fill_disk(!is_full_);
    if (chance(random_, 2))
      machine.disk().fail_writes(EIO);
    else
      machine.disk().fail_syncs(EIO);
    const auto starts = machine.crashes();
    for (int i = 0; i < 60 && machine.crashes() == starts; ++i) step();
    if (machine.crashes() == starts) machine.crash(Machine::Crash::power);
    machine.disk().fail_writes(0);
    machine.disk().fail_syncs(0);
  }

  // --- the end: no more faults, everything is worked off and counted
  void end(Report& report) {
    auto& machine = world_.machine;
    world_.is_ending = true;
    world_.database.is_away = false;
    const bool is_well =
        machine.is_up() && !machine.store().is_failed() && !machine.disk().has_stopped();
    const bool goes_on = is_well && chance(random_, 4);
    if (machine.is_up() && !goes_on)
      machine.crash(chance(random_, 2) ? Machine::Crash::power : Machine::Crash::process);
    machine.disk().stop_never();
    fill_disk(false);
    if (!goes_on) machine.start();
    for (auto& popper : poppers_)
      if (chance(random_, 2)) popper->crash();  // what it has open comes back
    for (auto& worker : workers_) worker->go_on();
    for (int round = 0; !is_over(); ++round, ++report.steps) {
      if (round > calm_rounds_max) throw Violation("it does not come to an end: " + left());
      for (auto& each : producers_) each->step();
      for (auto& each : workers_) each->step();
      for (auto& each : poppers_) each->step();
      steward_.step();
      machine.turn();
      machine.commit();
      world_.clock.advance(Milliseconds(200));
    }
    drain();
    world_.ledger.close();
    for (const auto& job : world_.ledger.pushed_jobs())
      if (world_.database.effects[job] == 0 && !world_.ledger.was_dead(job))
        throw Violation("delivery.md 7: job " + job + " was pushed, and never ran");
  }

  bool is_over() {
    const auto is_idle = [](const auto& each) { return each->is_idle(); };
    return std::ranges::all_of(producers_, is_idle) && std::ranges::all_of(poppers_, is_idle) &&
           steward_.is_idle() && left().empty();
  }
  /// Queues of jobs that are not empty, and queues with items that nobody may have now.
  std::string left() {
    std::string names;
    for (const auto& each : world_.machine.store().figures()) {
      const bool is_of_jobs = each.name == "pulls" || each.name == "pushes";
      const auto count = each.leased + each.delayed + (is_of_jobs ? each.ready : 0);
      if (count > 0) names += each.name + "=" + std::to_string(count) + " ";
    }
    return names;
  }

  /// Buried items become ready; then plain pops, until nothing comes: what expires meanwhile may
  /// come to another queue.
  void drain() {
    for (auto& each : workers_) each->crash();
    for (const auto* queue : {"plain", "loose", "aged", "late"}) {
      steer(queue, Ledger::Steer::resume);
      steer(queue, Ledger::Steer::kick);
    }
    std::vector<std::string> queues;
    const auto has_ready = [&] {
      queues.clear();
      for (const auto& each : world_.machine.store().figures())
        if (each.ready > 0) queues.push_back(each.name);
      return !queues.empty();
    };
    for (int round = 0; has_ready(); ++round) {
      if (round > calm_rounds_max) throw Violation("nothing comes out of " + queues.front());
      for (const auto& queue : queues)
        for (auto answer = ask("gets " + queue); answer->kind == Answer::Kind::value;
             answer = ask("gets " + queue)) {
          const auto job = offline_tasks::Envelope::decode(answer->text);
          if (queue.ends_with(".dead") && job) world_.ledger.job_dead(job->id);
        }
    }
  }
  void steer(const std::string& queue, Ledger::Steer how) {
    world_.ledger.steer_sent(queue, how);
    const auto* verb = how == Ledger::Steer::kick ? "/kick=1000000" : "/resume";
    world_.ledger.steer_heard(queue, how, heard(*ask("delete " + queue + verb), std::nullopt));
  }
  std::optional<Answer> ask(const std::string& command) {
    operator_.ask(command + "\r\n");
    auto answer = operator_.poll();
    for (; !answer; answer = operator_.poll()) {
      world_.machine.turn();
      world_.machine.commit();
    }
    return answer;
  }

  Random options_random_;
  World world_;
  Random& random_;
  unsigned fault_every_;
  Milliseconds forward_{0};
  bool is_full_ = false;
  std::vector<std::unique_ptr<Producer>> producers_;
  std::vector<std::unique_ptr<Worker>> workers_;
  std::vector<std::unique_ptr<Popper>> poppers_;
  Steward steward_{world_};
  Caller operator_{world_};
};

}  // namespace

Report run(std::uint64_t seed, Plant plant) {
  Report report;
  try {
    Life life(seed, plant);
    life.live(report);
  } catch (const Violation& violation) {
    report.violation = violation.what();
  }
  return report;
}

}  // namespace daemonz::simulation
