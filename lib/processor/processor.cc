#include "processor/processor.h"

#include <thread>

#include "base/log.h"
#include "db/migrations.h"
#include "job_table/table.h"
#include "processor/forked_task.h"
#include "processor/lane.h"
#include "processor/watchman.h"

namespace daemonz::processor {

namespace {

bool wants_warm(const Options& options) {
  return std::ranges::any_of(
      options.tasks, [](const auto& each) { return each.second.isolation != Isolation::thread; });
}

std::unique_ptr<process::WarmProcess> start_warm(const ForkedWork& work) {
  return process::WarmProcess::start(
      [&work](std::vector<UniqueFd> given) { return work.perform(std::move(given)); });
}

}  // namespace

struct Processor::Parts {
  Parts(Options options, const offline_tasks::Registry& registry,
        std::vector<offline_tasks::Services> lent)
      : services(std::move(lent)),
        forked{registry, [this](std::size_t lane) { return services_of(lane); }, options.database},
        warm(wants_warm(options) ? start_warm(forked) : nullptr),
        workshop(std::move(options), registry, warm.get()) {}

  const offline_tasks::Services* services_of(std::size_t lane) const {
    if (services.empty()) return nullptr;
    return &services[services.size() == 1 ? 0 : lane];
  }
  Lane& own() {
    if (!own_lane) own_lane = std::make_unique<Lane>(workshop, services_of(0), 0);
    return *own_lane;
  }

  std::vector<offline_tasks::Services> services;
  ForkedWork forked;
  std::unique_ptr<process::WarmProcess> warm;  // before any thread and connection
  Workshop workshop;
  std::unique_ptr<Lane> own_lane;  // of work_off() and reserve()
  std::vector<std::unique_ptr<Lane>> lanes;
  std::atomic<int> working{0};
  std::vector<std::thread> threads;  // last: ends first
};

Processor::Processor(Options options, const offline_tasks::Registry& registry,
                     std::vector<offline_tasks::Services> services)
    : parts_(std::make_unique<Parts>(std::move(options), registry, std::move(services))) {
  const auto given = parts_->services.size();
  if (given > 1 && given != static_cast<std::size_t>(parts_->workshop.options.threads))
    throw Error("services for " + std::to_string(given) + " threads were lent, there are " +
                std::to_string(parts_->workshop.options.threads));
}

Processor::~Processor() {
  parts_->workshop.stop.stop();
  for (auto& thread : parts_->threads) thread.join();
}

void Processor::stop() noexcept { parts_->workshop.stop.stop(); }
void Processor::quiet() noexcept {
  log::info("processor", "quiet: no further jobs");
  parts_->workshop.stop.quiet();
}
void Processor::hand_back_now() noexcept { parts_->workshop.stop.hand_back(); }

void Processor::connect() {
  auto& workshop = parts_->workshop;
  if (workshop.pool) {
    const auto connection = workshop.pool->take();
    job_table::migrate(*connection);
    if (workshop.signatures.is_on()) offline_tasks::SignatureGate::migrate(*connection);
  }
  const auto connection = workshop.connect_broker();
  (void)connection->queues();
  workshop.expand_queues(*connection);
}

namespace {

void connect_patiently(Processor& processor, Workshop& workshop) {
  Backoff backoff(workshop.options.unreachable_wait_max);
  while (!workshop.stop.is_stopping()) {
    try {
      return processor.connect();
    } catch (const db::NewerSchema&) {
      throw;
    } catch (const Error& problem) {
      const auto wait = backoff.next();
      log::warn("processor", "cannot start yet, waiting",
                {{"wait_ms", wait.count()}, {"problem", problem.what()}});
      workshop.stop.pause(wait);
    }
  }
}

}  // namespace

Ended Processor::run() {
  auto& workshop = parts_->workshop;
  connect_patiently(*this, workshop);
  if (workshop.stop.is_stopping()) return Ended::finished;
  for (int i = 0; i < workshop.options.threads; ++i) {
    auto& lane = *parts_->lanes.emplace_back(std::make_unique<Lane>(
        workshop, parts_->services_of(static_cast<std::size_t>(i)), static_cast<std::size_t>(i)));
    ++parts_->working;
    parts_->threads.emplace_back([this, &lane] {
      lane.work();
      --parts_->working;
      parts_->workshop.stop.wake();
    });
  }
  log::info("processor", "processor started",
            {{"name", workshop.options.name}, {"threads", workshop.options.threads}});
  if (workshop.options.on_ready) workshop.options.on_ready();
  const bool must_leave = Watchman(workshop, parts_->lanes, parts_->working).watch();
  if (!must_leave) wait_for_lanes();
  if (parts_->working == 0) return must_leave ? Ended::overdue : Ended::finished;
  workshop.stop.hand_back();
  const int released = workshop.heartbeat.release_all();
  log::warn("processor", "jobs handed back unfinished", {{"count", released}});
  return must_leave ? Ended::overdue : Ended::handed_back;
}

void Processor::wait_for_lanes() {
  auto& workshop = parts_->workshop;
  const auto is_over = [&] {
    return parts_->working == 0 || workshop.stop.is_handing_back_unlocked();
  };
  constexpr Milliseconds patience{500};  // a pop that takes longer waits for a silent engine
  const auto begin = real_clock().steady();
  const auto deadline = begin + workshop.options.stop_grace;
  while (parts_->working > 0 && !workshop.stop.is_handing_back() &&
         real_clock().steady() < deadline) {
    // Again and again: an interrupt may come a moment before its lane begins to wait.
    if (real_clock().steady() - begin >= patience)
      for (const auto& lane : parts_->lanes) lane->interrupt_pop();
    constexpr Milliseconds interval{50};
    workshop.stop.wait_for(interval, is_over);
  }
}

HttpDoorOptions Processor::door_options() {
  auto& workshop = parts_->workshop;
  return {.address = workshop.options.http,
          .connect_broker = workshop.options.connect_broker,
          .signing = workshop.options.signing,
          .is_stopping = [&workshop] { return workshop.stop.is_stopping(); },
          .record =
              [&workshop](const offline_tasks::Envelope& job, bool is_pushed) {
                is_pushed ? workshop.reports.pushed(job) : workshop.reports.not_pushed(job);
              },
          .status = [](const offline_tasks::JobId& id) { return offline_tasks::status(id); }};
}

Counts Processor::work_off(int limit) {
  Counts counts;
  std::optional<Reserved> reserved;
  while (counts.succeeded + counts.failed < limit && !parts_->workshop.stop.is_stopping() &&
         (reserved = reserve(Milliseconds(0))))
    parts_->own().handle(*reserved, nullptr, counts);
  return counts;
}

std::optional<Reserved> Processor::reserve(Milliseconds wait) {
  return parts_->own().reserve(wait);
}

offline_tasks::Outcome Processor::perform(const Reserved& reserved) {
  return parts_->own().perform(reserved);
}

bool Processor::settle(const Reserved& reserved, const offline_tasks::Outcome& outcome) {
  return parts_->own().settle(reserved, outcome);
}

}  // namespace daemonz::processor
