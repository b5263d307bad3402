#include "sandbox/group_layout.h"

#include <charconv>
#include <filesystem>
#include <optional>
#include <sstream>

namespace daemonz::sandbox {
namespace {

constexpr std::string_view supervisor_prefix = "daemonz-";

bool has_word(const std::string& list, std::string_view word) {
  return ("," + list + ",").find("," + std::string(word) + ",") != std::string::npos;
}

/// The path behind the second colon of "ID:CONTROLLERS:PATH".
std::optional<std::string> own_group(std::string_view controller, const std::string& groups) {
  std::istringstream lines(groups);
  for (std::string line; std::getline(lines, line);) {
    const auto first = line.find(':'), second = line.find(':', first + 1);
    if (first == std::string::npos || second == std::string::npos) continue;
    const auto list = line.substr(first + 1, second - first - 1);
    if (controller.empty() ? list.empty() : has_word(list, controller))
      return line.substr(second + 1);
  }
  return {};
}

/// mountinfo writes blanks, tabs, line ends and backslashes as \ and three octal digits.
std::string unescaped(const std::string& text) {
  std::string result;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto digits = text.substr(i + 1, 3);
    unsigned code = 0;
    const auto* const end = digits.data() + digits.size();
    const bool is_escape = text[i] == '\\' && digits.size() == 3 &&
                           std::from_chars(digits.data(), end, code, 8).ptr == end;
    result += is_escape ? static_cast<char>(code) : text[i];
    if (is_escape) i += digits.size();
  }
  return result;
}

/// What is left of `group` below `root`; nullopt: it lies elsewhere.
std::optional<std::string> below(const std::string& root, const std::string& group) {
  if (group.starts_with("/..")) return {};  // outside of this cgroup namespace
  if (root == "/") return group == "/" ? "" : group;
  if (group == root) return "";
  if (group.starts_with(root + "/")) return group.substr(root.size());
  return {};
}

}  // namespace

std::vector<Hierarchy> find_hierarchies(std::string_view controller, const std::string& groups,
                                        const std::string& mounts) {
  std::vector<Hierarchy> found;
  const auto group = own_group(controller, groups);
  if (!group) return found;
  std::istringstream lines(mounts);
  for (std::string line; std::getline(lines, line);) {
    std::istringstream fields(line);
    std::string skip, root, point, word, type, source, options;
    fields >> skip >> skip >> skip >> root >> point;
    while (fields >> word && word != "-") {
    }
    fields >> type >> source >> options;
    const bool is_it =
        controller.empty() ? type == "cgroup2" : type == "cgroup" && has_word(options, controller);
    const auto rest = is_it ? below(unescaped(root), *group) : std::nullopt;
    if (!rest) continue;
    const auto top = unescaped(point);
    found.push_back({.top = top, .own = top + *rest});
  }
  return found;
}

std::vector<std::string> places_for_runs(const Hierarchy& hierarchy) {
  std::vector<std::string> places;
  bool is_supervisors = false;
  for (std::filesystem::path folder = hierarchy.own;; folder = folder.parent_path()) {
    const bool is_top = folder.string().size() <= hierarchy.top.size();
    const bool is_of_instances = folder.filename().string().starts_with(supervisor_prefix);
    if (is_top || !(is_of_instances || is_supervisors))
      places.push_back(is_top ? hierarchy.top : folder.string());
    if (is_top) return places;
    is_supervisors = is_of_instances;
  }
}

}  // namespace daemonz::sandbox
