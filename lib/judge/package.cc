#include "judge/package.h"

#include <cmath>

#include <algorithm>
#include <charconv>
#include <limits>

#include "base/error.h"

namespace daemonz::judge {
namespace {

namespace fs = std::filesystem;

constexpr Bytes settings_size_max = kibibytes(64);  // .timelimit and domjudge-problem.ini
constexpr double time_limit_max_s = 3'600;          // longer holds a slot for a day
constexpr double size_limit_max_mib = 1 << 20;      // 1 TiB: larger is a typing error
constexpr int group_depth_max = folder_depth_max;
constexpr int passes_default = 2;    // limits.validation_passes
constexpr int passes_limit = 1'000;  // more is a typing error

std::vector<std::string> words(std::string_view text) {
  std::vector<std::string> found;
  constexpr std::string_view blanks = " \t\r\n";
  while (true) {
    const auto first = text.find_first_not_of(blanks);
    if (first == std::string_view::npos) return found;
    text.remove_prefix(first);
    const auto length = std::min(text.find_first_of(blanks), text.size());
    found.emplace_back(text.substr(0, length));
    text.remove_prefix(length);
  }
}

std::optional<double> number_in(std::string_view text) {
  double number = 0;
  const auto [rest, code] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (code != std::errc() || rest != text.data() + text.size() || !std::isfinite(number))
    return std::nullopt;
  return number;
}

/// A YAML mapping whose scalars may be text or typed; its errors name file and key.
class Mapping {
 public:
  Mapping(const json::value& value, fs::path file) : file_(std::move(file)) {
    if (value.is_object()) {
      object_ = &value.get_object();
    } else if (!value.is_null()) {
      fail("is not a mapping of keys to values");
    }
  }

  [[nodiscard]] const json::value* find(std::string_view key) const {
    const auto* value = object_ ? object_->if_contains(key) : nullptr;
    return value && !value->is_null() ? value : nullptr;
  }
  [[nodiscard]] std::optional<std::string> text(std::string_view key) const {
    const auto* value = find(key);
    if (!value) return std::nullopt;
    if (const auto* string = value->if_string()) return std::string(*string);
    if (value->is_primitive()) return json::serialize(*value);
    fail("\"" + std::string(key) + "\" must be one text");
  }
  /// A number above 0 (or from 0 on: `least` = 0), at most `most`.
  [[nodiscard]] std::optional<double> number(std::string_view key, double least,
                                             double most) const {
    const auto written = text(key);
    if (!written) return std::nullopt;
    const auto number = number_in(*written);
    if (!number || *number < least || *number > most)
      fail("\"" + std::string(key) + "\" must be a number from " + shown(least) + " to " +
           shown(most) + ", found \"" + printable(*written, 40) + "\"");
    return number;
  }
  [[noreturn]] void fail(std::string what, std::string hint = {}) const {
    throw Error(ErrorText{.what = std::move(what), .where = file_, .hint = std::move(hint)});
  }

 private:
  static std::string shown(double number) {
    std::array<char, 32> text{};
    const auto end = std::to_chars(text.data(), text.data() + text.size(), number).ptr;
    return {text.data(), end};
  }

