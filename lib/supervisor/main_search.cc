#include "supervisor/main_search.h"

#include <algorithm>

namespace daemonz::supervisor {
namespace {

// Most programs have written the file before their start command ends; a slow one costs little.
constexpr Milliseconds pause_first(1);
constexpr Milliseconds pause_max(100);

}  // namespace

MainSearch::MainSearch(Loop& loop, const config::Daemon& daemon, const process::TreeMark& tree,
                       std::function<void(process::Identity)> found, std::function<void()> lost)
    : loop_(loop),
      daemon_(daemon),
      tree_(tree),
      found_(std::move(found)),
      lost_(std::move(lost)),
      pause_(pause_first),
      timer_(loop.at(real_clock().steady(), [this] { look(); })) {}

// The callbacks may end this object: nothing of it is touched after one.
void MainSearch::look() {
  const auto found = found_;
  const auto lost = lost_;
  if (const auto main = find_main(daemon_, tree_)) return found(*main);
  if (process::is_empty(tree_)) return lost();
  timer_ = loop_.at(real_clock().steady() + pause_, [this] { look(); });
  pause_ = std::min(pause_ * 2, pause_max);
}

}  // namespace daemonz::supervisor
