// All instances of one supervisor, and what they mean to each other: names, waves, dependencies,
// the order of stopping. Not one instance's life (supervised.h), not the loop (supervisor.h).
// Follows supervisor.md.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "supervisor/state_file.h"
#include "supervisor/supervised.h"

namespace daemonz::supervisor {

/// Owns the instances. A pointer into it is good until remove_retired(). Threads: one.
class Fleet {
 public:
  /// `surroundings` outlive it; `feed` as in Supervised.
  Fleet(const Surroundings& surroundings, Supervised::Feed feed)
      : surroundings_(surroundings), feed_(std::move(feed)) {}

  [[nodiscard]] const std::vector<std::unique_ptr<Supervised>>& all() const { return instances_; }
  [[nodiscard]] auto begin() const { return instances_.begin(); }
  [[nodiscard]] auto end() const { return instances_.end(); }

  /// Keeps the list in the order of ranks, names and indices. Throws as Supervised does.
  Supervised& add(PlannedInstance planned);
  /// nullptr: there is none. Retired ones have left the plan and only find_retired() finds them.
  [[nodiscard]] Supervised* find(const std::string& daemon, int index) const;
  [[nodiscard]] Supervised* find_retired(const std::string& daemon, int index) const;

  /// The plan that was asked for last; what runs may still be on its way there.
  [[nodiscard]] std::vector<PlannedInstance> intended() const;
  void put_in_order();                  ///< after plans have changed
  [[nodiscard]] bool has_gone() const;  ///< there is something for remove_retired()
  /// Retired instances of which nothing lives any more are gone after this. Returns which; the
  /// pointers are for comparison only. Not while something of an instance is on the stack.
  std::vector<const Supervised*> remove_retired();

  enum class Reach { as_named, with_dependencies };
  /// The instances that the targets mean; all without a target. What would wait for ever for
  /// something that nobody wants is of no use: a start reaches further, to all that it depends on.
  /// Throws Error that names a target that means nothing.
  [[nodiscard]] std::vector<Supervised*> chosen(std::vector<std::string> targets,
                                                Reach reach) const;

  /// Whether what it depends on, and every earlier wave, is there.
  [[nodiscard]] bool may_start(const Supervised& candidate) const;

  /// Whether something that it needs to be ready is not, or has not been for long (its
  /// `reset_after`): a failure now says nothing about itself.
  [[nodiscard]] bool has_excuse(const Supervised& candidate, SteadyTime now) const;

  /// The highest rank that still lives; -1: nothing does. Ranks end in reverse.
  [[nodiscard]] int highest_living_rank() const;

  /// How long they may take to stop: ranks one after the other, each as long as its slowest.
  [[nodiscard]] Milliseconds stop_time() const;

  /// Nothing runs, and without a person nothing will: what is wanted has ended, was given up, or
  /// waits for such. nullopt: something runs, or nothing is wanted. Else whether all ended well.
  [[nodiscard]] std::optional<bool> has_ended_well() const;

  /// After SIGCHLD: children that have ended are reaped or taken by their instance, and trees are
  /// looked at. False: more may have ended, ask again in the next turn.
  [[nodiscard]] bool reap();

  /// What the next supervisor must know.
  [[nodiscard]] RecordedState recorded() const;

 private:
  const Surroundings& surroundings_;
  Supervised::Feed feed_;
  std::vector<std::unique_ptr<Supervised>> instances_;
};

}  // namespace daemonz::supervisor
