// Private to config: YAML text as a tree of our own, each node with its place. What yaml-cpp leaves
// open is decided here: duplicate keys, aliases, merges (`<<`), tags, size, depth, odd bytes. Not
// typed: a scalar is its text and whether it was quoted.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "config/fault_log.h"

namespace daemonz::config {

struct Entry;

/// A value; copied where an alias stands, with the place of the original.
struct Node {
  enum class Kind { null, scalar, sequence, map };
  Kind kind = Kind::null;
  Place place;
  std::string text;            ///< scalar
  bool is_quoted = false;      ///< scalar: quoted, a block, or tagged !!str
  std::vector<Node> items;     ///< sequence
  std::vector<Entry> entries;  ///< map, in the order written; keys are scalars

  [[nodiscard]] const Node* find(std::string_view key) const;
  [[nodiscard]] Node* find(std::string_view key);
};

/// KEY: VALUE of a map.
struct Entry {
  Node key;
  Node value;
};

/// Ruby wrote `:binary:` where we write `binary:`; stripped takes one leading colon off keys.
enum class SymbolKeys { kept, stripped };

/// The one document in `text`; a null node for an empty one. Faults go to `faults` (then the tree
/// holds what could be read). `file` is its index there. `lines`: which line of the file each line
/// of `text` comes from; empty: the same. Limits: config/yaml_json.h.
[[nodiscard]] Node parse_yaml(std::string_view text, int file, SymbolKeys symbols, FaultLog& faults,
                              const std::vector<int>& lines = {});

/// The file's bytes; empty and a fault when it cannot be read or is above yaml_size_max.
[[nodiscard]] std::string read_file(const std::string& path, int file, FaultLog& faults);

}  // namespace daemonz::config
