// What was promised to whom, and what was seen: the invariants of delivery.md as bookkeeping. It
// watches both ends (what clients ask and hear, what the server hands out) and throws Violation as
// soon as the two cannot both be true. Not a model of the queue: it knows no order of events but
// the ones that it was told.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <stdexcept>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/clock.h"
#include "base/units.h"

namespace daemonz::simulation {

/// A promise was broken. what() names the row of delivery.md.
class Violation : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

[[noreturn]] void violated(const std::string& row, const std::string& what);

/// What is heard of bodies that hold this text is told on stderr; empty: nothing.
inline std::string traced;

using LinkId = std::uint64_t;
using DeliveryId = std::uint64_t;

struct Put {
  std::string queue;
  int priority = 4;
  Milliseconds delay{0};
  bool is_durable = true;      ///< durability: always
  int producer = 0;            ///< who puts one after the other; 0: no order is promised
  std::string replaces;        ///< body of the item that this one succeeds
  bool may_be_popped = false;  ///< somebody takes it with plain gets
  int deliveries_max = 0;      ///< 0: it does not matter
  std::optional<WallTime> expires_at;
  Milliseconds life{0};    ///< it expires so long after the server had it; 0: not for that
  std::string expires_to;  ///< queue; empty: it is dropped then
  std::string unique;      ///< key; empty: none
};

/// The lease of an item that comes back when its connection or the server is lost, not before.
inline constexpr Milliseconds open_item{1'000'000'000};

struct HandOut {
  std::string body, queue;
  DeliveryId id = 0;
  LinkId link = 0;
  Milliseconds lease{0};    ///< 0: a plain pop; see also open_item
  bool is_cut_off = false;  ///< the server died in this turn: whether it counts is open
};

/// ack_with_pop: answered before it is durable.
enum class Settle { ack, ack_with_pop, replace, nack, undo, dead, bury };
enum class Heard { done, gone, unknown };

/// Threads: one. Bodies are the names of items: no two puts have the same.
class Ledger {
 public:
  /// `clock` is a loan. `takeover`: after a restart a lease is kept so long for its holder.
  Ledger(const Clock& clock, Milliseconds takeover) : clock_(clock), takeover_(takeover) {}

  // --- clients
  void put_sent(const std::string& body, const Put& put);
  void put_confirmed(const std::string& body);
  void put_refused(const std::string& body);  ///< for certain: it was never stored
  /// Another item holds its unique key.
  void put_clashed(const std::string& body, bool may_hold_it_itself);
  void settle_sent(const std::string& body, DeliveryId id, Settle how);
  void settle_heard(const std::string& body, DeliveryId id, Settle how, Heard heard);
  void touch_sent(const std::string& body, Milliseconds lease, LinkId link);
  void touch_heard(const std::string& body, DeliveryId id, Milliseconds lease, SteadyTime sent);
  enum class Steer { pause, resume, kick };
  void steer_sent(const std::string& queue, Steer how);
  void steer_heard(const std::string& queue, Steer how, Heard heard);

  // --- server and machine
  /// For those who trace.
  void happens(const std::string& what) const { trace(traced, what); }
  void handed_out(const HandOut& out);
  void pop_returned(const std::string& body);  ///< its client had gone before it had all of it
  void link_lost(LinkId link);                 ///< while the server lives
  void server_started();
  void power_cut();
  /// A hand-out of this turn that nobody saw may have been written all the same.
  void store_failed();
  /// delivery.md 21: a full disk may skip the record of a hand-out.
  void disk_is_full() { is_full_ = true; }
  void disk_has_space() { is_full_ = false; }
  void clock_moved(Milliseconds forward);

  /// Everything that is left was handed out as plain pops, and no fault is left: is all there?
  void close();
  [[nodiscard]] bool was_dead(const std::string& job) const { return dead_jobs_.contains(job); }
  [[nodiscard]] bool was_pushed(const std::string& job) const { return jobs_.contains(job); }
  void job_pushed(const std::string& job) { jobs_.insert(job); }
  void job_dead(const std::string& job) { dead_jobs_.insert(job); }
  [[nodiscard]] const std::set<std::string>& pushed_jobs() const { return jobs_; }
  [[nodiscard]] std::string unique_of(const std::string& body) { return item(body).put.unique; }
  [[nodiscard]] std::uint64_t hand_outs() const { return hand_outs_; }

 private:
  struct Lease {
    DeliveryId id = 0;
    std::set<LinkId> links;  ///< it may come back when one of these is lost
    SteadyTime until{};      ///< not before that, but for what follows
    Milliseconds moved{0};
    int starts = 0;           ///< of the server, when it was given or last touched
    int touch_starts = 0;     ///< when the touch under way was sent
    bool is_logged = true;    ///< as far as a hand-out is; a full disk may skip it, and a touch
    bool may_return = false;  ///< somebody asked for that, or a power cut forgot it
    bool is_open = false;     ///< see open_item
  };
  /// When something that was asked of a queue may have been done, in events.
  struct Asked {
    std::uint64_t sent = 0, last = 0;
    bool is_open = false;
    int power_cuts = 0;
    int lost = -1;  ///< starts of the server, when an answer did not come: it may still be done
  };
  struct Item {
    Put put;
    std::uint64_t order = 0;
    SteadyTime due{};
    Milliseconds moved{0};
    bool is_confirmed = false, is_refused = false;
    bool is_ended = false;  ///< for certain
    int ends_in_doubt = 0;
    std::uint64_t rides_since = 0;  ///< its end is for certain, but for a power cut; in events
    std::uint64_t sent = 0;         ///< in events
    bool is_popped = false, pop_in_doubt = false;
    int returned = 0;  ///< starts of the server, when a pop of it came back; 0: none did
    bool was_seen = false;
    int forgotten = 0;  ///< hand-outs that a power cut may have undone
    int hand_outs = 0, undos_sent = 0, undos_heard = 0, deaths_sent = 0;
    int starts = 0;      ///< of the server, when it was put
    int power_cuts = 0;  ///< when it was put
    std::map<DeliveryId, int>
        ride_cuts;  ///< power cuts, when the end of that delivery was asked for
    DeliveryId last_id = 0;
    int last_cuts = 0;                ///< power cuts, when it was last handed out
    std::uint64_t last_time = 0;      ///< of its last hand-out, in events
    std::uint64_t replaced_sent = 0;  ///< when its last successor was sent, in events
    bool has_lease = false;
    Lease lease;
    WallTime sent_wall{}, confirmed_wall{};
    Milliseconds moved_back{0};                             ///< when it was put
    std::uint64_t confirmed = 0, ended = 0, bury_sent = 0;  ///< in events
    bool is_buried = false;                                 ///< for certain, but for a kick
    bool is_key_in_doubt = false;  ///< it may have lost its unique key, and live on
  };

  [[nodiscard]] Item& item(const std::string& body);
  void trace(const std::string& body, const std::string& what) const;
  [[nodiscard]] std::string about(const std::string& body, const Item& item) const;
  void check_return(const std::string& body, const Item& item) const;
  void check_count(const std::string& body, const Item& item, const std::string& queue) const;
  void check_order(const std::string& body, Item& item, const std::string& queue);
  void check_succession(const std::string& body, Item& item);
  // steered.cc
  void check_queue(const HandOut& out, const Item& item) const;
  void check_expiry(const HandOut& out, const Item& item) const;
  void check_key(const HandOut& out, const Item& item) const;
  [[nodiscard]] bool may_be_expired(const Item& item) const;
  [[nodiscard]] static bool may_have_died(const Item& item) {
    return item.deaths_sent > 0 || item.hand_outs >= item.put.deliveries_max;
  }
  [[nodiscard]] bool may_have_been(const std::string& queue, Steer how, std::uint64_t since) const;
  void server_is_new();

  const Clock& clock_;
  const Milliseconds takeover_;
  std::unordered_map<std::string, Item> items_;
  std::set<std::string> leased_, riding_, jobs_, dead_jobs_;
  std::map<std::pair<std::string, int>, std::pair<std::uint64_t, std::string>> newest_seen_;
  std::map<int, std::uint64_t> orders_;
  std::map<std::string, std::vector<std::string>> keys_;  ///< unique key -> bodies put with it
  std::map<std::pair<std::string, Steer>, Asked> asked_;  ///< by queue
  std::map<std::string, std::uint64_t> paused_;           ///< queue -> when that was sent
  DeliveryId last_id_ = 0;
  Milliseconds moved_{0}, moved_back_{0};  ///< how far the wall clock was set, in all
  WallTime latest_wall_{};
  SteadyTime started_{};
  bool is_full_ = false;
  int starts_ = 0, power_cuts_ = 0;
  std::uint64_t events_ = 0, hand_outs_ = 0;
};

}  // namespace daemonz::simulation
