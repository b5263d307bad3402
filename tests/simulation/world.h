// What all actors of one simulation share, and how a client asks the server something. Not the
// schedule: run.h decides who acts when.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>

#include "simulation/database.h"
#include "simulation/ledger.h"
#include "simulation/machine.h"

namespace daemonz::simulation {

/// Faults that are planted in the actors, to see that the ledger sees them.
enum class Plant { none, skip_sync, ack_before_effect, forget_fence };

struct World {
  Random random;
  tests::ManualClock clock;
  Ledger ledger{clock, Milliseconds(3'000)};
  Database database;
  Machine machine;
  Plant plant = Plant::none;
  std::uint64_t serial = 0;  ///< makes each body another one
  bool is_ending = false;    ///< nothing new is begun, and nobody loses patience

  World(std::uint64_t seed, Machine::Options options, Plant the_plant)
      : random(seed), machine(std::move(options), random, clock, ledger), plant(the_plant) {}
};

struct Answer {
  enum class Kind { line, value, lost } kind = Kind::lost;
  std::string text;  ///< line: "STORED", ..; value: the body
  std::string queue;
  DeliveryId id = 0;
  bool is_unsent = false;  ///< lost: nobody listened, for certain nothing happened
};

/// A client's connection with one question at a time; made anew when it was lost. Threads: one.
class Caller {
 public:
  explicit Caller(World& world) : world_(world) {}
  ~Caller() { hang_up(); }
  Caller(const Caller&) = delete;
  Caller& operator=(const Caller&) = delete;

  /// `lease`: what a get asks for; 0: a plain pop.
  void ask(const std::string& request, Milliseconds lease = Milliseconds(0));
  [[nodiscard]] bool is_asking() const { return is_asking_; }
  /// nullopt: not yet.
  [[nodiscard]] std::optional<Answer> poll();
  void hang_up();
  [[nodiscard]] bool has_link(LinkId id) const { return link() == id && !link_->is_broken; }
  [[nodiscard]] LinkId link() const { return link_ ? link_->id : 0; }

 private:
  [[nodiscard]] std::optional<Answer> parse();

  World& world_;
  std::shared_ptr<Link> link_;
  bool is_asking_ = false;
};

[[nodiscard]] std::string set_command(const std::string& key, const std::string& body,
                                      std::int64_t exptime = 0);
/// done, gone or unknown, of what settles a delivery (nullopt: of what steers a queue). Throws
/// Violation when a full disk refuses what must go on there.
[[nodiscard]] Heard heard(const Answer& answer, std::optional<Settle> how);

}  // namespace daemonz::simulation
