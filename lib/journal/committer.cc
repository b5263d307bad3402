#include "journal/committer.h"

#include <algorithm>

#include "base/error.h"
#include "base/log.h"

namespace daemonz::journal {

Committer::Committer(Options options) : options_(std::move(options)), durable_(options_.durable) {
  if (options_.background == Background::threads) thread_ = std::thread([this] { work(); });
}

Committer::~Committer() {
  {
    const std::lock_guard lock(mutex_);
    is_stopping_ = true;
  }
  wake_.notify_one();
  if (thread_.joinable())
    thread_.join();
  else
    while (step()) {
    }
}

void Committer::written(DiskFile& file, Sequence upto, bool is_asked) {
  const std::lock_guard lock(mutex_);
  if (std::ranges::find(next_.files, &file) == next_.files.end()) {
    if (next_.files.empty()) dirty_since_ = std::chrono::steady_clock::now();
    next_.files.push_back(&file);
    if (!is_asked && !is_busy_) wake_.notify_one();  // so that it waits for ride_max only
  }
  next_.upto = upto;
  if (!is_asked) return;
  is_asked_ = true;
  if (!is_busy_) wake_.notify_one();
}

void Committer::folder_changed() {
  const std::lock_guard lock(mutex_);
  next_.has_folder_changed = true;
}

void Committer::retire(std::unique_ptr<DiskFile> file, std::string path, Sequence after) {
  const std::lock_guard lock(mutex_);
  retired_.push_back({std::move(file), std::move(path), after});
  if (next_.files.empty() && !is_busy_) wake_.notify_one();
}

void Committer::drain() {
  std::unique_lock lock(mutex_);
  is_asked_ = true;
  if (!thread_.joinable()) {
    while (step(lock)) {
    }
    return;
  }
  wake_.notify_one();
  idle_.wait(lock, [this] {
    return is_failed_ || (next_.files.empty() && retired_.empty() && !is_busy_);
  });
}

bool Committer::await_removals() {
  {
    const std::lock_guard lock(mutex_);
    if (is_failed_ || (retired_.empty() && !is_removing_)) return false;
  }
  drain();
  return !is_failed_;
}

void Committer::fail(const std::string& why) {
  {
    const std::lock_guard lock(mutex_);
    if (is_failed_) return;
    failure_ = why;
    is_failed_ = true;
  }
  log::error(
      "journal", "storage failed, read-only from here on",
      {{"why", why}, {"hint", "mend or replace the disk, then restart: what is stored stays"}});
  idle_.notify_all();
  if (options_.on_commit) options_.on_commit();
}

std::string Committer::failure() const {
  const std::lock_guard lock(mutex_);
  return failure_;
}

std::uint64_t Committer::sync_count() const {
  const std::lock_guard lock(mutex_);
  return sync_count_;
}

std::uint64_t Committer::sync_p99_us() const {
  std::vector<std::uint32_t> sample;
  {
    const std::lock_guard lock(mutex_);
    const auto count = std::min<std::uint64_t>(sync_count_, sync_us_.size());
    sample.assign(sync_us_.begin(), sync_us_.begin() + static_cast<std::ptrdiff_t>(count));
  }
  if (sample.empty()) return 0;
  const auto rank = sample.begin() + static_cast<std::ptrdiff_t>((sample.size() - 1) * 99 / 100);
  std::ranges::nth_element(sample, rank);
  return *rank;
}

bool Committer::is_due(SteadyTime now) const {
  if (is_failed_ || next_.files.empty()) return false;
  return is_asked_ || is_stopping_ || now >= dirty_since_ + options_.ride_max;
}

bool Committer::step() {
  std::unique_lock lock(mutex_);
  return step(lock);
}

void Committer::end_ride() {
  const std::lock_guard lock(mutex_);
  is_asked_ = is_asked_ || !next_.files.empty();
}

void Committer::work() {
  std::unique_lock lock(mutex_);
  for (;;) {
    if (step(lock)) continue;
    if (next_.files.empty() || is_failed_) idle_.notify_all();
    if (is_stopping_) return;
    if (next_.files.empty() || is_failed_)
      wake_.wait(lock);
    else
      wake_.wait_until(lock, dirty_since_ + options_.ride_max);
  }
}

bool Committer::step(std::unique_lock<std::mutex>& lock) {
  const bool has_batch = is_due(std::chrono::steady_clock::now());
  if (has_batch) {
    const auto batch = std::exchange(next_, {});
    is_asked_ = false;
    is_busy_ = true;
    lock.unlock();
    sync(batch);
    lock.lock();
    is_busy_ = false;
  }
  std::vector<Retired> gone;
  std::erase_if(retired_, [&](Retired& each) {
    const bool is_awaited = std::ranges::find(next_.files, each.file.get()) != next_.files.end();
    if (each.after > durable_ || is_awaited || is_failed_) return false;
    gone.push_back(std::move(each));
    return true;
  });
  if (gone.empty()) return has_batch;
  is_busy_ = is_removing_ = true;
  lock.unlock();
  remove(std::move(gone));
  lock.lock();
  is_busy_ = is_removing_ = false;
  return true;
}

void Committer::sync(const Batch& batch) {
  const auto start = std::chrono::steady_clock::now();
  try {
    for (auto* file : batch.files) file->sync();
    if (batch.has_folder_changed) options_.disk->sync_folder(options_.folder);
  } catch (const Error& problem) {
    return fail(problem.what());
  }
  const auto took = std::chrono::steady_clock::now() - start;
  {
    const std::lock_guard lock(mutex_);
    if (is_failed_) return;  // a write failed meanwhile: nothing more is promised
    sync_us_[sync_count_++ % sync_us_.size()] =
        static_cast<std::uint32_t>(std::chrono::duration_cast<Microseconds>(took).count());
    durable_ = batch.upto;
  }
  if (options_.on_commit) options_.on_commit();
}

void Committer::remove(std::vector<Retired> gone) {
  for (auto& each : gone) {
    each.file.reset();
    try {
      options_.disk->remove(each.path);
    } catch (const Error& problem) {  // it costs space only; the next start tries again
      log::warn("journal", "cannot remove a segment", {{"why", problem.what()}});
    }
  }
}

}  // namespace daemonz::journal
