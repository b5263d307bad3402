// The clients besides processors: one pushes jobs and plain items with retry tokens, one pops plain
// items in every way that the protocol has, one steers queues. They tell the ledger what they do.
#pragma once

#include <string>
#include <vector>

#include "simulation/world.h"

namespace daemonz::simulation {

/// Where plain items stand: plain and loose (durability never), aged, whose items expire into late.
inline constexpr Milliseconds max_age{3'000};

/// Threads: one. What is unknown is put again with the same token until it is known or too old.
class Producer {
 public:
  Producer(World& world, int number) : world_(world), number_(number), caller_(world) {}
  void step();
  [[nodiscard]] bool is_idle() const { return bodies_.empty(); }
  /// The process dies: what was under way stays unknown.
  void crash();

 private:
  void begin_job();
  void begin_item();
  void begin_aged();
  void begin_many();
  void ask();
  void conclude(const Answer& answer);

  World& world_;
  int number_;  ///< another one after each put of unknown end: its bytes may still be on the way
  Caller caller_;
  std::string command_, job_;
  std::vector<std::string> bodies_;  ///< of the put under way
  bool was_lost_ = false;            ///< an earlier try of it has no answer
  bool has_token_ = false;
  WallTime first_try_{};
};

/// Threads: one.
class Popper {
 public:
  Popper(World& world, std::string queues)
      : world_(world), queues_(std::move(queues)), caller_(world) {}
  void step();
  [[nodiscard]] bool is_idle() const { return !caller_.is_asking() && body_.empty(); }
  void crash();

 private:
  enum class Mode { pop, lease, open };

  void ask();
  void settle();
  void settle_open();
  void replace();
  void conclude(const Answer& answer);

  World& world_;
  const std::string queues_;
  Caller caller_;
  std::string body_, queue_;  ///< of the item in hand
  std::string successor_;     ///< its body, while that is asked for
  DeliveryId id_ = 0;
  LinkId link_ = 0;  ///< that the item in hand is open on
  Mode mode_ = Mode::pop;
  std::optional<Settle> asked_;
};

/// Threads: one. Pauses and resumes queues, and kicks what is buried or dead.
class Steward {
 public:
  explicit Steward(World& world) : world_(world), caller_(world) {}
  void step();
  [[nodiscard]] bool is_idle() const { return !caller_.is_asking(); }

 private:
  World& world_;
  Caller caller_;
  std::string queue_;
  Ledger::Steer how_{};
};

}  // namespace daemonz::simulation
