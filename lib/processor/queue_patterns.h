// Which queues a processor serves, as people say it: names and Resque's globs, best first. Follows
// jobs.md, "Queue lists take Resque's globs". Pure: who exists is told.
//
//     critical,*,!low     critical first, then all others by name, but not low
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/queue_name.h"

namespace daemonz::processor {

/// A value. Threads: any.
class QueuePatterns {
 public:
  /// Throws Error that names the bad or repeated word. Globs are fnmatch(3)'s: * ? [..].
  [[nodiscard]] static QueuePatterns parse(std::string_view text);

  /// False: all words are names, and what exists does not matter.
  [[nodiscard]] bool has_globs() const;
  /// Names as they stand, whether they exist or not; a glob gives what exists, by name, that no
  /// better word gave. Never a dead queue, nor one that a !word takes out.
  [[nodiscard]] std::vector<QueueName> expand(const std::vector<QueueName>& existing) const;

 private:
  std::vector<std::string> wanted_, unwanted_;
};

/// In the same order, cut into lists whose names have at most `size_max` bytes with their commas: a
/// pop names no more. Each name fits.
[[nodiscard]] std::vector<std::vector<QueueName>> in_groups(const std::vector<QueueName>& queues,
                                                            std::size_t size_max);

}  // namespace daemonz::processor
