// Copy-forward: what lives in the oldest segment of the log is written again at its end, so that
// the segment can go and the disk use stays bounded. In slices, between the turns of the store's
// owner. Not when a segment has to go: that is the journal's to say (journal/space.cc).
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "journal/record.h"
#include "queue/fifo.h"
#include "queue/requests.h"
#include "queue/tokens.h"

namespace daemonz::queue {

class JournaledStore;
class Queue;
struct Item;

/// Part of its store. Threads: one. What survives a crash: each copy says all about its item, and
/// a segment goes when the copies are durable; so one of the two is there, or both.
class Cleaner {
 public:
  explicit Cleaner(JournaledStore& store) : store_(store) {}

  /// One slice: of about a millisecond at most, and as much as the appends and releases since the
  /// last one ask for.
  void work();
  /// There is more to do at once, whether or not something happens.
  [[nodiscard]] bool goes_on() const { return goes_on_; }
  /// The items of an emptied queue: the log knows that they are gone, their segments not yet.
  void add_emptied(Fifo<journal::Locator>&& fifo) { emptied_.push_back(std::move(fifo)); }
  /// Its tokens likewise.
  void add_emptied(TokenMemory&& tokens, std::size_t record_size) {
    emptied_tokens_.push_back({std::move(tokens), record_size});
  }

 private:
  void earn();
  void release_emptied();
  void release_emptied_tokens();
  void clean(std::uint32_t segment);
  bool clean_entries();
  bool clean_queue(Queue& queue);
  bool clean_tokens(Queue& queue);
  bool clean_ready(Queue& queue, std::uint8_t priority);
  /// Copies and gives the place of the copy; the same place: there is no room for it, or the disk
  /// has failed.
  [[nodiscard]] journal::Locator copy(journal::Locator from, Queue& queue, Item* item);
  void pay(std::size_t bytes);
  [[nodiscard]] bool can_pay() const { return slice_ > 0 && !is_stuck_; }

  JournaledStore& store_;
  struct EmptiedTokens {
    TokenMemory tokens;
    std::size_t record_size = 0;
  };
  std::vector<Fifo<journal::Locator>> emptied_;
  std::vector<EmptiedTokens> emptied_tokens_;
  std::uint32_t segment_ = 0;    ///< being cleaned
  std::string queue_;            ///< of the segment, all in queues before this one is done
  bool has_found_none_ = false;  ///< so far, in this pass over all queues
  std::uint64_t churn_seen_ = 0;
  std::uint64_t credit_ = 0;  ///< bytes that may be copied
  std::uint64_t slice_ = 0;   ///< what is left of this slice
  bool is_stuck_ = false, goes_on_ = false;
  bool was_late_ = false;  ///< the bound was broken when it was last looked at
  std::string body_;
};

}  // namespace daemonz::queue
