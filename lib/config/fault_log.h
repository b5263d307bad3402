// Private to config: collects faults while a file is read, so that all are told at once.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "config/faults.h"

namespace daemonz::config {

/// Where something stands: an index from FaultLog::add_file, line and column from 1.
struct Place {
  int file = 0;
  int line = 0;
  int column = 0;
};

/// "daemons.queue: ..." for the longest file that a person still reads; the rest is counted.
inline constexpr std::size_t faults_told_max = 100;

/// Threads: one.
class FaultLog {
 public:
  /// `name` is what messages call the file. Returns its index for Place.
  int add_file(std::string name);
  [[nodiscard]] const std::string& file(int index) const { return files_.at(std::size_t(index)); }
  /// "FILE:LINE:COLUMN: KEY: TEXT"; an empty key and a place without a line are left out.
  void add(Place place, std::string_view key, std::string_view text);
  [[nodiscard]] std::string where(Place place) const;  ///< "FILE:LINE:COLUMN"
  [[nodiscard]] bool is_empty() const { return entries_.empty(); }
  [[nodiscard]] std::size_t count() const { return entries_.size(); }
  /// Throws Faults, sorted by place, if there are any.
  void throw_if_any() const;

 private:
  struct Entry {
    Place place;
    std::string text;
  };
  std::vector<std::string> files_;
  std::vector<Entry> entries_;
};

/// The offending text for a message: quoted, at most 60 bytes, control characters escaped.
[[nodiscard]] std::string in_quotes(std::string_view text);

}  // namespace daemonz::config
