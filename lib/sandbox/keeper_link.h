// The Slot's end of one keeper: starts the process, sends it runs, takes their results, starts it
// again when it has died. Not the keeper itself (keeper.h), and not the choice of what runs when
// (slot.cc). Follows sandbox.md, "Process tree, per slot", point 1.
#pragma once

#include <cstdint>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "base/unique_fd.h"
#include "process/child.h"
#include "sandbox/protocol.h"
#include "sandbox/run.h"

namespace daemonz::sandbox {

/// Owns the keeper, which ends with this object. Threads: one, but for cancel().
class KeeperLink {
 public:
  /// `options` are whole: an absolute state folder, the keeper's path. Starts nothing yet.
  KeeperLink(SlotOptions options, bool is_companion)
      : options_(std::move(options)), is_companion_(is_companion) {}
  ~KeeperLink();
  KeeperLink(const KeeperLink&) = delete;
  KeeperLink& operator=(const KeeperLink&) = delete;

  /// Waits until the keeper is ready. Throws Error: slot taken, keeper not found, or a layer of the
  /// isolation is missing. The limit mode that the first keeper has found binds its successors.
  void start();
  /// `automatic` before the first start().
  [[nodiscard]] LimitMode limit_mode() const noexcept { return options_.limit_mode; }
  /// Hands a run over; starts a keeper where there is none. nullopt: it is on its way, await() has
  /// its result. A result (XX): it could not be begun. The keeper gets duplicates of all
  /// descriptors; `stdin_fd` and `stdout_fd` stand for the program's own, -1: none.
  [[nodiscard]] std::optional<Result> begin(const Program& program, int stdin_fd, int stdout_fd);
  /// The result of the run that was begun. XX: the keeper has died.
  [[nodiscard]] Result await();
  /// Readable when await() will not wait.
  [[nodiscard]] int socket() const noexcept { return socket_.get(); }
  /// Ends the run that was begun, if there is one. Threads: any.
  void cancel() noexcept;

 private:
  void end();
  /// False: errno says why.
  [[nodiscard]] bool send(const Request& request, const std::vector<int>& descriptors);

  SlotOptions options_;
  bool is_companion_;
  UniqueFd socket_;
  std::optional<process::Child> keeper_;
  std::mutex cancel_mutex_;        // between the runs and cancel(): socket_ and current_run_
  std::uint64_t current_run_ = 0;  // 0: none
  std::uint64_t runs_ = 0;
};

/// Beside this program, then libexec, then PATH. Throws Error.
[[nodiscard]] std::string find_keeper();

}  // namespace daemonz::sandbox
