#include "process/lock_file.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/file.h>
#include <unistd.h>

#include <csignal>

#include "base/error.h"
#include "base/units.h"
#include "process/identity.h"

namespace daemonz::process {
namespace {

// A reader that asks "is it held?" takes the shared lock for an instant; a writer that meets it
// tries again. A real holder writes its pid at once, so these rounds are few.
constexpr int rounds_max = 50;
constexpr int round_ms = 2;
// The kernel lets go of a killed holder's files with its last thread, which a loaded machine may
// keep waiting after its first one has gone.
constexpr int dying_rounds_max = 5000;

std::optional<pid_t> read_pid(int fd) {
  char text[32];
  const auto size = ::pread(fd, text, sizeof text, 0);
  if (size <= 0) return {};
  std::string_view line(text, static_cast<std::size_t>(size));
  const auto number = parse_number(line.substr(0, line.find('\n')));
  return number ? std::optional(static_cast<pid_t>(*number)) : std::nullopt;
}

// Its first thread is enough: a holder that ends in order lets go of the lock before.
bool is_dying(pid_t pid) {
  const auto stat = stat_of(pid);
  return stat ? stat->state == 'Z' || stat->state == 'X' : ::kill(pid, 0) != 0 && errno == ESRCH;
}

// Whether the lock's holder is no lasting one: it must not be reported, but asked for again.
bool is_passing(std::optional<pid_t> pid, int round) {
  return pid ? is_dying(*pid) && round < dying_rounds_max : round < rounds_max;
}

}  // namespace

std::optional<LockFile> LockFile::try_acquire(const std::string& path) {
  UniqueFd fd(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644));
  if (!fd.is_open())
    throw_errno("cannot open the lock file", path, "May this user write to its folder?");
  for (int round = 0;; ++round) {
    if (::flock(fd.get(), LOCK_EX | LOCK_NB) == 0) break;
    if (errno != EWOULDBLOCK && errno != EINTR) throw_errno("cannot lock", path);
    if (!is_passing(read_pid(fd.get()), round)) return {};
    ::poll(nullptr, 0, round_ms);
  }
  const auto text = std::to_string(::getpid()) + "\n";
  if (::ftruncate(fd.get(), 0) != 0 ||
      ::pwrite(fd.get(), text.data(), text.size(), 0) != static_cast<ssize_t>(text.size()))
    throw_errno("cannot write to the lock file", path, "Is the disk full?");
  return LockFile(std::move(fd), path);
}

std::optional<pid_t> LockFile::holder_of(const std::string& path) {
  const UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!fd.is_open()) return {};
  for (int round = 0;; ++round) {
    if (::flock(fd.get(), LOCK_SH | LOCK_NB) == 0) return {};  // released by closing
    const auto pid = read_pid(fd.get());
    if (!is_passing(pid, round)) return pid.value_or(0);
    ::poll(nullptr, 0, round_ms);
  }
}

std::optional<pid_t> LockFile::last_holder_of(const std::string& path) {
  const UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  return fd.is_open() ? read_pid(fd.get()) : std::nullopt;
}

LockFile::~LockFile() {
  if (!fd_.is_open()) return;
  // An end in order leaves no pid.
  const auto text = left_to_ ? std::to_string(*left_to_) + "\n" : "";
  [[maybe_unused]] const auto emptied = ::ftruncate(fd_.get(), 0);
  [[maybe_unused]] const auto left = ::pwrite(fd_.get(), text.data(), text.size(), 0);
}

}  // namespace daemonz::process
