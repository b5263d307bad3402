#include "supervisor/launches.h"

#include <algorithm>
#include <span>

#include "process/launch_all.h"

namespace daemonz::supervisor {
namespace {

constexpr std::size_t at_once_max = 32;  // each holds the descriptors of its child meanwhile

void perform_some(std::span<Supervised* const> some) {
  std::vector<Supervised*> instances;
  std::vector<process::LaunchOptions> options;
  std::vector<ChildOutput> outputs;
  for (auto* const instance : some) {
    if (instance->instance().state != State::starting) continue;  // stopped in the same burst
    try {
      outputs.push_back(instance->prepare_launch());
      options.push_back(instance->launch_options(outputs.back()));
      instances.push_back(instance);
    } catch (const std::exception& problem) {
      instance->take_failed_launch(problem.what());
    }
  }
  auto launched = process::launch_all(options);
  for (std::size_t i = 0; i < instances.size(); ++i) {
    try {
      if (const auto* const problem = std::get_if<Error>(&launched[i])) throw Error(*problem);
      instances[i]->take_launched(std::move(std::get<process::Child>(launched[i])));
    } catch (const std::exception& problem) {
      instances[i]->take_failed_launch(problem.what());
    }
  }
}

}  // namespace

void Launches::add(Supervised& instance) {
  if (std::find(instances_.begin(), instances_.end(), &instance) == instances_.end())
    instances_.push_back(&instance);
}

bool Launches::perform() {
  const auto all = std::exchange(instances_, {});
  for (std::size_t from = 0; from < all.size(); from += at_once_max)
    perform_some(std::span(all).subspan(from, std::min(at_once_max, all.size() - from)));
  return !all.empty();
}

}  // namespace daemonz::supervisor
