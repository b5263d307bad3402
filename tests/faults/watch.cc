#include "faults/watch.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>

namespace daemonz::tests {
namespace {

constexpr std::string_view call_names[] = {"create", "write",    "sync",     "sync_folder",
                                           "rename", "truncate", "allocate", "unlink",
                                           "read",   "any"};

bool is_zero(const std::vector<iovec>& pieces) {
  return std::ranges::all_of(pieces, [](const iovec& piece) {
    const auto* bytes = static_cast<const char*>(piece.iov_base);
    const auto size = piece.iov_len;
    return size == 0 || (bytes[0] == 0 && std::memcmp(bytes, bytes + 1, size - 1) == 0);
  });
}

[[noreturn]] void give_up(const char* why) {
  const std::string line = std::string("watched_disk: ") + why + "\n";
  if (NEXT(write)(STDERR_FILENO, line.data(), line.size()) < 0) ::_exit(126);
  ::_exit(126);
}

/// CALL[@NAME]:N[+]:ACTION
Rule read_rule(std::string_view rule) {
  const auto first = rule.find(':'), second = rule.rfind(':');
  if (first == second) give_up("a rule is CALL[@NAME]:N[+]:ACTION");
  const auto call = rule.substr(0, first);
  const auto number = rule.substr(first + 1, second - first - 1);
  const auto at = std::min(call.find('@'), call.size());
  Rule made{.call = Call::any,
            .name = std::string(call.substr(std::min(at + 1, call.size()))),
            .left = std::atol(std::string(number).c_str()),
            .is_lasting = number.ends_with('+'),
            .action = Action::fail,
            .code = EIO};
  const auto* known = std::ranges::find(call_names, call.substr(0, at));
  if (known == std::end(call_names) || made.left < 1) give_up("an unknown call or number");
  made.call = static_cast<Call>(known - call_names);
  const auto action = rule.substr(second + 1);
  if (action == "ENOSPC")
    made.code = ENOSPC;
  else if (action == "short")
    made.action = Action::half;
  else if (action == "die")
    made.action = Action::die;
  else if (action == "forget")
    made.action = Action::forget;
  else if (action != "EIO")
    give_up("an unknown action");
  return made;
}

}  // namespace

Watch& Watch::get() {
  static auto* watch = new Watch;
  return *watch;
}

Watch::Watch() {
  const char* folder = std::getenv("DAEMONZ_DISK_FOLDER");
  const char* path = std::getenv("DAEMONZ_DISK_LOG");
  if (folder == nullptr || path == nullptr) return;
  folder_ = folder;
  log_ = NEXT(open)(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
  if (log_ < 0) give_up("cannot open its log");
  const char* fault = std::getenv("DAEMONZ_DISK_FAULT");
  std::string_view rules(fault == nullptr ? "" : fault);
  while (!rules.empty()) {
    const auto rule = rules.substr(0, rules.find(','));
    rules_.push_back(read_rule(rule));
    rules.remove_prefix(std::min(rules.size(), rule.size() + 1));
  }
  log({.op = Op::start});
}

std::optional<std::string> Watch::name_of(const char* path) const {
  if (!is_on() || path == nullptr) return std::nullopt;
  std::string full(path);
  if (full.empty() || full.front() != '/') {
    char folder[4096];
    if (::getcwd(folder, sizeof folder) == nullptr) return std::nullopt;
    full = std::string(folder) + "/" + full;
  }
  while (full.size() > 1 && full.back() == '/') full.pop_back();
  if (full == folder_) return ".";
  if (!full.starts_with(folder_ + "/")) return std::nullopt;
  return full.substr(folder_.size() + 1);
}

const Opened* Watch::opened(int fd) const {
  const auto found = opened_.find(fd);
  return found == opened_.end() ? nullptr : &found->second;
}

void Watch::add(int fd, const std::string& name, bool is_new) {
  struct stat facts {};
  ::fstat(fd, &facts);
  const bool is_folder = S_ISDIR(facts.st_mode);
  std::uint64_t file = 0;
  if (!is_folder) {
    auto& known = files_[name];
    if (is_new) known = ++last_file_;
    if (known == 0) {
      known = ++last_file_;
      log({.op = Op::existing, .file = known}, name);
    }
    file = known;
  }
  opened_[fd] = {file, name, is_folder};
}

Fault Watch::count(Call call, std::string_view name) {
  Fault fault;
  for (auto& rule : rules_) {
    if (rule.call != call && (rule.call != Call::any || call == Call::read)) continue;
    if (name.find(rule.name) == std::string_view::npos || rule.left <= 0) continue;
    if (--rule.left > 0) continue;
    if (rule.is_lasting) rule.left = 1;
    fault = {rule.action, rule.code};
  }
  if (fault.action == Action::die) {
    ::kill(::getpid(), SIGKILL);
    for (;;) ::pause();  // the mutex is held: no other thread changes anything
  }
  return fault;
}

void Watch::log(Entry entry, std::string_view name, std::string_view data) {
  entry.name_size = static_cast<std::uint16_t>(name.size());
  entry.data_size = static_cast<std::uint32_t>(data.size());
  std::string bytes(reinterpret_cast<const char*>(&entry), sizeof entry);
  bytes.append(name).append(data);
  put(bytes);
}

void Watch::log_write(std::uint64_t file, off_t offset, const std::vector<iovec>& pieces) {
  std::string data;
  std::size_t size = 0;
  for (const auto& piece : pieces) size += piece.iov_len;
  const auto at = static_cast<std::uint64_t>(offset);
  if (is_zero(pieces)) return log({.op = Op::zeros, .file = file, .offset = at, .number = size});
  data.reserve(size);
  for (const auto& piece : pieces)
    data.append(static_cast<const char*>(piece.iov_base), piece.iov_len);
  log({.op = Op::write, .file = file, .offset = at}, {}, data);
}

void Watch::log_create(const std::string& name) {
  log({.op = Op::create, .file = last_file_ + 1}, name);
}

void Watch::log_rename(const std::string& from, const std::string& to) {
  log({.op = Op::rename}, from, to);
  for (auto& [fd, opened] : opened_)
    if (opened.name == from) opened.name = to;
  auto moved = files_.extract(from);
  files_.erase(to);
  if (moved.empty()) return;
  moved.key() = to;
  files_.insert(std::move(moved));
}

void Watch::log_unlink(const std::string& name) {
  log({.op = Op::unlink}, name);
  files_.erase(name);
}

void Watch::put(std::string_view bytes) {
  while (!bytes.empty()) {
    const auto done = NEXT(write)(log_, bytes.data(), bytes.size());
    if (done < 0 && errno == EINTR) continue;
    if (done < 0) give_up("cannot write its log");
    bytes.remove_prefix(static_cast<std::size_t>(done));
  }
}

}  // namespace daemonz::tests
