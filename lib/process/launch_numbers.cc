#include "process/launch_numbers.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>

#include "base/unique_fd.h"

namespace daemonz::process {
namespace {

/// Each number holds /dev/null while it is not lent. Open until the process ends.
struct Numbers {
  std::mutex guard;
  pid_t owner = 0;  // a forked child may have closed them, and has others at these numbers
  std::vector<int> all;
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
    kept.all = std::move(all);
    kept.null = null.release();
    return;
  }
  for (const int number : all) ::close(number);
}

int launch_null() {
  const auto& kept = numbers();
  return kept.owner == ::getpid() ? kept.null : -1;
}

LentLaunchNumbers::LentLaunchNumbers() : lock_(numbers().guard) {}

LentLaunchNumbers::~LentLaunchNumbers() {
  const auto& kept = numbers();
  for (std::size_t i = 0; i < used_; ++i) ::dup3(kept.null, kept.all[i], O_CLOEXEC);
}

bool LentLaunchNumbers::lend(std::vector<std::pair<int, int>>& descriptors) {
  const auto& all = numbers().all;
  if (numbers().owner != ::getpid() || descriptors.size() + 1 > all.size()) return false;
  auto lent = descriptors;
  for (std::size_t i = 0; i < lent.size(); ++i) {
    const int here = descriptors[i].first;
    const auto same = std::find_if(descriptors.begin(), descriptors.begin() + i,
                                   [here](const auto& one) { return one.first == here; });
    if (here == numbers().null) continue;
    lent[i].first = same == descriptors.begin() + i
                        ? ::dup3(here, all[used_++], O_CLOEXEC)
                        : lent[static_cast<std::size_t>(same - descriptors.begin())].first;
    if (lent[i].first < 0) return false;
  }
  descriptors.swap(lent);
  return true;
}

int LentLaunchNumbers::end() const {
  const auto& all = numbers().all;
  return *std::max_element(all.begin(), all.end()) + 1;
}

}  // namespace daemonz::process
