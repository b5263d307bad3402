// Private to config: reads one map of daemonz.yml key by key into typed values. Every value of the
// file passes through here, which is why every fault has its place and its full key, and why a key
// that nobody asked for is known to be a mistake.
#pragma once

#include <initializer_list>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/units.h"
#include "config/config.h"
#include "config/expand.h"
#include "config/values.h"
#include "config/yaml_tree.h"

namespace daemonz::config {

/// What the readers share. Loans: all outlive the load.
struct Reader {
  FaultLog& faults;
  ExpandOptions expand;
  Config& config;  ///< root_path and environment are set before any section is read
  int cores = 1;
  ValueList values;

  void fault(const Node& node, std::string_view key, std::string_view text) {
    faults.add(node.place, key, text);
  }
};

/// Which ${...} the strings of a section may hold.
enum class Strings { plain, of_daemon };

/// One map. An absent or empty one has no keys. Every reading function takes the value if the key
/// is there and good, and leaves `target` as it is otherwise; a bad one is a fault. After the last
/// read, done() reports the keys that were not asked for. Threads: one.
///
///     Section stop(reader, section.find("stop"), "daemons.queue.stop", Strings::of_daemon);
///     stop.duration("timeout", daemon.stop.timeout);
///     stop.done();
class Section {
 public:
  Section(Reader& reader, const Node* node, std::string path, Strings strings = Strings::plain);

  /// nullptr: absent. The key counts as known from now on.
  const Node* find(std::string_view key);
  [[nodiscard]] bool has(std::string_view key) const { return node_ && node_->find(key); }
  [[nodiscard]] std::string path_of(std::string_view key) const;
  [[nodiscard]] Reader& reader() { return reader_; }
  void fault(std::string_view key, std::string_view text);  ///< at the key's value, else the map
  /// For `daemonz check`: the value that `key` has come to, for those that no function below reads.
  /// `from`: the key that says it, where that is another one.
  template <class T>
  void note(std::string_view key, const T& value, std::string_view from = {}) {
    if (reader_.values.is_wanted()) note_text(key, value_text(value), from.empty() ? key : from);
  }

  template <class T>
  void text(std::string_view key, T& target) {
    take(text_of(key), target);
    note(key, target);
  }
  template <class T>
  void path(std::string_view key, T& target) {
    take(path_value(key), target);
    note(key, target);
  }
  template <class T>
  void boolean(std::string_view key, T& target) {
    take(boolean_of(key), target);
    note(key, target);
  }
  template <class T>
  void duration(std::string_view key, T& target) {
    take(duration_of(key), target);
    note(key, target);
  }
  template <class T>
  void bytes(std::string_view key, T& target) {
    take(bytes_of(key), target);
    note(key, target);
  }
  /// A whole number from `least` to `most`, `what` names it: "a port".
  template <class T>
  void whole(std::string_view key, T& target, std::int64_t least, std::int64_t most,
             std::string_view what = "a whole number") {
    if (const auto found = whole_of(key, least, most, what)) target = static_cast<Held<T>>(*found);
    note(key, target);
  }
  void real(std::string_view key, double& target, double least, double most);
  /// A list of strings, or one string that stands for a list of one.
  void list(std::string_view key, std::vector<std::string>& target);
  /// A list of words, or one string that is split by shell-word rules. Whether the key is there.
  bool words(std::string_view key, std::vector<std::string>& target);
  /// A number, or `cores`.
  void count(std::string_view key, int& target, int least, int most, bool* is_per_core = nullptr);
  template <class T, class E>
  void choice(std::string_view key, T& target,
              std::initializer_list<std::pair<std::string_view, E>> choices) {
    std::vector<std::string> names;
    for (const auto& each : choices) names.emplace_back(each.first);
    if (const auto found = choice_of(key, names)) target = (choices.begin() + *found)->second;
    for (const auto& each : choices)
      if (target == each.second) note(key, each.first);
  }
  /// key: {NAME: ...}: calls `read(name, key path, node)` for each entry.
  template <class Read>
  void each(std::string_view key, Read read) {
    const Node* const node = map_of(key);
    if (!node) return;
    for (const auto& [name, value] : node->entries)
      read(name, path_of(key) + "." + name.text, value);
  }
  void done();

  // The values themselves; nullopt: absent, or a fault that has been reported.
  std::optional<std::string> text_of(std::string_view key);
  std::optional<std::string> path_value(std::string_view key);
  std::optional<bool> boolean_of(std::string_view key);
  std::optional<Milliseconds> duration_of(std::string_view key);
  std::optional<Bytes> bytes_of(std::string_view key);
  std::optional<std::int64_t> whole_of(std::string_view key, std::int64_t least, std::int64_t most,
                                       std::string_view what);
  std::optional<std::size_t> choice_of(std::string_view key, const std::vector<std::string>& names);
  const Node* map_of(std::string_view key);  ///< nullptr: absent, empty, or a reported fault
  /// The expanded text of a scalar; nullopt: a reported fault. `wanted` is what the place takes.
  std::optional<std::string> scalar(const Node& node, std::string_view path,
                                    std::string_view wanted);

 private:
  template <class T>
  struct HeldBy {
    using type = T;
  };
  template <class T>
  struct HeldBy<std::optional<T>> {
    using type = T;
  };
  template <class T>
  using Held = typename HeldBy<T>::type;
  template <class T, class V>
  static void take(std::optional<V> found, T& target) {
    if (found) target = std::move(*found);
  }

  void note_text(std::string_view key, std::string value, std::string_view from);

  Reader& reader_;
  const Node* node_;  ///< a map, or nullptr
  std::string path_;
  Strings strings_;
  std::vector<std::string> known_;
};

/// "a map", "a list", "nothing", or the quoted text.
[[nodiscard]] std::string shown(const Node& node);

}  // namespace daemonz::config
