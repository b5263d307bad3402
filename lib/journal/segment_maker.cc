#include "journal/segment_maker.h"

#include "base/error.h"
#include "base/log.h"

namespace daemonz::journal {

SegmentMaker::SegmentMaker(Options options)
    : options_(std::move(options)), path_(options_.folder + "/" + spare_name) {
  if (options_.background == Background::threads) thread_ = std::thread([this] { work(); });
}

SegmentMaker::~SegmentMaker() {
  {
    const std::lock_guard lock(mutex_);
    is_stopping_ = true;
  }
  wake_.notify_one();
  if (thread_.joinable()) thread_.join();
  if (!spare_) return;
  spare_.reset();
  try {
    options_.disk->remove(path_);
  } catch (const Error&) {  // the next start removes it
  }
}

void SegmentMaker::request() {
  {
    const std::lock_guard lock(mutex_);
    const bool may_retry =
        state_ == State::failed && std::chrono::steady_clock::now() >= failed_at_ + retry_pause;
    if (state_ != State::idle && !may_retry) return;
    state_ = State::wanted;
  }
  wake_.notify_one();
}

std::unique_ptr<DiskFile> SegmentMaker::take() {
  const std::lock_guard lock(mutex_);
  if (state_ != State::ready) return nullptr;
  state_ = State::idle;
  has_spare_ = false;
  return std::move(spare_);
}

bool SegmentMaker::await_spare() {
  if (!thread_.joinable()) return false;
  std::unique_lock lock(mutex_);
  if (state_ != State::making) return false;
  made_.wait(lock, [this] { return state_ != State::making; });
  return state_ == State::ready;
}

bool SegmentMaker::step() {
  std::unique_lock lock(mutex_);
  if (state_ != State::wanted) return false;
  make_requested(lock);
  return true;
}

void SegmentMaker::work() {
  std::unique_lock lock(mutex_);
  for (;;) {
    wake_.wait(lock, [this] { return is_stopping_ || state_ == State::wanted; });
    if (is_stopping_) return;
    make_requested(lock);
  }
}

void SegmentMaker::make_requested(std::unique_lock<std::mutex>& lock) {
  state_ = State::making;
  lock.unlock();
  auto made = make();
  lock.lock();
  const bool had_failed = std::exchange(has_failed_, made == nullptr);
  if (has_failed_ != had_failed)
    log::warn("journal", has_failed_ ? "no space for the next segment" : "there is space again",
              {{"folder", options_.folder}});
  if (has_failed_) failed_at_ = std::chrono::steady_clock::now();
  state_ = has_failed_ ? State::failed : State::ready;
  spare_ = std::move(made);
  has_spare_ = spare_ != nullptr;
  made_.notify_all();
}

std::unique_ptr<DiskFile> SegmentMaker::make() const {
  try {
    auto file = options_.disk->open(path_, Disk::Open::create_new);
    fill_with_zeros(*file, options_.size.count);
    file->sync();
    return file;
  } catch (const Error& problem) {
    log::debug("journal", "cannot make a spare segment", {{"why", problem.what()}});
    try {
      options_.disk->remove(path_);
    } catch (const Error&) {  // the next attempt empties it
    }
    return nullptr;
  }
}

}  // namespace daemonz::journal
