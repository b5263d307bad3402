// The retry tokens of one queue, each remembered for the dedupe window. Not their records: the
// store writes these, and keeps them as long as a token stands here.
#pragma once

#include <cstdint>
#include <optional>
#include <unordered_map>
#include <utility>

#include "base/clock.h"
#include "journal/record.h"
#include "queue/fifo.h"
#include "queue/requests.h"

namespace daemonz::queue {

/// Threads: one.
class TokenMemory {
 public:
  struct Token {
    SteadyTime until;
    journal::Locator at;         ///< the item that it stored; 0:0: that is gone
    journal::Locator logged_at;  ///< the record that brings it back at a restart
  };

  /// nullptr: not known (any more).
  [[nodiscard]] Token* find(const KeyHash& id, SteadyTime now) {
    const auto found = tokens_.find(id);
    return found == tokens_.end() || found->second.until <= now ? nullptr : &found->second;
  }
  /// Gives the record that is not needed for this token any more, if there was one.
  std::optional<journal::Locator> remember(const KeyHash& id, const Token& token) {
    std::optional<journal::Locator> before;
    const auto [place, is_new] = tokens_.try_emplace(id, token);
    if (!is_new) before = std::exchange(place->second, token).logged_at;
    order_.push({token.until, id, token.logged_at.segment}, Fifo<Slot>::End::tail);
    return before;
  }
  /// Forgets one token whose time is over, and gives its record. nullopt: there is none.
  [[nodiscard]] std::optional<journal::Locator> forget_one(SteadyTime now) {
    while (!order_.is_empty() && order_.front().until <= now) {
      const auto found = tokens_.find(order_.front().id);
      order_.pop_front();
      if (found == tokens_.end() || found->second.until > now) continue;
      const auto logged_at = found->second.logged_at;
      tokens_.erase(found);
      return logged_at;
    }
    return std::nullopt;
  }
  void item_gone(const KeyHash& id, journal::Locator at) { item_moved(id, at, {}); }
  void item_moved(const KeyHash& id, journal::Locator from, journal::Locator to) {
    const auto found = tokens_.find(id);
    if (found != tokens_.end() && found->second.at == from) found->second.at = to;
  }
  /// visit(id, Token&) for the tokens whose record stands in `segment`: see Fifo::visit_segment. It
  /// may change where that is.
  template <class Visitor>
  bool visit_segment(std::uint32_t segment, std::uint64_t& chunks, Visitor&& visit) {
    return order_.visit_segment(segment, chunks, [&](Slot& slot) {
      const auto found = tokens_.find(slot.id);
      slot.segment = segment_elsewhere;  // remembered again since: another slot stands for it
      if (found == tokens_.end() || found->second.until != slot.until) return true;
      const bool goes_on = visit(slot.id, found->second);
      slot.segment = found->second.logged_at.segment;
      return goes_on;
    });
  }
  [[nodiscard]] std::unordered_map<KeyHash, Token>& all() { return tokens_; }
  void clear() {
    tokens_.clear();
    order_.clear();
  }

 private:
  static constexpr std::uint32_t segment_elsewhere = UINT32_MAX;
  struct Slot {
    SteadyTime until;
    KeyHash id;
    std::uint32_t segment;
  };
  std::unordered_map<KeyHash, Token> tokens_;
  Fifo<Slot> order_;  ///< by the end of their time
};

}  // namespace daemonz::queue
