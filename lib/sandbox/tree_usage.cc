#include "sandbox/tree_usage.h"

#include <fcntl.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <sstream>
#include <string>
#include <vector>

#include "sandbox/system.h"

namespace daemonz::sandbox {
namespace {

constexpr std::uint32_t processes_max = 10'000;  // beyond any limit that is set: a tree on the move

/// Children hang on the thread that made them, so every thread is asked.
std::vector<pid_t> children_of(pid_t pid) {
  std::vector<pid_t> children;
  std::error_code ignored;
  const auto folder = "/proc/" + std::to_string(pid) + "/task";
  for (std::filesystem::directory_iterator thread(folder, ignored), end; thread != end;
       thread.increment(ignored)) {
    const auto path = thread->path().string() + "/children";
    std::istringstream list(read_small_file(AT_FDCWD, path.c_str()).value_or(""));
    for (pid_t child = 0; list >> child;) children.push_back(child);
  }
  return children;
}

/// Until `visit` says false.
template <class Visit>
void for_each_descendant(pid_t root, Visit visit) {
  auto left = children_of(root);
  while (!left.empty()) {
    const auto pid = left.back();
    left.pop_back();
    if (!visit(pid)) return;
    for (const auto child : children_of(pid)) left.push_back(child);
  }
}

/// Adds one process. `is_self`: its own times and memory too, not only its dead children's times.
void add_process(pid_t pid, bool is_self, TreeUsage& sum) {
  const auto path = "/proc/" + std::to_string(pid) + "/stat";
  const auto text = read_small_file(AT_FDCWD, path.c_str()).value_or("");
  const auto name_end = text.rfind(')');  // the name may hold anything
  if (name_end == std::string::npos) return;
  std::istringstream fields(text.substr(name_end + 1));
  std::string skip;
  for (int field = 3; field < 14; ++field) fields >> skip;
  std::uint64_t user = 0, system = 0, dead_user = 0, dead_system = 0, pages = 0, threads = 0;
  fields >> user >> system >> dead_user >> dead_system >> skip >> skip >> threads;
  for (int field = 21; field < 24; ++field) fields >> skip;
  fields >> pages;
  const auto ticks = static_cast<std::uint64_t>(::sysconf(_SC_CLK_TCK));
  const auto time = [&](std::uint64_t count) { return Microseconds(count * 1'000'000 / ticks); };
  sum.user += time(dead_user + (is_self ? user : 0));
  sum.system += time(dead_system + (is_self ? system : 0));
  if (!is_self) return;
  sum.memory += pages * static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
  sum.processes += static_cast<std::uint32_t>(threads);
}

}  // namespace

TreeUsage tree_usage(pid_t root) {
  TreeUsage sum;
  add_process(root, false, sum);
  for_each_descendant(root, [&](pid_t pid) {
    add_process(pid, true, sum);
    return sum.processes < processes_max;
  });
  return sum;
}

std::optional<std::uint64_t> tree_memory_together(pid_t root) {
  std::uint64_t kib = 0;
  bool is_refused = false;
  std::uint32_t processes = 0;
  for_each_descendant(root, [&](pid_t pid) {
    const auto path = "/proc/" + std::to_string(pid) + "/smaps_rollup";
    const auto text = read_small_file(AT_FDCWD, path.c_str());
    if (!text) is_refused = errno == EACCES || errno == EPERM;  // else it has ended
    const auto at = text ? text->find("\nPss:") : std::string::npos;
    if (at != std::string::npos) kib += std::strtoull(text->c_str() + at + 5, nullptr, 10);
    return !is_refused && ++processes < processes_max;
  });
  if (is_refused || processes == processes_max) return {};
  return kib * 1024;
}

}  // namespace daemonz::sandbox
