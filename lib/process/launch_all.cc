#include "process/launch_all.h"

#include <atomic>
#include <optional>
#include <system_error>
#include <thread>

namespace daemonz::process {

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
  std::thread second;
  try {
    if (all.size() > 1) second = std::thread(work);
  } catch (const std::system_error&) {  // no more threads: alone, then
  }
  work();
  if (second.joinable()) second.join();
  std::vector<Launched> launched;
  launched.reserve(all.size());
  for (auto& one : done) launched.push_back(std::move(*one));
  return launched;
}

}  // namespace daemonz::process
