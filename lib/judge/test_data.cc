#include "judge/test_data.h"

#include <algorithm>

#include "base/error.h"
#include "judge/mapping.h"
#include "judge/problem_yaml.h"

namespace daemonz::judge {
namespace {

namespace fs = std::filesystem;

constexpr int group_depth_max = folder_depth_max;
constexpr Bytes arguments_size_max = kibibytes(64);   // of NAME.args
constexpr Bytes description_size_max = kibibytes(4);  // what is shown of NAME.desc
constexpr std::size_t noted_files_max = 5;            // a note each; more say the same

// Of test_group.yaml, testdata.yaml and NAME.yaml together.
const std::vector<std::string_view> setting_keys{"args",
                                                 "output_validator_args",
                                                 "output_validator_flags",
                                                 "input_validator_args",
                                                 "input_validator_flags",
                                                 "input_visualizer_args",
                                                 "output_visualizer_args",
                                                 "static_validator_args",
                                                 "static_validation",
                                                 "static_validation_score",
                                                 "full_feedback",
                                                 "hint",
                                                 "description",
                                                 "scoring",
                                                 "max_score",
                                                 "score_aggregation",
                                                 "require_pass",
                                                 "on_reject",
                                                 "grading",
                                                 "grader_flags",
                                                 "accept_score",
                                                 "reject_score",
                                                 "range"};

/// What a group hands on to its cases and to the groups in it.
struct Settings {
  std::vector<std::string> flags, arguments;
  std::string description;  ///< of a case only
};

bool ends_with(const Entry& entry, std::string_view extension) {
  return entry.name.ends_with(extension) && entry.name.size() > extension.size();
}

std::string base_name(const Entry& entry) {
  return entry.is_folder ? entry.name : entry.name.substr(0, entry.name.size() - 3);
}

/// Reads the cases of one group and of the groups in it, in the order of their base names.
class GroupReader {
 public:
  GroupReader(Package& package, const ReadYaml& read_yaml)
      : package_(package), read_yaml_(read_yaml) {}

  void read(const fs::path& folder, const std::string& prefix, Settings settings, int depth = 1) {
    if (depth > group_depth_max)
      throw Error(ErrorText{.what = "test data groups are nested too deep",
                            .where = folder,
                            .hint = "Is there a link to a folder above it?"});
    read_settings(folder, settings);
    auto entries = list_folder(folder, package_.root);
    note_lone_answers(entries, prefix);
    std::erase_if(entries, [&](const Entry& entry) { return !is_read(entry); });
    std::ranges::sort(entries, {}, base_name);
    for (const auto& entry : entries) {
      if (entry.is_folder) {
        if (ends_with(entry, ".in"))
          throw Error(ErrorText{.what = "is a folder, not an input",
                                .where = folder / entry.name,
                                .hint = "An input is a file; a group has another name."});
        read(entry.path, prefix + entry.name + "/", settings, depth + 1);
      } else {
        add_case(folder, prefix, entry, settings);
      }
    }
  }

  /// What the settings of `folder` say, for itself and the groups below it.
  void read_settings(const fs::path& folder, Settings& settings) {
    for (const char* name : {"testdata.yaml", "test_group.yaml"})
      if (is_there(folder / name)) read_file_of_settings(folder / name, settings);
  }

 private:
  [[nodiscard]] bool is_later() const { return package_.version != FormatVersion::legacy; }

  /// A case or a group; else something that belongs to a case.
  [[nodiscard]] bool is_read(const Entry& entry) const {
    if (!entry.is_folder) return ends_with(entry, ".in");
    return !is_later() || !(ends_with(entry, ".files") || ends_with(entry, ".download"));
  }

  void read_file_of_settings(const fs::path& file, Settings& settings) {
    const auto value = read_yaml_(inside(file, package_.root));
    const Mapping map(value, file);
    map.note_unknown_keys(setting_keys, package_.notes);
    for (const char* key : {"output_validator_flags", "output_validator_args"})
      if (auto flags = map.arguments(key)) {
        settings.flags = *std::move(flags);
        check_flags(package_, settings.flags, file);
      }
    if (!is_later()) return;
    if (auto arguments = map.arguments("args")) settings.arguments = *std::move(arguments);
    if (const auto* text = map.find("description"); text && text->is_string())
      settings.description = text->get_string();
  }

  void note_lone_answers(const std::vector<Entry>& entries, const std::string& prefix) {
    for (const auto& entry : entries) {
      if (entry.is_folder || !ends_with(entry, ".ans")) continue;
      const auto name = entry.name.substr(0, entry.name.size() - 4);
      if (std::ranges::binary_search(entries, name + ".in", {}, &Entry::name)) continue;
      if (++lone_answers_ <= noted_files_max)
        package_.notes.push_back("data/" + printable(prefix + entry.name, 200) +
                                 " has no input beside it: it is not a case");
    }
  }

  void add_case(const fs::path& folder, const std::string& prefix, const Entry& input,
                Settings settings) {
    const auto name = base_name(input);
    const auto answer = folder / (name + ".ans");
    if (!is_there(answer))
      throw Error(ErrorText{.what = "has no answer file beside it",
                            .where = folder / input.name,
                            .hint = "Add " + name + ".ans."});
    Case added{.name = prefix + name,
               .input = input.path,
               .answer = inside(answer, package_.root),
               .validator_flags = {},
               .arguments = {},
               .files = {},
               .description = {}};
    if (fs::is_directory(added.answer))
      throw Error(ErrorText{.what = "is a folder, not an answer", .where = answer});
    settings.description.clear();
    if (is_later()) read_case_settings(folder / name, added, settings);
    if (const auto text = folder / (name + ".desc"); is_there(text))
      settings.description = read_file(inside(text, package_.root), description_size_max);
    added.validator_flags = std::move(settings.flags);
    added.arguments = std::move(settings.arguments);
    added.description = std::move(settings.description);
    package_.cases.push_back(std::move(added));
  }

  /// NAME.yaml, NAME.args (a draft's) and NAME.files/.
  void read_case_settings(const fs::path& stem, Case& added, Settings& settings) {
    const auto beside = [&](const char* extension) { return fs::path(stem.string() + extension); };
    if (const auto file = beside(".args"); is_there(file))
      settings.arguments = words(read_file(inside(file, package_.root), arguments_size_max));
    const bool is_group_file = stem.filename() == "test_group" || stem.filename() == "testdata";
    if (const auto file = beside(".yaml"); !is_group_file && is_there(file))
      read_file_of_settings(file, settings);
    if (const auto folder = beside(".files"); is_there(folder))
      added.files = list_files(inside(folder, package_.root), package_.root);
  }

  Package& package_;
  const ReadYaml& read_yaml_;
  std::size_t lone_answers_ = 0;
};

}  // namespace

void read_cases(Package& package, const ReadYaml& read_yaml) {
  const auto data = package.root / "data";
  Settings settings{.flags = package.validator_flags, .arguments = {}, .description = {}};
  GroupReader reader(package, read_yaml);
  if (is_there(data)) reader.read_settings(inside(data, package.root), settings);
  for (const char* group : {"sample", "secret"}) {
    const auto folder = data / group;
    if (!is_there(folder)) continue;
    reader.read(inside(folder, package.root), std::string(group) + "/", settings);
  }
  if (package.cases.empty())
    throw Error(ErrorText{.what = "has no test case",
                          .where = data,
                          .hint = "Put NAME.in and NAME.ans into data/secret."});
}

}  // namespace daemonz::judge
