// One machine with a queue server: the real store and the real sessions over a disk, a clock and
// connections that are all pretended, one turn at a time in one thread. It can be killed, cut from
// power, or stopped in the middle of any disk operation, and started again. Follows the turns of
// queue_server/server.cc.
#pragma once

#include <deque>
#include <map>
#include <memory>
#include <random>
#include <string>

#include "journal/background.h"
#include "queue/open_store.h"
#include "queue_server/hub.h"
#include "queue_server/session.h"
#include "simulation/ledger.h"
#include "support/faulty_disk.h"
#include "support/manual_clock.h"

namespace daemonz::simulation {

using Random = std::mt19937_64;
/// One in `n`.
inline bool chance(Random& random, unsigned n) { return random() % n == 0; }

/// One connection; both ends hold it. Bytes on their way are in the strings. Threads: one.
class Link final : public queue_server::Peer {
 public:
  explicit Link(LinkId the_id) : id(the_id) {}
  bool is_gone() override { return is_closed; }
  void has_output() override {}
  void authenticate(std::string, std::string) override {}

  const LinkId id;
  std::string to_server, to_client;
  bool is_closed = false;  ///< by the client
  bool is_broken = false;  ///< by the server: nothing more comes
  Milliseconds lease{0};   ///< what its get asks for; 0: a plain pop

 private:
  friend class Machine;
  struct Popped {
    std::uint64_t end;  // of its bytes in what this link ever sent
    std::string body;
  };
  std::unique_ptr<queue_server::Session> session_;
  std::uint64_t sent_ = 0, observed_ = 0;  // bytes of output
  std::string unparsed_;
  std::deque<Popped> pops_;
};

/// Threads: one. Throws Violation.
class Machine {
 public:
  struct Options {
    queue::AllOptions queues;
    Bytes segment_size = kibibytes(16);
    Milliseconds takeover{3'000};
  };
  Machine(Options options, Random& random, tests::ManualClock& clock, Ledger& ledger);
  ~Machine();

  [[nodiscard]] bool is_up() const { return store_ != nullptr; }
  [[nodiscard]] tests::FaultyDisk& disk() { return *disk_; }
  [[nodiscard]] queue::Store& store() { return *store_; }
  /// nullptr: nobody listens.
  [[nodiscard]] std::shared_ptr<Link> connect();

  /// May end in a crash, when the disk was told to stop; a full disk may refuse it.
  void start();
  void turn();
  void commit();  ///< what the background threads do, one piece of each
  enum class Crash { process, power };
  /// `how` it ends when the disk stops by itself.
  void plan_stop(std::uint64_t operations, Crash how);
  void crash(Crash how);
  void stop_cleanly();
  /// From the next start on: a disk whose syncs do nothing.
  void lie(tests::FaultyDisk::Lie lie);
  [[nodiscard]] std::uint64_t crashes() const { return crashes_; }

 private:
  void open();
  void take_down();
  void release_held();
  void receive(Link& link);
  void send(Link& link);
  void end_link(Link& link);
  void note_failure();
  /// What the sessions have put out since the last look, in the order of the store's work.
  void observe(bool is_cut_off);
  void observe_line(Link& link, std::vector<HandOut>& outs);
  bool crash_if_stopped();

  const Options options_;
  Random& random_;
  tests::ManualClock& clock_;
  Ledger& ledger_;
  std::unique_ptr<tests::FaultyDisk> disk_;
  tests::FaultyDisk::Lie lie_ = tests::FaultyDisk::Lie::none;
  journal::ByHand by_hand_;
  std::unique_ptr<queue::Store> store_;
  std::unique_ptr<queue_server::Hub> hub_;
  std::map<LinkId, std::shared_ptr<Link>> links_;
  LinkId last_link_ = 0;
  Crash planned_ = Crash::process;
  bool was_failed_ = false;  ///< at the start of this turn
  bool is_failure_noted_ = false;
  std::uint64_t crashes_ = 0;
};

}  // namespace daemonz::simulation
