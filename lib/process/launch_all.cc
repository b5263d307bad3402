#include "process/launch_all.h"

#include <algorithm>
#include <atomic>
#include <optional>
#include <system_error>
#include <thread>

namespace daemonz::process {
namespace {

// A launch waits for an exec, and then for a processor that the children have taken.
constexpr std::size_t threads_max = 3;

}  // namespace

std::vector<Launched> launch_all(std::span<const LaunchOptions> all) {
  std::vector<std::optional<Launched>> done(all.size());
  std::atomic<std::size_t> next = 0;
  const auto work = [&] {
    for (std::size_t i = next++; i < all.size(); i = next++) {
      try {
        done[i].emplace(launch(all[i]));
      } catch (const Error& problem) {
        done[i].emplace(problem);
      }
    }
  };
  std::vector<std::thread> others;
  try {
    for (std::size_t i = 1; i < std::min(threads_max, all.size()); ++i) others.emplace_back(work);
  } catch (const std::system_error&) {  // no more threads: with those that there are
  }
  work();
  for (auto& other : others) other.join();
  std::vector<Launched> launched;
  launched.reserve(all.size());
  for (auto& one : done) launched.push_back(std::move(*one));
  return launched;
}

}  // namespace daemonz::process
