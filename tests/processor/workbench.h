// A processor over a broker in memory and a real SQLite file, with tasks that do what a test says.
#pragma once

#include <atomic>
#include <functional>
#include <map>
#include <string>
#include <thread>

#include "job_table/checkpoint.h"
#include "job_table/table.h"
#include "offline_tasks/broker_options.h"
#include "offline_tasks/registry.h"
#include "processor/processor.h"
#include "support/broker_double.h"
#include "support/temp_dir.h"

namespace daemonz::tests {

using namespace offline_tasks;

struct Workbench {
  Workbench() {
    options.database = database;
    options.pop_wait = Milliseconds(5'000);
    options.stop_grace = Milliseconds(5'000);
    options.connect_broker = [this] { return std::make_unique<BrokerDouble>(engine); };
    // Small, so that a test need not wait for people's times.
    options.lease = Milliseconds(300);
    options.heartbeat = Milliseconds(20);
  }

  void task(const std::string& name, Registry::Handler handler) {
    registry.add(name, {}, std::move(handler));
  }
  processor::Processor& make() {
    made = std::make_unique<processor::Processor>(options, registry);
    made->connect();
    return *made;
  }
  /// In a thread, until stop().
  void start() {
    made = std::make_unique<processor::Processor>(options, registry);
    runner = std::thread([this] { ended = made->run(); });
  }
  void finish() {
    if (made) made->stop();
    if (runner.joinable()) runner.join();
  }
  ~Workbench() { finish(); }

  static Envelope job(const std::string& task, const std::string& queue = "pulls") {
    Envelope job;
    job.id = new_job_id();
    job.task = task;
    job.queue = queue;
    job.created = real_clock().wall();
    job.max_attempts = 3;
    return job;
  }
  std::string push(const Envelope& job) {
    push_bytes(job.queue, job.encode());
    return job.id;
  }
  void push_bytes(const std::string& queue, const std::string& bytes) {
    BrokerDouble front(engine);
    if (front.push(QueueName(queue), bytes, {}).state != broker::PushState::confirmed)
      throw Error("the double refused a push");
  }
  /// The job that waits at this place of a queue.
  Envelope waiting(const std::string& queue, std::size_t at = 0) {
    return Envelope::decode(engine.items(queue).at(at).body).value();
  }
  std::optional<job_table::Job> row(const std::string& id) {
    const auto connection = db::connect(database);
    return job_table::Table(*connection).find(id);
  }

  TempDir folder;
  std::string database = "sqlite:" + (folder / "jobs.db");
  BrokerEngine engine;
  Registry registry;
  processor::Options options;
  std::unique_ptr<processor::Processor> made;
  processor::Ended ended{};
  std::thread runner;
};

}  // namespace daemonz::tests
