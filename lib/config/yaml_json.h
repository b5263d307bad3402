// Any YAML file as a JSON value, for files that are not daemonz.yml (a problem.yaml of the judge):
// their readers need not know yaml-cpp. The daemons hand the function to rooms that may not name
// config.
#pragma once

#include <string>
#include <string_view>

#include "base/json.h"
#include "base/units.h"

namespace daemonz::config {

// A file of a person's making is far below these; beyond them it is a mistake or an attack.
inline constexpr Bytes yaml_size_max = mebibytes(1);
inline constexpr int yaml_depth_max = 32;  ///< as base/json.h
/// Aliases counted as often as they are used. A thousand daemons with every key are 100,000.
inline constexpr int yaml_nodes_max = 200'000;

/// Plain scalars are typed by the YAML 1.2 core schema (null, true, 42, 0x2A, 0o52, 4.2e1), quoted
/// ones are strings; dates, `yes`, `010` and others stay strings. An empty document is null. Keys
/// are strings. `<<` merges. Throws Faults (an Error with path:line:column) for what is not YAML, a
/// duplicate key, a second document, or a limit above. Threads: any.
[[nodiscard]] json::value yaml_file_as_json(const std::string& path);

/// The same for text in memory; `where` names it in messages.
[[nodiscard]] json::value yaml_text_as_json(std::string_view text, std::string_view where);

}  // namespace daemonz::config
