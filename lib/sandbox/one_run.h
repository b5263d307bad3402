// The keeper's side of one run: prepares it, starts init, moves its bytes, watches its limits, ends
// it and says what happened. Never throws for what the program does: our own failures are XX.
// Follows sandbox.md, points 2, 6 and 7.
#pragma once

#include <linux/filter.h>

#include <chrono>
#include <optional>
#include <vector>

#include "base/clock.h"
#include "sandbox/group.h"
#include "sandbox/plan.h"
#include "sandbox/stream.h"
#include "sandbox/system.h"
#include "sandbox/verdict.h"

namespace daemonz::sandbox {

/// What a keeper has once and lends to each run.
struct KeeperState {
  GroupRoot groups;
  std::vector<sock_filter> filter;
  unsigned box_kernel_uid = 0;  ///< outside; one per slot as root, else our own
  unsigned box_kernel_gid = 0;
  int cores = 1;    ///< that a run can use at a time
  int control = 3;  ///< the socket to the Slot: cancel, or its end
  ChildStack init_stack = {};
};

/// One run, from request to result. Owns all that is of this run alone. Threads: one.
class OneRun {
 public:
  OneRun(KeeperState& keeper, Request request, std::vector<UniqueFd> descriptors);
  ~OneRun();
  /// A run up to the last step before execve: proves that every layer can be had here.
  void set_rehearsal() { plan_.is_rehearsal = true; }
  [[nodiscard]] Result run();
  /// False: the Slot has closed its socket; the run was ended for it.
  [[nodiscard]] bool is_slot_there() const noexcept { return is_slot_there_; }

 private:
  enum class Phase { starting, running, ending, over };

  void prepare(std::vector<UniqueFd> descriptors);
  void prepare_streams(UniqueFd input, UniqueFd output, UniqueFd errors);
  void prepare_image();
  void spawn();
  void write_maps();
  void await_init();
  void watch();
  [[nodiscard]] std::chrono::nanoseconds time_to_next_look() const;
  void handle_control();
  void handle_message();
  void program_started(std::vector<UniqueFd> descriptors);
  void program_ended(const InitMessage& message);
  void handle_init_end();
  void look_at_limits();
  void look_at_deadline();
  [[nodiscard]] std::chrono::nanoseconds until_next_look(std::chrono::nanoseconds cpu_left) const;
  /// Mode rlimit: no group counts, so the keeper looks itself.
  [[nodiscard]] bool is_sampled() const { return keeper_.groups.mode() == LimitMode::rlimit; }
  void sample();
  void end(KillReason reason);
  void end_if_over_cap();
  void pass_on_end_of_output();
  [[nodiscard]] GroupUsage usage() const;
  [[nodiscard]] Result finish();
  void fill_figures(Result& result, const GroupUsage& usage) const;
  void fill_outputs(Observation& seen, Result& result);
  void collect(Result& result);

  KeeperState& keeper_;
  Plan plan_;
  std::vector<UniqueFd> descriptors_;  // the Slot's, until prepare() has sorted them
  std::optional<RunGroup> group_;
  std::optional<InputStream> input_;
  std::optional<OutputStream> output_, errors_;
  Spawned init_;
  UniqueFd reins_;
  UniqueFd box_;

  Phase phase_ = Phase::starting;
  KillReason killed_ = KillReason::none;
  std::optional<Failure> failure_;
  std::optional<InitMessage> report_;
  bool is_slot_there_ = true;
  SteadyTime requested_, started_, ended_;
  SteadyTime next_look_, kill_deadline_;
  std::optional<SteadyTime> output_end_;  // when the program was seen to have closed its stdout
  std::uint64_t sampled_memory_ = 0;
  std::uint32_t sampled_processes_ = 0;
  Microseconds sampled_cpu_{0};
};

}  // namespace daemonz::sandbox
