#include "process/launch_numbers.h"

#include <fcntl.h>
#include <unistd.h>

#include <map>
#include <mutex>

#include "base/unique_fd.h"

namespace daemonz::process {
namespace {

/// Each number holds /dev/null while it is not lent. Open until the process ends.
struct Numbers {
  std::mutex guard;
  pid_t owner = 0;  // a forked child may have closed them, and has others at these numbers
  std::vector<int> free;
  int end = 0;
  int null = -1;  // what they hold: kept, since a process may have no number left to open it anew
};

Numbers& numbers() {
  static Numbers the_numbers;
  return the_numbers;
}

}  // namespace

void reserve_launch_numbers() {
  auto& kept = numbers();
  const std::scoped_lock lock(kept.guard);
  if (kept.owner == ::getpid()) return;
  UniqueFd null(::open("/dev/null", O_RDWR | O_CLOEXEC));
  if (!null.is_open()) return;
  std::vector<int> all;
  while (all.size() < launch_numbers_max) {
    const int number = ::fcntl(null.get(), F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
    if (number < 0) break;
    all.push_back(number);
  }
  if (all.size() == launch_numbers_max) {
    kept.owner = ::getpid();
    kept.free = std::move(all);
    kept.end = kept.free.back() + 1;
    kept.null = null.release();
    return;
  }
  for (const int number : all) ::close(number);
}

int launch_null() {
  const auto& kept = numbers();
  return kept.owner == ::getpid() ? kept.null : -1;
}

LentLaunchNumbers::~LentLaunchNumbers() {
  if (lent_.empty()) return;
  auto& kept = numbers();
  for (const int number : lent_) ::dup3(kept.null, number, O_CLOEXEC);
  const std::scoped_lock lock(kept.guard);
  kept.free.insert(kept.free.end(), lent_.begin(), lent_.end());
}

bool LentLaunchNumbers::lend(std::vector<std::pair<int, int>>& descriptors) {
  auto& kept = numbers();
  if (kept.owner != ::getpid()) return false;
  std::map<int, int> low{{kept.null, kept.null}};
  for (const auto& [here, there] : descriptors) low.emplace(here, -1);
  {
    const std::scoped_lock lock(kept.guard);
    const auto count = low.size() - 1;
    if (kept.free.size() < count) return false;
    lent_.assign(kept.free.end() - static_cast<std::ptrdiff_t>(count), kept.free.end());
    kept.free.resize(kept.free.size() - count);
  }
  auto next = lent_.begin();
  for (auto& [here, number] : low)
    if (number < 0 && (number = ::dup3(here, *next++, O_CLOEXEC)) < 0) return false;
  for (auto& [here, there] : descriptors) here = low.at(here);
  return true;
}

int LentLaunchNumbers::end() const { return numbers().end; }

}  // namespace daemonz::process