  const json::object* object_ = nullptr;
  fs::path file_;
};

Milliseconds seconds(double count) {
  return Milliseconds(static_cast<std::int64_t>(std::llround(count * 1000)));
}

Bytes scaled(double count, Bytes unit) {
  return Bytes(static_cast<std::uint64_t>(count * static_cast<double>(unit.count)));
}

void read_limits(const json::value& value, const fs::path& file, Package& package) {
  const Mapping map(value, file);
  auto& limits = package.limits;
  const auto time = [&](const char* key, Milliseconds& into) {
    if (const auto count = map.number(key, 0.001, time_limit_max_s)) into = seconds(*count);
  };
  const auto size = [&](const char* key, Bytes& into) {
    if (const auto count = map.number(key, 0.001, size_limit_max_mib))
      into = scaled(*count, mebibytes(1));
  };
  if (const auto factor = map.number("time_multiplier", 1, 1'000)) limits.time_multiplier = *factor;
  size("memory", limits.memory);
  size("output", limits.output);
  if (const auto count = map.number("code", 0.001, size_limit_max_mib))
    limits.code = scaled(*count, kibibytes(1));
  time("compilation_time", limits.compilation_time);
  size("compilation_memory", limits.compilation_memory);
  time("validation_time", limits.validation_time);
  size("validation_memory", limits.validation_memory);
  size("validation_output", limits.validation_output);
  if (const auto passes = map.number("validation_passes", 2, passes_limit);
      passes && package.passes_max > 1)
    package.passes_max = static_cast<int>(*passes);
}

void refuse_what_is_not_judged(const Mapping& map, Package& package) {
  const auto version = map.text("problem_format_version").value_or("legacy");
  if (version != "legacy" && version != "legacy-icpc")
    map.fail("problem_format_version " + printable(version, 40) + " is not read yet",
             "Save the package in the legacy version.");
  if (map.find("constants"))
    map.fail("constants are not filled in yet", "Write their values into the package's files.");
  for (const char* name :
       {"submissions/submissions.yaml", "submissions/submissions.json", "submissions.json"})
    if (is_there(package.root / name))
      throw Error(ErrorText{.what = "is not read yet",
                            .where = package.root / name,
                            .hint = "Label submissions by their folders or by tags in them, call "
                                    "each entry main, and remove the file."});
  const auto type = map.text("type").value_or("pass-fail");
  if (type == "scoring") {
    package.notes.emplace_back("a scoring problem: the verdict is given, no score");
  } else if (type != "pass-fail") {
    map.fail("type \"" + printable(type, 40) + "\" is not judged yet", "pass-fail is.");
  }
  const auto validation = words(map.text("validation").value_or("default"));
  if (validation.empty() || (validation[0] != "default" && validation[0] != "custom"))
    map.fail("validation must begin with \"default\" or \"custom\"");
  package.has_custom_validator = validation[0] == "custom";
  for (std::size_t i = 1; i < validation.size(); ++i) {
    if (validation[i] == "score") {
      if (type != "scoring")
        package.notes.emplace_back("a scoring problem: the verdict is given, no score");
    } else if (validation[i] == "interactive" && package.has_custom_validator) {
      package.is_interactive = true;
    } else if (validation[i] == "multi-pass" && package.has_custom_validator) {
      package.passes_max = passes_default;
    } else {
      map.fail("validation \"" + printable(validation[i], 40) + "\" is not judged",
               "Write default, custom, custom interactive, or custom multi-pass.");
    }
  }
}

std::vector<std::string> flags_in(const json::value& value, const Mapping& map) {
  if (const auto* text = value.if_string()) return words(std::string_view(*text));
  if (value.is_number()) return {json::serialize(value)};
  if (const auto* list = value.if_array()) {
    std::vector<std::string> flags;
    for (const auto& item : *list)
      flags.push_back(item.is_string() ? std::string(item.get_string()) : json::serialize(item));
    return flags;
  }
  // A map of one validator's name and its flags (legacy testdata.yaml).
  if (const auto* object = value.if_object())
    if (const auto* flags = object->if_contains("flags")) return flags_in(*flags, map);
  map.fail("validator flags must be one text");
}

void check_flags(const Package& package, const std::vector<std::string>& flags,
                 const fs::path& file) {
  if (package.has_custom_validator) return;
  try {
    static_cast<void>(parse_compare_options(flags, package.numbers));
  } catch (const Error& problem) {
    auto text = problem.text();
    text.where = file;
    throw Error(std::move(text));
  }
}

/// Reads the cases of one group and of the groups in it, in the order of their base names.
class GroupReader {
 public:
  GroupReader(Package& package, const ReadYaml& read_yaml)
      : package_(package), read_yaml_(read_yaml) {}

  void read(const fs::path& folder, const std::string& prefix, std::vector<std::string> flags,
            int depth = 1) {
    if (depth > group_depth_max)
      throw Error(ErrorText{.what = "test data groups are nested too deep",
                            .where = folder,
                            .hint = "Is there a link to a folder above it?"});
    read_settings(folder, flags);
    auto entries = list_folder(folder, package_.root);
    std::erase_if(entries, [](const Entry& entry) {
      return !entry.is_folder && !entry.name.ends_with(".in");
    });
    std::ranges::sort(entries, {}, base_name);
    for (const auto& entry : entries) {
      if (entry.is_folder) {
        read(entry.path, prefix + entry.name + "/", flags, depth + 1);
      } else {
        add_case(folder, prefix, entry, flags);
      }
    }
  }

  /// What `folder`/testdata.yaml says, for itself and the groups below it.
  void read_settings(const fs::path& folder, std::vector<std::string>& flags) {
    const auto file = folder / "testdata.yaml";
    if (!is_there(file)) return;
    const auto value = read_yaml_(inside(file, package_.root));
    const Mapping map(value, file);
    const auto* written = map.find("output_validator_flags");
    if (!written) return;
    flags = flags_in(*written, map);
    check_flags(package_, flags, file);
  }

 private:
  static std::string base_name(const Entry& entry) {
    return entry.is_folder ? entry.name : entry.name.substr(0, entry.name.size() - 3);
  }

  void add_case(const fs::path& folder, const std::string& prefix, const Entry& input,
                const std::vector<std::string>& flags) {
    const auto name = base_name(input);
    const auto answer = folder / (name + ".ans");
    if (!is_there(answer))
      throw Error(ErrorText{.what = "has no answer file beside it",
                            .where = folder / input.name,
                            .hint = "Add " + name + ".ans."});
    package_.cases.push_back({.name = prefix + name,
                              .input = input.path,
                              .answer = inside(answer, package_.root),
                              .validator_flags = flags});
  }

  Package& package_;
  const ReadYaml& read_yaml_;
};

/// The value of `timelimit` in DOMjudge's own settings: "timelimit = '2.5' ; seconds".
std::optional<std::string> ini_value(std::string_view text, std::string_view key) {
  while (!text.empty()) {
    const auto end = std::min(text.find('\n'), text.size());
    const auto line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    const auto equals = line.find('=');
    if (equals == std::string_view::npos) continue;
    const auto names = words(line.substr(0, equals));
    if (names.size() != 1 || names[0] != key) continue;  // a comment begins with ";"
    auto value = std::string(line.substr(equals + 1, line.find(';') - equals - 1));
    std::erase_if(value, [](char c) { return c == '\'' || c == '"' || c == ' ' || c == '\r'; });
    return value;
  }
  return std::nullopt;
}

std::optional<Milliseconds> domjudge_time_limit(const fs::path& root) {
  for (const char* name : {"domjudge-problem.ini", ".timelimit"}) {
    const auto file = root / name;
    if (!is_there(file)) continue;
    const auto text = read_file(inside(file, root), settings_size_max);
    std::optional<std::string> written;
    if (file.extension() == ".ini") {
      written = ini_value(text, "timelimit");
      if (!written) continue;
    } else {
      const auto found = words(text);
      written = found.size() == 1 ? found[0] : text;
    }
    const auto number = number_in(*written);
    if (!number || *number <= 0 || *number > time_limit_max_s)
      throw Error(ErrorText{
          .what = "the time limit \"" + printable(*written, 40) + "\" is not a number of seconds",
          .where = file,
          .hint = "Write a number above 0, for example 2."});
    return seconds(*number);
  }
  return std::nullopt;
}

/// One text, or a map of languages: the English one, else the first.
std::optional<std::string> name_in(const Mapping& map) {
  const auto* name = map.find("name");
  if (!name || !name->is_object()) return map.text("name");
  const auto& names = name->get_object();
  if (names.empty()) return std::nullopt;
  const auto* chosen = names.if_contains("en");
  if (!chosen) chosen = &names.begin()->value();
  return chosen->is_string() ? std::string(chosen->get_string()) : json::serialize(*chosen);
}

void read_cases(Package& package, const ReadYaml& read_yaml) {
  const auto data = package.root / "data";
  auto flags = package.validator_flags;
  GroupReader reader(package, read_yaml);
  if (is_there(data)) reader.read_settings(inside(data, package.root), flags);
  for (const char* group : {"sample", "secret"}) {
    const auto folder = data / group;
    if (!is_there(folder)) continue;
    reader.read(inside(folder, package.root), std::string(group) + "/", flags);
  }
  if (package.cases.empty())
    throw Error(ErrorText{.what = "has no test case",
                          .where = data,
                          .hint = "Put NAME.in and NAME.ans into data/secret."});
}

void read_validators(Package& package) {
  const auto folder = package.root / "output_validators";
  if (is_there(folder))
    for (const auto& entry : list_folder(inside(folder, package.root), package.root))
      package.validators.push_back(entry.path);
  if (package.validators.empty())
    throw Error(ErrorText{.what = "validation is custom, but there is no validator",
                          .where = folder,
                          .hint = "Put a program there, or write validation: default."});
  if ((package.is_interactive || package.passes_max > 1) && package.validators.size() > 1)
    throw Error(ErrorText{.what = "an interactive or multi-pass problem has one validator, not " +
                                  std::to_string(package.validators.size()),
                          .where = folder,
                          .hint = "Put the files of one program into a folder there."});
}

void read_submissions(Package& package) {
  const auto folder = package.root / "submissions";
  if (!is_there(folder)) return;
  for (const auto& label : list_folder(inside(folder, package.root), package.root)) {
    if (!label.is_folder) continue;  // submissions.yaml, a read-me
    for (const auto& entry : list_folder(label.path, package.root))
      package.submissions.push_back(read_submission(folder / label.name / entry.name,
                                                    label.name + "/" + entry.name, package.root));
  }
}

}  // namespace

Milliseconds wall_limit(Milliseconds cpu_limit) {
  return cpu_limit + cpu_limit / 2 + Milliseconds(1'000);
}

Package read_package(const fs::path& folder, const ReadYaml& read_yaml) {
  std::error_code code;
  Package package;
  package.root = fs::canonical(folder, code);
  if (code || !fs::is_directory(package.root))
    throw Error(ErrorText{.what = "is not a folder",
                          .where = folder,
                          .hint = "Name the folder that holds problem.yaml.",
                          .code = code.value()});
  const auto file = package.root / "problem.yaml";
  if (!is_there(file))
    throw Error(ErrorText{.what = "has no problem.yaml",
                          .where = package.root,
                          .hint = "A problem package is the folder that holds problem.yaml; "
                                  "an empty one is enough to begin with."});
  const auto value = read_yaml(inside(file, package.root));
  const Mapping map(value, file);
  package.short_name = package.root.filename();
  package.name = name_in(map).value_or(package.short_name);
  refuse_what_is_not_judged(map, package);
  if (const auto* flags = map.find("validator_flags"))
    package.validator_flags = flags_in(*flags, map);
  check_flags(package, package.validator_flags, file);
  if (const auto* limits = map.find("limits")) read_limits(*limits, file, package);
  package.limits.time = domjudge_time_limit(package.root);
  read_cases(package, read_yaml);
  if (package.has_custom_validator) read_validators(package);
  read_submissions(package);
  return package;
}

}  // namespace daemonz::judge
