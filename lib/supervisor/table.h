// A table for a person's eyes: columns as wide as their widest cell.
#pragma once

#include <iosfwd>
#include <string>
#include <vector>

namespace daemonz::supervisor {

using Row = std::vector<std::string>;

/// The first row is the head. The last column is not padded.
void print_table(std::ostream& out, const std::vector<Row>& rows);

/// With a blank between each two.
[[nodiscard]] std::string joined(const std::vector<std::string>& words);

}  // namespace daemonz::supervisor
