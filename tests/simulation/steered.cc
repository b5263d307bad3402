// The ledger on queues as a whole, and on items that nobody settles: pause, kick and bury, unique
// keys, expiry.
#include <algorithm>

#include "simulation/ledger.h"

namespace daemonz::simulation {

void Ledger::steer_sent(const std::string& queue, Steer how) {
  trace(traced, "steers " + queue + " " + std::to_string(static_cast<int>(how)));
  auto& asked = asked_[{queue, how}];
  asked.sent = ++events_;
  asked.power_cuts = power_cuts_;
  asked.is_open = true;
  if (how != Steer::kick) return;
  for (auto& [body, item] : items_) {
    if (!queue.starts_with(item.put.queue)) continue;
    item.forgotten = std::max(item.forgotten, item.hand_outs);  // the count begins anew
  }
}

void Ledger::steer_heard(const std::string& queue, Steer how, Heard heard) {
  trace(traced, "steered " + queue + " heard " + std::to_string(static_cast<int>(heard)));
  auto& asked = asked_[{queue, how}];
  asked.last = ++events_;
  asked.is_open = false;
  if (heard == Heard::unknown) asked.lost = starts_;
  const bool may_be_lost = queue == "loose" && asked.power_cuts != power_cuts_;
  if (how == Steer::pause && heard == Heard::done && !may_be_lost) paused_[queue] = asked.sent;
}

bool Ledger::may_have_been(const std::string& queue, Steer how, std::uint64_t since) const {
  const auto found = asked_.find({queue, how});
  if (found == asked_.end()) return false;
  const auto& asked = found->second;
  return asked.is_open || asked.lost == starts_ || asked.last > since;
}

/// What was under way to the server is so no more.
void Ledger::server_is_new() {
  for (auto& [which, asked] : asked_)
    if (asked.is_open || asked.lost == starts_) asked.last = events_;
}

void Ledger::check_queue(const HandOut& out, const Item& item) const {
  const auto& put = item.put;
  const auto is_of = [&](const std::string& queue) {
    return out.queue == queue || out.queue == queue + ".dead";
  };
  if (!is_of(put.queue) && (put.expires_to.empty() || !is_of(put.expires_to)))
    violated("4", "in the wrong queue " + out.queue + ": " + about(out.body, item));
  const auto paused = paused_.find(out.queue);
  if (paused != paused_.end() && !may_have_been(out.queue, Steer::resume, paused->second))
    violated("queue-protocol.md, pause", "handed out while paused: " + about(out.body, item));
  const bool may_forget = !put.is_durable && power_cuts_ > item.power_cuts;
  if (item.is_buried && !may_forget && !may_have_been(put.queue, Steer::kick, item.bury_sent) &&
      !may_have_been(put.expires_to, Steer::kick, item.bury_sent))
    violated("queue-protocol.md, bury", "buried and handed out: " + about(out.body, item));
}

// --- expiry

/// The server may have got it at any time between the first sending and the confirmation.
bool Ledger::may_be_expired(const Item& item) const {
  const auto& put = item.put;
  // A dead queue feeds no further one.
  if (!put.expires_to.empty() && !may_have_died(item)) return false;
  const auto latest = std::max(latest_wall_, clock_.wall());
  if (put.expires_at && latest >= *put.expires_at) return true;
  return put.life > Milliseconds(0) &&
         latest >= item.sent_wall + put.life - (moved_back_ - item.moved_back);
}

void Ledger::check_expiry(const HandOut& out, const Item& item) const {
  const auto& put = item.put;
  const auto now = clock_.wall();
  const auto moved_back = moved_back_ - item.moved_back;
  if (!put.expires_to.empty() && out.queue.starts_with(put.expires_to)) {
    if (std::max(latest_wall_, now) < item.sent_wall + put.life - moved_back)
      violated("queue-protocol.md, expire_to", "moved early: " + about(out.body, item));
    return;
  }
  const bool is_over = put.life > Milliseconds(0) && item.is_confirmed &&
                       now >= item.confirmed_wall + put.life + moved_back;
  if (is_over || (put.expires_at && now >= *put.expires_at))
    violated("queue-protocol.md, expiry", "expired and handed out: " + about(out.body, item));
}

void Ledger::clock_moved(Milliseconds forward) {
  happens("clock moved by " + std::to_string(forward.count()) + " ms");
  const auto now = clock_.wall();
  latest_wall_ = std::max({latest_wall_, now, now - forward});
  (forward > Milliseconds(0) ? moved_ : moved_back_) +=
      std::max(forward, Milliseconds(0) - forward);
}

// --- unique keys

/// It lived when another one was put with its key, and that was confirmed.
void Ledger::check_key(const HandOut& out, const Item& item) const {
  if (item.put.unique.empty() || out.queue != item.put.queue) return;
  if (!item.is_confirmed || item.is_key_in_doubt || may_have_died(item)) return;
  for (const auto& body : keys_.at(item.put.unique)) {
    const auto& other = items_.at(body);
    if (body == out.body || !other.is_confirmed || other.put.replaces == out.body) continue;
    if (other.sent > item.confirmed)
      violated("queue-protocol.md, unique key",
               about(out.body, item) + " lives, and " + about(body, other) + " was stored");
  }
}

void Ledger::put_clashed(const std::string& body, bool may_hold_it_itself) {
  trace(body, "clashed");
  const auto& found = item(body);
  const bool may_be_held = std::ranges::any_of(keys_.at(found.put.unique), [&](const auto& each) {
    const auto& other = items_.at(each);
    if (each == body || other.is_refused) return false;
    const bool is_ended = other.is_ended && other.ended < found.sent;
    const bool is_popped = other.is_popped && !other.pop_in_doubt && other.returned == 0 &&
                           other.last_time < found.sent;
    return !is_ended && !is_popped;
  });
  if (!may_be_held && !may_hold_it_itself)
    violated("queue-protocol.md, unique key", "nobody holds the key of " + about(body, found));
  if (!may_hold_it_itself) put_refused(body);
}

}  // namespace daemonz::simulation
