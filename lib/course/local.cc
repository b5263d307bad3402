#include "course/local.h"

#include <algorithm>
#include <atomic>
#include <exception>
#include <mutex>
#include <thread>

#include "base/error.h"
#include "course/submit.h"
#include "judge/judge.h"
#include "sandbox/run.h"

namespace daemonz::course {
namespace {

// Processors hold the first slots of the machine; numbers above them are as good.
constexpr int slot_numbers = 256;

std::vector<std::unique_ptr<sandbox::Slot>> open_slots(const LocalOptions& options,
                                                       std::size_t count) {
  std::vector<std::unique_ptr<sandbox::Slot>> slots;
  for (std::size_t i = 0; i < count; ++i)
    slots.push_back(sandbox::open_free_slot({.state_folder = options.state_folder,
                                             .keeper_path = options.keeper_path,
                                             .limit_mode = options.limit_mode},
                                            slot_numbers));
  return slots;
}

/// Takes rows one after another until none is left.
class Crew {
 public:
  Crew(const judge::Package& package, std::vector<ResultRow>& rows, const Watch& watch)
      : package_(package), rows_(rows), watch_(watch) {}

  void work(sandbox::Slot& slot, Milliseconds time_limit) noexcept {
    try {
      judge::Judge judge(slot);
      for (auto at = next_++; at < rows_.size(); at = next_++) {
        auto& row = rows_[at];
        const auto submission = submission_of(row.submission, package_);
        row.judgement = judge.judge(package_, submission, {.time_limit = time_limit});
        const std::lock_guard lock(mutex_);
        if (watch_.progress) watch_.progress(++done_);
      }
    } catch (...) {
      const std::lock_guard lock(mutex_);
      problem_ = std::current_exception();
      next_ = rows_.size();
    }
  }
  void rethrow() const {
    if (problem_) std::rethrow_exception(problem_);
  }

 private:
  const judge::Package& package_;
  std::vector<ResultRow>& rows_;
  const Watch& watch_;
  std::atomic<std::size_t> next_{0};
  std::mutex mutex_;
  std::size_t done_ = 0;
  std::exception_ptr problem_;
};

}  // namespace

std::vector<ResultRow> judge_here(const judge::Package& package,
                                  const std::vector<SubmissionRow>& rows,
                                  const LocalOptions& options, const Watch& watch) {
  std::vector<ResultRow> results;
  for (const auto& row : rows)
    results.push_back(
        {.submission = row, .problem = package.short_name, .judgement = std::nullopt});
  if (rows.empty()) return results;
  const auto count =
      std::min<std::size_t>(rows.size(), static_cast<std::size_t>(std::max(options.slots, 1)));
  // All slots before the first thread: opening one forks.
  const auto slots = open_slots(options, count);
  const auto limit = judge::Judge(*slots[0]).time_limit(package);
  if (!limit) throw Error("judging was cancelled");
  Crew crew(package, results, watch);
  std::vector<std::jthread> threads;
  for (std::size_t i = 1; i < count; ++i)
    threads.emplace_back([&, i] { crew.work(*slots[i], *limit); });
  crew.work(*slots[0], *limit);
  threads.clear();  // joins
  crew.rethrow();
  return results;
}

}  // namespace daemonz::course
