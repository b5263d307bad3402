// A store on a disk in RAM with a clock that the test moves, in verbs.
#pragma once

#include <map>
#include <memory>
#include <string>

#include "queue/open_store.h"
#include "support/faulty_disk.h"
#include "support/manual_clock.h"

namespace daemonz::tests {

using namespace std::chrono_literals;
using queue::PutOutcome;
using queue::PutRequest;
using queue::Settled;
using queue::Store;
using queue::TakeRequest;

/// restart() is a kill -9. With `small_segments` what happens in the background happens in
/// make_durable(). Threads: one.
class Shop {
 public:
  explicit Shop(queue::QueueOptions defaults = {}, std::optional<Bytes> small_segments = {})
      : defaults_(std::move(defaults)), small_segments_(small_segments) {
    open();
  }

  void restart() {
    store->flush();
    const auto image = disk->as_written();
    store.reset();
    disk = std::make_unique<FaultyDisk>(image);
    open();
  }
  void open() {
    store = queue::open_store({.journal = {.folder = "/data",
                                           .segment_size = small_segments_.value_or(mebibytes(16)),
                                           .memory = mebibytes(1),
                                           .disk = disk.get(),
                                           .by_hand = small_segments_ ? &by_hand_ : nullptr},
                               .queues = {.defaults = defaults_, .queues = own}},
                              clock);
  }

  PutOutcome put(const std::string& name, std::string_view body, PutRequest request = {}) {
    return store->put(QueueName(name), body, request).outcome;
  }
  /// The body, or "-" where nothing is ready.
  std::string pop(const std::string& name, TakeRequest request = {}) {
    const std::vector<QueueName> queues = {QueueName(name)};
    request.queues = queues;
    const auto taken = store->take(request);
    if (!taken) return "-";
    last_flags = taken->flags;
    const std::string body(taken->body);
    store->sent(taken->unsent);
    return body;
  }
  struct Leased {
    std::string body;
    queue::Delivery delivery;
    std::uint32_t deliveries;
  };
  Leased lease(const std::string& name, Milliseconds time = 10s,
               TakeRequest::Mode mode = TakeRequest::Mode::lease,
               queue::ConnectionId connection = 0) {
    const std::vector<QueueName> queues = {QueueName(name)};
    const auto taken =
        store->take({.queues = queues, .mode = mode, .lease = time, .connection = connection});
    if (!taken) return {"-", {QueueName(name), 0}, 0};
    return {std::string(taken->body), {QueueName(name), taken->delivery}, taken->deliveries};
  }
  void pass(Milliseconds time) {
    clock.advance(time);
    store->advance();
  }
  void make_durable() {
    store->flush();
    by_hand_.end_ride();
    while (by_hand_.commit()) {
    }
    by_hand_.make_spare();
  }
  /// And one slice is cleaned.
  void turn() {
    make_durable();
    store->advance();
  }
  queue::QueueFigures figures(const std::string& name) {
    for (const auto& each : store->figures())
      if (each.name == name) return each;
    return {};
  }

  ManualClock clock;
  std::map<std::string, queue::QueueOptions, std::less<>> own;
  std::unique_ptr<FaultyDisk> disk = std::make_unique<FaultyDisk>();
  std::uint32_t last_flags = 0;

 private:
  queue::QueueOptions defaults_;
  std::optional<Bytes> small_segments_;
  journal::ByHand by_hand_;

 public:
  std::unique_ptr<Store> store;
};

}  // namespace daemonz::tests
