#include "simulation/ledger.h"

#include <algorithm>

namespace daemonz::simulation {
namespace {

bool is_dead_queue(const std::string& queue) { return queue.ends_with(".dead"); }

}  // namespace

void violated(const std::string& row, const std::string& what) {
  throw Violation("delivery.md " + row + ": " + what);
}

Ledger::Item& Ledger::item(const std::string& body) {
  const auto found = items_.find(body);
  if (found == items_.end())
    violated("4", "bytes came out that nobody put: " + body.substr(0, 120));
  return found->second;
}

std::string Ledger::about(const std::string& body, const Item& item) const {
  return body.substr(0, 100) + " (queue " + item.put.queue + ", handed out " +
         std::to_string(item.hand_outs) + " times, last as " + std::to_string(item.last_id) +
         ", server started " + std::to_string(starts_ - item.starts) + " times since, " +
         std::to_string(power_cuts_ - item.power_cuts) + " power cuts)";
}

void Ledger::trace(const std::string& body, const std::string& what) const {
  if (traced != "*" && (traced.empty() || body.find(traced) == std::string::npos)) return;
  const auto now = std::chrono::duration_cast<Milliseconds>(clock_.steady().time_since_epoch());
  std::fprintf(stderr, "%ld start %d: %s  %s\n", static_cast<long>(now.count()), starts_,
               what.c_str(), body.substr(0, 200).c_str());
}

// --- clients

void Ledger::put_sent(const std::string& body, const Put& put) {
  trace(body, "put into " + put.queue);
  ++events_;
  auto& item = items_[body];
  item.put = put;
  item.sent = events_;
  item.due = clock_.steady() + put.delay;
  item.moved = moved_;
  item.starts = starts_;
  item.power_cuts = power_cuts_;
  item.sent_wall = clock_.wall();
  item.moved_back = moved_back_;
  if (!put.unique.empty()) keys_[put.unique].push_back(body);
  if (put.producer != 0) item.order = ++orders_[put.producer];
  if (put.replaces.empty()) return;
  auto& old = this->item(put.replaces);
  old.replaced_sent = events_;
  item.is_key_in_doubt = old.is_key_in_doubt;
}

void Ledger::put_confirmed(const std::string& body) {
  trace(body, "confirmed");
  auto& found = item(body);
  found.is_confirmed = true;
  found.confirmed = ++events_;
  found.confirmed_wall = clock_.wall();
  if (!found.put.is_durable) return;
  // One sync covers all that was appended before it.
  std::erase_if(riding_, [&](const auto& each) { return item(each).rides_since < found.sent; });
}

void Ledger::put_refused(const std::string& body) {
  trace(body, "refused");
  auto& found = item(body);
  if (found.was_seen) violated("3", "refused and handed out: " + about(body, found));
  found.is_refused = true;
}

void Ledger::settle_sent(const std::string& body, DeliveryId id, Settle how) {
  trace(body, "settles " + std::to_string(static_cast<int>(how)));
  ++events_;
  auto& found = item(body);
  switch (how) {
    case Settle::ack:
    case Settle::ack_with_pop: found.ride_cuts[id] = power_cuts_; [[fallthrough]];
    case Settle::replace: ++found.ends_in_doubt; return;
    case Settle::undo: ++found.undos_sent; break;
    case Settle::dead: ++found.deaths_sent; break;
    case Settle::bury: found.bury_sent = events_; break;
    case Settle::nack: break;
  }
  found.lease.may_return = true;
}

void Ledger::settle_heard(const std::string& body, DeliveryId id, Settle how, Heard heard) {
  trace(body, "settled " + std::to_string(static_cast<int>(how)) + " heard " +
                  std::to_string(static_cast<int>(heard)) + " of " + std::to_string(id));
  ++events_;
  auto& found = item(body);
  const bool is_end = how == Settle::ack || how == Settle::ack_with_pop || how == Settle::replace;
  // What rides may be answered, then forgotten by a power cut, and only then be heard.
  const bool is_forgotten = how == Settle::ack_with_pop && found.ride_cuts[id] != power_cuts_;
  if (heard == Heard::unknown || (heard == Heard::done && is_forgotten)) return;
  if (heard == Heard::gone) {
    if (is_end) --found.ends_in_doubt;
    return;
  }
  if (is_end && id < found.last_id && found.last_cuts == power_cuts_)
    violated("13", "delivery " + std::to_string(id) +
                       " was settled although a later one is out: " + about(body, found));
  if (how == Settle::undo) ++found.undos_heard;
  if (how == Settle::bury) found.is_buried = id >= found.last_id;
  if (is_end) found.is_ended = true, found.ended = events_;
  if (how != Settle::ack_with_pop) {
    if (is_end) riding_.erase(body);
    return;
  }
  found.rides_since = events_;
  riding_.insert(body);
}

void Ledger::touch_sent(const std::string& body, Milliseconds lease, LinkId link) {
  auto& found = item(body);
  found.lease.until = std::min(found.lease.until, clock_.steady() + lease);
  found.lease.links.insert(link);
  found.lease.touch_starts = starts_;
  found.lease.is_logged = found.lease.is_logged && !is_full_;
}

void Ledger::touch_heard(const std::string& body, DeliveryId id, Milliseconds lease,
                         SteadyTime sent) {
  auto& found = item(body);
  if (id != found.last_id) return;  // it was lost between the answer and its arrival
  // An answer of an earlier run: the lease may have come back in the run between, see below.
  if (found.lease.touch_starts != starts_) return;
  found.lease.until = sent + lease;
  found.lease.starts = found.lease.touch_starts;
  found.lease.is_logged = found.lease.is_logged && !is_full_;
}

// --- server and machine

void Ledger::check_return(const std::string& body, const Item& item) const {
  const auto& lease = item.lease;
  if (!item.has_lease || lease.may_return) return;
  auto until = lease.until;
  if (lease.starts != starts_) until = std::min(until, started_ + takeover_);
  if (clock_.steady() + (moved_ - lease.moved) >= until) return;
  const auto ms = [](auto d) {
    return std::to_string(std::chrono::duration_cast<Milliseconds>(d).count());
  };
  violated("12, 13", "handed out while its lease lives: " + about(body, item) + " now " +
                         ms(clock_.steady().time_since_epoch()) + " until " +
                         ms(lease.until.time_since_epoch()) + " started " +
                         ms(started_.time_since_epoch()) + " lease starts " +
                         std::to_string(lease.starts) + " starts " + std::to_string(starts_) +
                         " links " + std::to_string(*lease.links.begin()));
}

void Ledger::check_count(const std::string& body, const Item& item,
                         const std::string& queue) const {
  if (item.put.deliveries_max == 0) return;
  // Of each crash: the hand-out that it cut off, and one that a restart does not count.
  const int forgotten = item.forgotten + 2 * (starts_ - item.starts);
  if (!is_dead_queue(queue)) {
    if (item.hand_outs > item.put.deliveries_max + item.undos_sent + forgotten)
      violated("16", "handed out again and again: " + about(body, item));
  } else if (!is_dead_queue(item.put.queue) && item.deaths_sent == 0 &&
             item.hand_outs - 1 - item.undos_heard < item.put.deliveries_max) {
    violated("14, 16", "dead before its time: " + about(body, item));
  }
}

/// Who puts one item after the other sees them come out in that order, the first time.
void Ledger::check_order(const std::string& body, Item& item, const std::string& queue) {
  if (item.put.producer == 0 || item.put.delay > Milliseconds(0)) return;
  if (!item.was_seen && item.put.expires_to == queue) return;
  auto& [newest, newest_body] =
      newest_seen_[{item.put.queue + "/" + std::to_string(item.put.producer), item.put.priority}];
  // Expired and moved, but a power cut forgot the move, and by a clock set back it is young again.
  const bool is_young_again = item.put.life > Milliseconds(0) && item.power_cuts < power_cuts_ &&
                              item.moved_back < moved_back_;
  if (!item.was_seen && item.order < newest && !is_young_again)
    violated("FIFO", about(body, item) + " came out behind " + newest_body);
  if (item.order > newest) newest = item.order, newest_body = body;
}

/// An item and its successor never both live.
void Ledger::check_succession(const std::string& body, Item& item) {
  if (item.put.replaces.empty()) return;
  auto& old = this->item(item.put.replaces);
  if (old.last_time > old.replaced_sent && old.last_cuts == power_cuts_)
    violated("15",
             "both are there: " + about(body, item) + " and " + about(item.put.replaces, old));
  if (old.is_ended) return;
  old.is_ended = true;  // but for a power cut: it is handed out before it is durable
  old.ended = events_;
  old.rides_since = events_;
  riding_.insert(item.put.replaces);
}

void Ledger::handed_out(const HandOut& out) {
  trace(out.body, "handed out as " + std::to_string(out.id) + " of " + out.queue +
                      (out.is_cut_off ? ", cut off" : ""));
  ++events_;
  ++hand_outs_;
  auto& found = item(out.body);
  const auto& body = out.body;
  if (found.is_refused) violated("3", "refused and handed out: " + about(body, found));
  check_queue(out, found);
  check_expiry(out, found);
  check_key(out, found);
  const bool may_forget = !found.put.is_durable && power_cuts_ > 0;
  if (found.is_ended && !may_forget)
    violated("11", "acknowledged and handed out again: " + about(body, found));
  if (found.is_popped && !found.pop_in_doubt)
    violated("4", "popped and handed out again: " + about(body, found));
  if (clock_.steady() + (moved_ - found.moved) < found.due)
    violated("23", "handed out early: " + about(body, found));
  check_return(body, found);
  if (out.id <= last_id_)
    violated("12", "delivery id " + std::to_string(out.id) + " comes after " +
                       std::to_string(last_id_) + ": " + about(body, found));
  if (!out.is_cut_off) last_id_ = out.id;
  check_order(body, found, out.queue);
  check_succession(body, found);

  found.was_seen = true;
  ++found.hand_outs;
  check_count(body, found, out.queue);
  if (!out.is_cut_off) {
    found.last_id = out.id;
    found.last_cuts = power_cuts_;
    found.last_time = events_;
  }
  found.has_lease = out.lease > Milliseconds(0);
  found.is_popped = !found.has_lease;
  found.pop_in_doubt = out.is_cut_off || is_full_;
  found.is_buried = false;
  found.is_key_in_doubt = found.is_key_in_doubt || (found.is_popped && found.pop_in_doubt);
  if (is_full_) ++found.forgotten;
  if (!found.has_lease) return;
  found.lease = {.id = out.id,
                 .links = {out.link},
                 .until = clock_.steady() + out.lease,
                 .moved = moved_,
                 .starts = starts_,
                 .is_logged = !is_full_,
                 .may_return = out.is_cut_off,
                 .is_open = out.lease == open_item};
  leased_.insert(body);
}

void Ledger::pop_returned(const std::string& body) {
  trace(body, "pop returned");
  auto& found = item(body);
  found.is_popped = false;
  found.returned = starts_;
  found.is_key_in_doubt = true;
  --found.hand_outs;
}

void Ledger::link_lost(LinkId link) {
  for (const auto& body : leased_) {
    auto& found = items_.at(body);
    if (found.lease.links.contains(link)) found.lease.may_return = true;
  }
}

void Ledger::server_started() {
  trace(traced, "server started");
  // It may have come back in the run before, and waited for this one.
  if (clock_.steady() >= started_ + takeover_)
    for (const auto& body : leased_) {
      auto& lease = items_.at(body).lease;
      if (lease.starts != starts_) lease.until = std::min(lease.until, started_ + takeover_);
    }
  for (const auto& body : leased_) {
    auto& lease = items_.at(body).lease;
    lease.may_return = lease.may_return || !lease.is_logged || lease.is_open;
  }
  server_is_new();
  ++starts_;
  started_ = clock_.steady();
}

void Ledger::store_failed() {
  for (auto& [body, item] : items_) {
    ++item.deaths_sent;                         // its count may be higher than what was seen
    if (!item.was_seen) item.put.producer = 0;  // perhaps this is not its first time any more
    if (item.put.may_be_popped) item.returned = starts_;
    item.is_key_in_doubt = true;
  }
}

void Ledger::power_cut() {
  trace(traced, "power cut");
  ++power_cuts_;
  for (auto& [body, item] : items_) {
    item.lease.may_return = true;  // a hand-out is not waited for
    item.pop_in_doubt = true;
    item.forgotten = item.hand_outs;
  }
  for (const auto& body : riding_) items_.at(body).is_ended = false;  // ends_in_doubt stays
  riding_.clear();
  paused_.erase("loose");
}

void Ledger::close() {
  for (const auto& [body, item] : items_) {
    const bool may_forget = !item.put.is_durable && power_cuts_ > item.power_cuts;
    // That a pop came back is not waited for: a crash may leave it popped.
    const bool may_be_popped = item.is_popped || (item.returned != 0 && item.returned != starts_);
    if (!item.is_confirmed || item.is_ended || may_be_popped || item.ends_in_doubt > 0 ||
        may_forget || may_be_expired(item))
      continue;
    violated("5", "confirmed and lost: " + about(body, item));
  }
}

}  // namespace daemonz::simulation
