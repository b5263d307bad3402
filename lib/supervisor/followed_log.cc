#include "supervisor/followed_log.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <tuple>
#include <utility>

#include "base/units.h"
#include "supervisor/log_sink.h"

namespace daemonz::supervisor {
namespace {

constexpr Bytes lines_size_max = mebibytes(64);  // of one file: several of the stock size
constexpr int turned_max = 1000;                 // `keep` allows no more
constexpr int missing_max = 2;                   // names that are free for a moment in a turn

std::optional<struct stat> stat_of(const std::string& path) {
  struct stat found {};
  if (::stat(path.c_str(), &found) != 0) return {};
  return found;
}

int lines_in(const std::string& text) {
  return static_cast<int>(std::count(text.begin(), text.end(), '\n'));
}

}  // namespace

FollowedLog::FollowedLog(std::string path) : path_(std::move(path)) {
  open(0);
  struct stat found {};
  if (fd_.is_open() && ::fstat(fd_.get(), &found) == 0)
    first_size_ = place_ = static_cast<std::uint64_t>(found.st_size);
}

std::string FollowedLog::name_of(int number) const {
  return number == 0 ? path_ : path_ + "." + std::to_string(number);
}

// Devices and pipes hold nothing that could be read again.
void FollowedLog::open(int number) {
  fd_.reset(::open(name_of(number).c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC));
  struct stat found {};
  if (fd_.is_open() && (::fstat(fd_.get(), &found) != 0 || !S_ISREG(found.st_mode))) fd_.reset();
  place_ = 0;
}

std::string FollowedLog::last_lines(int lines_max) const {
  if (!fd_.is_open()) return {};
  auto text = last_lines_in(
      fd_.get(), {.end = first_size_, .lines_max = lines_max, .size_max = lines_size_max});
  const auto own = own_number();
  for (int number = own.value_or(0) + 1; own && lines_in(text) < lines_max; ++number) {
    const auto older =
        last_lines_of(name_of(number), 0, lines_max - lines_in(text), lines_size_max);
    if (older.empty()) break;
    text.insert(0, older);
  }
  return text;
}

// Under which name the file stands that is being read; nullopt: under none any more.
std::optional<int> FollowedLog::own_number() const {
  struct stat own {};
  if (!fd_.is_open() || ::fstat(fd_.get(), &own) != 0) return {};
  int missing = 0;
  for (int number = 0; number <= turned_max; ++number) {
    const auto found = stat_of(name_of(number));
    if (found && found->st_ino == own.st_ino && found->st_dev == own.st_dev) return number;
    missing = found ? 0 : missing + 1;
    if (missing > missing_max) break;
  }
  return {};
}

void FollowedLog::read_rest(const Show& show) {
  struct stat own {};
  if (!fd_.is_open() || ::fstat(fd_.get(), &own) != 0) return;
  if (static_cast<std::uint64_t>(own.st_size) < place_) place_ = 0;  // somebody has emptied it
  char piece[65536];
  for (;;) {
    const auto size = ::pread(fd_.get(), piece, sizeof piece, static_cast<off_t>(place_));
    if (size < 0 && errno == EINTR) continue;
    if (size <= 0) return;
    place_ += static_cast<std::uint64_t>(size);
    show({piece, static_cast<std::size_t>(size)});
  }
}

// The oldest turned file that was written to after the one that is gone; 0: none was.
int FollowedLog::oldest_successor(const struct stat& gone) const {
  int oldest = 0;
  for (int number = 1; number <= turned_max; ++number) {
    const auto found = stat_of(name_of(number));
    if (!found || std::tie(found->st_mtim.tv_sec, found->st_mtim.tv_nsec) <
                      std::tie(gone.st_mtim.tv_sec, gone.st_mtim.tv_nsec))
      break;
    oldest = number;
  }
  return oldest;
}

bool FollowedLog::take(const Show& show) {
  bool is_whole = true;
  for (;;) {
    read_rest(show);
    const auto number = own_number();
    if (number == 0 || !stat_of(path_)) return is_whole;  // else its successor is still to come
    // The successor exists, so nobody writes to this file any more: what is read now is its end.
    read_rest(show);
    struct stat own {};
    const auto old = std::exchange(fd_, UniqueFd());
    if (!old.is_open() || ::fstat(old.get(), &own) != 0) {
      open(0);
      if (!fd_.is_open()) return is_whole;
      continue;
    }
    if (!number) {
      const int next = oldest_successor(own);
      is_whole = is_whole && next == 0;
      open(next);
      if (!fd_.is_open()) return is_whole;
      continue;
    }
    open(*number - 1);
    // Where it turned over once more in between, the names have moved on: ask again.
    const auto still = stat_of(name_of(*number));
    if (fd_.is_open() && still && still->st_ino == own.st_ino) continue;
    fd_.reset(::fcntl(old.get(), F_DUPFD_CLOEXEC, 0));
    place_ = static_cast<std::uint64_t>(own.st_size);
  }
}

}  // namespace daemonz::supervisor
