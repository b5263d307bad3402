// Private to config: a tree node as JSON, typed by the YAML 1.2 core schema (config/yaml_json.h).
#pragma once

#include "base/json.h"
#include "config/yaml_tree.h"

namespace daemonz::config {

[[nodiscard]] json::value to_json(const Node& node);

}  // namespace daemonz::config
