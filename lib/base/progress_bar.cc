#include "base/progress_bar.h"

#include <algorithm>
#include <ostream>

namespace daemonz {
namespace {

constexpr std::size_t width = 40;        // fits a terminal of 80 columns with its numbers
constexpr std::size_t drawings = 1'000;  // at most, however long the way is

}  // namespace

ProgressBar::ProgressBar(std::ostream& out, Options options)
    : out_(out), options_(std::move(options)) {
  show(0);
}

ProgressBar::~ProgressBar() {
  if (options_.is_terminal) out_ << "\r\x1b[K" << std::flush;
}

void ProgressBar::show(std::size_t done) {
  if (!options_.is_terminal || options_.total == 0) return;
  const auto capped = std::min(done, options_.total);
  const auto drawing = drawings * capped / options_.total + 1;
  if (drawing == drawn_) return;
  drawn_ = drawing;
  const auto filled = width * capped / options_.total;
  out_ << "\r[" << std::string(filled, '#') << std::string(width - filled, ' ') << "] " << done
       << '/' << options_.total << ' ' << options_.unit << std::flush;
}

}  // namespace daemonz
