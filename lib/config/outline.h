// The text of a daemonz.yml without its daemons: for those who only want to know where things are,
// and must not wait for a thousand entries. Not a parser of YAML (yaml_tree.h).
#pragma once

#include <string>
#include <string_view>

namespace daemonz::config {

/// Every line keeps its number: those below a `daemons:` that begins a line are emptied, up to the
/// next key at the beginning of a line. What it makes of odd files may not be YAML any more: then
/// the whole text has to be read.
[[nodiscard]] std::string without_daemons(std::string_view text);

}  // namespace daemonz::config
