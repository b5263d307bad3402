// simulation [--seconds N] [--rounds N] [--seed N] [--plant NAME] [--trace TEXT]: lives one after
// the other, from a seed upwards, until the time or the rounds are over. Prints one line. Exit 0:
// no promise was broken; 1: one was, and the line says by which seed. With a planted fault 0 means
// that it was found. One that dies by a signal says in which seed's life. --trace tells on stderr
// what happens to bodies that hold TEXT (*: all).
#include <unistd.h>

#include <array>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>

#include "base/log.h"
#include "simulation/run.h"
#include "support/seed.h"

using namespace daemonz;
using simulation::Plant;

namespace {

struct Arguments {
  double seconds = 1e9;
  std::uint64_t rounds = UINT64_MAX, seed = tests::seed();
  Plant plant = Plant::none;
  bool is_planted = DAEMONZ_IS_PLANTED;  ///< this program was built with a faulty source
};

Arguments read(int argc, char** argv) {
  Arguments arguments;
  for (int i = 1; i + 1 < argc; i += 2) {
    const std::string name = argv[i], value = argv[i + 1];
    if (name == "--seconds") arguments.seconds = std::stod(value);
    if (name == "--rounds") arguments.rounds = std::stoull(value);
    if (name == "--seed") arguments.seed = std::stoull(value);
    if (name == "--trace") simulation::traced = value;
    if (name != "--plant") continue;
    arguments.is_planted = true;
    if (value == "skip_sync") arguments.plant = Plant::skip_sync;
    if (value == "ack_before_effect") arguments.plant = Plant::ack_before_effect;
    if (value == "forget_fence") arguments.plant = Plant::forget_fence;
  }
  return arguments;
}

std::array<char, 80> last_words;

/// Before each life: what a signal that ends the program has to say.
void begin_life(std::uint64_t seed) {
  std::snprintf(last_words.data(), last_words.size(), "DIED in the life of seed %llu\n",
                static_cast<unsigned long long>(seed));
}

/// signal-safety(7).
void die(int number) {
  static_cast<void>(!::write(STDOUT_FILENO, last_words.data(), std::strlen(last_words.data())));
  std::signal(number, SIG_DFL);
  std::raise(number);
}

}  // namespace

int main(int argc, char** argv) {
  const auto arguments = read(argc, argv);
  log::set_level(log::Level::off);
  for (const int number : {SIGABRT, SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTERM})
    std::signal(number, die);
  using Clock = std::chrono::steady_clock;
  const auto started = Clock::now();
  const auto passed = [&] { return std::chrono::duration<double>(Clock::now() - started).count(); };
  simulation::Report sum;
  std::uint64_t round = 0;
  for (; round < arguments.rounds && passed() < arguments.seconds; ++round) {
    const auto seed = arguments.seed + round;
    begin_life(seed);
    const auto report = simulation::run(seed, arguments.plant);
    if (!report.violation.empty()) {
      std::printf("%s after %llu seeds: seed %llu: %s\n",
                  arguments.is_planted ? "caught" : "BROKEN",
                  static_cast<unsigned long long>(round + 1), static_cast<unsigned long long>(seed),
                  report.violation.c_str());
      return arguments.is_planted ? 0 : 1;
    }
    sum.steps += report.steps;
    sum.crashes += report.crashes;
    sum.hand_outs += report.hand_outs;
    sum.jobs += report.jobs;
  }
  std::printf(
      "%llu seeds from %llu, %llu steps, %llu faults, %llu hand-outs, %llu jobs in %.0f s\n",
      static_cast<unsigned long long>(round), static_cast<unsigned long long>(arguments.seed),
      static_cast<unsigned long long>(sum.steps), static_cast<unsigned long long>(sum.crashes),
      static_cast<unsigned long long>(sum.hand_outs), static_cast<unsigned long long>(sum.jobs),
      passed());
  return arguments.is_planted ? 1 : 0;
}
