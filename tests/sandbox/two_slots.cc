// two-slots runs FOLDER PROGRAMS SEED COUNT: COUNT random runs in each of two slots at the same
// time; a line of each: slot, number, what it was told, the verdict that is due, and what it got.
// two-slots times FOLDER PROGRAMS TURNS SECOND NEIGHBOUR..: a fixed piece of work in slot 0, with
// nothing and then with a hostile program in slot SECOND, in turns; a line of JSON for each
// neighbour: medians of CPU and wall time in microseconds. For tests/shown/sandbox/02_two_slots.
#include <fcntl.h>
#include <sys/mman.h>

#include <algorithm>
#include <atomic>
#include <csignal>
#include <cstdlib>
#include <iostream>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "base/clock.h"
#include "base/error.h"
#include "base/json.h"
#include "sandbox/run.h"

using namespace daemonz;

namespace {

constexpr Bytes output_max = kibibytes(64);
constexpr Bytes memory_max = mebibytes(32);
constexpr Milliseconds cpu_max{60};
constexpr Milliseconds wall_max{5'000};      // of what ends by itself, on a busy machine
constexpr Milliseconds wall_max_idle{80};    // of what only waits
constexpr const char* work_rounds = "4000";  // some 25 ms: the fixed piece of work

struct Told {
  std::vector<std::string> words;
  std::string due;
};

UniqueFd image_of(const std::string& programs, const std::string& name) {
  UniqueFd image(::open((programs + "/" + name).c_str(), O_RDONLY | O_CLOEXEC));
  if (!image.is_open()) throw_errno("cannot open", programs + "/" + name);
  return image;
}

/// What a program is told, and the verdict that is due: far from every limit, but for outputs,
/// whose cap is exact.
Told told(std::mt19937& random) {
  const auto pick = [&](int least, int most) {
    return std::to_string(std::uniform_int_distribution<int>(least, most)(random));
  };
  const int cap = static_cast<int>(output_max.count);
  switch (std::uniform_int_distribution<int>(0, 19)(random)) {
    case 0: return {{"spin"}, "TLE_CPU"};
    case 1: return {{"wait"}, "TLE_WALL"};
    case 2: return {{"touch", pick(48, 200)}, "MLE"};
    case 3: return {{"print", pick(cap + 1, 2 * cap)}, "OLE"};
    case 4: return {{"print", std::to_string(cap + 1)}, "OLE"};
    case 5: return {{"print", std::to_string(cap)}, "OK"};
    case 6: {
      constexpr int signals[] = {SIGSEGV, SIGFPE, SIGABRT, SIGILL, SIGTERM, SIGUSR1, SIGKILL};
      const auto number = std::to_string(signals[std::stoul(pick(0, 6))]);
      return {{"signal", number}, "SG:" + number};
    }
    case 7:
    case 8: {
      const auto code = pick(1, 255);
      return {{"exit", code}, "RE:" + code};
    }
    case 9: return {{"children", pick(1, 8)}, "OK"};
    case 10:
    case 11: return {{"touch", pick(1, 16)}, "OK"};
    case 12:
    case 13: return {{"print", pick(0, cap)}, "OK"};
    case 14:
    case 15: return {{"work", pick(1, 300)}, "OK"};
    default: return {{"exit", "0"}, "OK"};
  }
}

sandbox::Program program_of(const Told& told, const UniqueFd& image) {
  sandbox::Program program;
  program.argv = {"does_as_told"};
  program.argv.insert(program.argv.end(), told.words.begin(), told.words.end());
  program.image.reset(::fcntl(image.get(), F_DUPFD_CLOEXEC, 3));
  program.limits.cpu = cpu_max;
  program.limits.wall = told.due == "TLE_WALL" ? wall_max_idle : wall_max;
  program.limits.memory = memory_max;
  program.limits.stdout_max = output_max;
  return program;
}

std::string shown(const sandbox::Result& result) {
  std::string text = to_string(result.verdict);
  if (result.verdict == sandbox::Verdict::SG) text += ":" + std::to_string(*result.signal);
  if (result.verdict == sandbox::Verdict::RE) text += ":" + std::to_string(*result.exit_code);
  if (result.verdict == sandbox::Verdict::XX) text += ":" + result.stage;
  return text + " " + std::to_string(result.stdout_bytes) + (result.is_stdout_cut ? " cut" : "");
}

void run_slot(sandbox::Slot& slot, const UniqueFd& image, unsigned seed, int count,
              std::string& lines) {
  std::mt19937 random(seed);
  for (int i = 0; i < count; ++i) {
    const auto what = told(random);
    lines += std::to_string(slot.number() % 2) + " " + std::to_string(i);
    for (const auto& word : what.words) lines += " " + word;
    lines += " due " + what.due + " got " + shown(slot.run(program_of(what, image))) + "\n";
  }
}

struct TwoSlots {
  std::unique_ptr<sandbox::Slot> first, second;
};

/// `second`: the other's number. They are pinned to cores by their numbers.
TwoSlots open_slots(const std::string& folder, int second) {
  return {sandbox::Slot::open({.number = 0, .state_folder = folder}),
          sandbox::Slot::open({.number = second, .state_folder = folder})};
}

void random_runs(const std::string& folder, const std::string& programs, unsigned seed, int count) {
  const auto slots = open_slots(folder, 1);
  const auto image = image_of(programs, "does_as_told");
  std::string first, second;
  std::thread other([&] { run_slot(*slots.second, image, seed + 1, count, second); });
  run_slot(*slots.first, image, seed, count, first);
  other.join();
  std::cout << first << second;
}

template <class Value>
Value median(std::vector<Value> values) {
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::ranges::nth_element(values, middle);
  return *middle;
}

/// Runs the programs one after the other, again and again, until it is told to stop.
class Neighbour {
 public:
  Neighbour(sandbox::Slot& slot, const std::string& programs, const std::string& name)
      : slot_(slot), image_(image_of(programs, name)), name_(name), thread_([this] { run(); }) {
    is_running_.wait(false);
  }
  ~Neighbour() {
    is_over_ = true;
    slot_.cancel();
    thread_.join();
  }
  Neighbour(const Neighbour&) = delete;
  Neighbour& operator=(const Neighbour&) = delete;

 private:
  void run() {
    while (!is_over_) {
      sandbox::Program program;
      program.argv = {name_};
      program.image.reset(::fcntl(image_.get(), F_DUPFD_CLOEXEC, 3));
      program.limits.cpu = Milliseconds(500);
      program.limits.wall = Milliseconds(700);
      is_running_ = true;
      is_running_.notify_all();
      static_cast<void>(slot_.run(program));
    }
  }

  sandbox::Slot& slot_;
  UniqueFd image_;
  std::string name_;
  std::atomic<bool> is_running_ = false, is_over_ = false;
  std::thread thread_;
};

struct Times {
  std::vector<std::int64_t> cpu, wall;
};

void work_once(sandbox::Slot& slot, const UniqueFd& image, Times& times) {
  auto program = program_of({.words = {"work", work_rounds}, .due = "OK"}, image);
  program.limits.cpu = wall_max;
  const auto start = real_clock().steady();
  const auto result = slot.run(program);
  if (result.verdict != sandbox::Verdict::OK) throw Error("the work got " + shown(result));
  times.wall.push_back(
      std::chrono::duration_cast<Microseconds>(real_clock().steady() - start).count());
  times.cpu.push_back(std::chrono::duration_cast<Microseconds>(result.cpu).count());
}

void compare_times(const std::string& folder, const std::string& programs, int turns, int second,
                   const std::vector<std::string>& neighbours) {
  constexpr int runs = 5;  // of the work, in a turn
  const auto slots = open_slots(folder, second);
  const auto image = image_of(programs, "does_as_told");
  for (const auto& name : neighbours) {
    Times quiet, beside;
    for (int turn = 0; turn < turns; ++turn) {
      for (int i = 0; i < runs; ++i) work_once(*slots.first, image, quiet);
      const Neighbour neighbour(*slots.second, programs, name);
      for (int i = 0; i < runs; ++i) work_once(*slots.first, image, beside);
    }
    std::cout << json::serialize(json::object{{"neighbour", name},
                                              {"cpu_quiet", median(quiet.cpu)},
                                              {"cpu_beside", median(beside.cpu)},
                                              {"wall_quiet", median(quiet.wall)},
                                              {"wall_beside", median(beside.wall)}})
              << std::endl;
  }
}

}  // namespace

int main(int argc, char** argv) {
  try {
    const std::string what = argc >= 6 ? argv[1] : "";
    if (what == "runs") {
      random_runs(argv[2], argv[3], static_cast<unsigned>(std::strtoul(argv[4], nullptr, 10)),
                  std::atoi(argv[5]));
    } else if (what == "times") {
      compare_times(argv[2], argv[3], std::atoi(argv[4]), std::atoi(argv[5]),
                    {argv + 6, argv + argc});
    } else {
      std::cerr << "two-slots runs FOLDER PROGRAMS SEED COUNT\n"
                   "two-slots times FOLDER PROGRAMS TURNS SECOND NEIGHBOUR..\n";
      return 2;
    }
    return 0;
  } catch (const Error& problem) {
    std::cerr << "two-slots: " << problem.what() << '\n';
    return 1;
  }
}
