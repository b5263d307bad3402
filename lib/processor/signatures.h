// What signing means to the lanes of a processor: refused jobs are put aside without touching what
// belongs to the job that they pretend to be, successors are signed anew. Of this room only. The
// checks themselves: offline_tasks/signing.h.
#pragma once

#include <optional>

#include "db/pool.h"
#include "offline_tasks/signing.h"
#include "processor/processor.h"
#include "processor/settlement.h"

namespace daemonz::processor {

/// Kept of a refused job's bytes: enough to see who it was; a larger one is cut.
inline constexpr std::size_t refused_kept_max = 512 << 10;

/// Threads: any. Does nothing where signing is off. `pool` is a loan, or nullptr.
class Signatures {
 public:
  Signatures(offline_tasks::Signing signing, db::Pool* pool)
      : gate_(std::move(signing)), pool_(pool) {}

  [[nodiscard]] bool is_on() const { return gate_.signing().is_on(); }
  /// nullopt: it may run.
  [[nodiscard]] std::optional<offline_tasks::Refusal> refuse(const Reserved& reserved,
                                                             WallTime now);
  /// Where a refused delivery goes. All but the expired become a dead `raw` job with an id of its
  /// own: their words must not reach the row or the fence of the job that they pretend to be.
  [[nodiscard]] static Settlement bury(const Reserved& reserved, offline_tasks::Refusal why,
                                       WallTime now);
  /// Signs the successor in it, if there is one.
  void sign(Settlement& settlement, WallTime now) const;
  /// The engine has confirmed the settlement of this delivery.
  void settled(const Reserved& reserved, WallTime now);

 private:
  offline_tasks::SignatureGate gate_;
  db::Pool* pool_;
};

}  // namespace daemonz::processor
