// The text of a daemonz.yml without its daemons: for those who only want to know where things are,
// and must not wait for a thousand entries. Not a parser of YAML (yaml_tree.h).
#pragma once

#include <string>
#include <string_view>

namespace daemonz::config {

/// Without the `daemons:` that begins a line and all below it, up to the next key at the beginning
/// of a line. What it makes of odd files may not be YAML any more, and lines have other numbers:
/// where there is a fault, the whole text has to be read.
[[nodiscard]] std::string without_daemons(std::string_view text);

}  // namespace daemonz::config
