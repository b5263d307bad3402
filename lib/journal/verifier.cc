#include "journal/verifier.h"

#include "base/error.h"
#include "base/log.h"
#include "journal/record_reader.h"
#include "journal/recovery.h"

namespace daemonz::journal {

Verifier::Verifier(Options options) : options_(std::move(options)) {
  if (options_.background == Background::by_hand || options_.segments.empty()) return;
  thread_ = std::thread([this] {
    while (step()) {
    }
  });
}

Verifier::~Verifier() {
  {
    const std::lock_guard lock(mutex_);
    is_stopping_ = true;
  }
  wake_.notify_one();
  if (thread_.joinable()) thread_.join();
}

bool Verifier::step() {
  if (next_ == options_.segments.size()) return false;
  if (!verify(options_.segments[next_])) return false;
  if (++next_ == options_.segments.size())
    log::info("journal", "all segments are verified", {{"folder", options_.folder}});
  return true;
}

bool Verifier::verify(const UnverifiedSegment& segment) {
  const auto path = segment_path(options_.folder, segment.id.number);
  try {
    const auto file = options_.disk->open(path, Disk::Open::existing);
    RecordReader reader(*file, segment.id);
    for (auto rested_at = reader.offset(); reader.offset() < segment.used;) {
      if (!reader.next()) {
        options_.on_damage(path + ": " + damage_text(reader.offset()));
        return false;
      }
      if (reader.offset() < rested_at + slice.count) continue;
      rested_at = reader.offset();
      if (!rest()) return false;
    }
  } catch (const Error& problem) {
    if (problem.code() == ENOENT) return true;  // its items are all done
    options_.on_damage(problem.what());
    return false;
  }
  return rest();
}

bool Verifier::rest() {
  if (options_.background == Background::by_hand) return true;
  std::unique_lock lock(mutex_);
  return !wake_.wait_for(lock, pause, [this] { return is_stopping_; });
}

}  // namespace daemonz::journal
