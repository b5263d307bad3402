// sandbox-runs COUNT FOLDER: full runs of /bin/true in a sandbox slot, whose state lies in FOLDER.
// sandbox-runs COUNT -- PROGRAM ARGS..: the same number of posix_spawn and wait of PROGRAM.
// Prints one line of JSON: medians and CPU time of one run in microseconds. CPU time is that of
// this process, the keeper and all their children, as the kernel accounts it; what the kernel does
// later in threads of its own is nobody's. For script/bench sandbox.
#include <spawn.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <iostream>
#include <sstream>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/error.h"
#include "base/json.h"
#include "sandbox/run.h"

extern char** environ;  // NOLINT(readability-redundant-declaration)

using namespace daemonz;

namespace {

constexpr int warm_up = 20;  // runs before those that count

std::int64_t median(std::vector<std::int64_t> values) {
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::ranges::nth_element(values, middle);
  return *middle;
}

std::int64_t microseconds(const timeval& time) { return time.tv_sec * 1'000'000 + time.tv_usec; }

/// Of this process, and of its children that were waited for.
std::int64_t own_cpu() {
  std::int64_t sum = 0;
  for (const auto who : {RUSAGE_SELF, RUSAGE_CHILDREN}) {
    rusage usage{};
    ::getrusage(who, &usage);
    sum += microseconds(usage.ru_utime) + microseconds(usage.ru_stime);
  }
  return sum;
}

/// Of a living child and its own dead children: utime to cstime of proc(5).
std::int64_t child_cpu(pid_t pid) {
  std::ifstream file("/proc/" + std::to_string(pid) + "/stat");
  std::string text((std::istreambuf_iterator<char>(file)), {});
  std::istringstream fields(text.substr(text.rfind(')') + 1));
  std::string skip;
  for (int field = 3; field < 14; ++field) fields >> skip;
  std::int64_t sum = 0, ticks = 0;
  for (int field = 14; field < 18; ++field, sum += ticks) fields >> ticks;
  return sum * 1'000'000 / ::sysconf(_SC_CLK_TCK);
}

pid_t only_child() {
  std::ifstream file("/proc/self/task/" + std::to_string(::getpid()) + "/children");
  pid_t child = 0;
  if (!(file >> child)) throw Error("the keeper is not there");
  return child;
}

void spawn_once(char** argv) {
  pid_t pid = 0;
  int status = -1;
  const int error = ::posix_spawnp(&pid, argv[0], nullptr, nullptr, argv, environ);
  if (error != 0) throw_errno("posix_spawn", argv[0], {}, error);
  if (::waitpid(pid, &status, 0) != pid || status != 0)
    throw Error(std::string(argv[0]) + ": wait status " + std::to_string(status));
}

/// Calls `once` COUNT times after a warm-up; what one call took.
template <class Once, class Cpu>
json::object measure(int count, const Once& once, const Cpu& cpu) {
  for (int i = 0; i < warm_up; ++i) once();
  std::vector<std::int64_t> nanoseconds;
  const auto cpu_before = cpu();
  const auto begin = real_clock().steady();
  for (int i = 0; i < count; ++i) {
    const auto start = real_clock().steady();
    once();
    nanoseconds.push_back((real_clock().steady() - start).count());
  }
  const std::chrono::duration<double> all = real_clock().steady() - begin;
  return {{"median_us", static_cast<double>(median(std::move(nanoseconds))) / 1000},
          {"cpu_us", static_cast<double>(cpu() - cpu_before) / count},
          {"per_second", count / all.count()}};
}

json::object measure_slot(int count, const std::string& folder) {
  const auto slot = sandbox::open_free_slot({.state_folder = folder}, 64);
  const auto keeper = only_child();
  sandbox::Program program;
  program.argv = {"true"};
  std::string limits;
  std::vector<std::int64_t> setup, teardown;
  const auto once = [&] {
    const auto result = slot->run(program);
    if (result.verdict != sandbox::Verdict::OK)
      throw Error("true got " + std::string(to_string(result.verdict)) + " " + result.stage);
    setup.push_back(result.setup.count());
    teardown.push_back(result.teardown.count());
    limits = result.limits;
  };
  auto figures = measure(count, once, [&] { return own_cpu() + child_cpu(keeper); });
  figures["setup_us"] = median(std::move(setup));
  figures["teardown_us"] = median(std::move(teardown));
  figures["limits"] = limits;
  return figures;
}

}  // namespace

int main(int argc, char** argv) {
  try {
    const int count = argc > 2 ? std::atoi(argv[1]) : 0;
    if (count < 1 || (std::string(argv[2]) == "--" && argc == 3)) {
      std::cerr << "sandbox-runs COUNT FOLDER, or sandbox-runs COUNT -- PROGRAM ARGS..\n";
      return 2;
    }
    const bool is_spawn = std::string(argv[2]) == "--";
    std::cout << json::serialize(is_spawn ? measure(
                                                count, [&] { spawn_once(argv + 3); }, own_cpu)
                                          : measure_slot(count, argv[2]))
              << std::endl;
    return 0;
  } catch (const Error& problem) {
    std::cerr << "sandbox-runs: " << problem.what() << '\n';
    return 1;
  }
}
