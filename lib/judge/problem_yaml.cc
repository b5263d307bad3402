#include "judge/problem_yaml.h"

#include <algorithm>
#include <array>

#include "base/error.h"
#include "base/nearest_word.h"
#include "judge/mapping.h"

namespace daemonz::judge {
namespace {

namespace fs = std::filesystem;

constexpr double size_limit_max_mib = 1 << 20;  // 1 TiB: larger is a typing error
constexpr std::size_t shown_max = 40;           // bytes of a value in a message
constexpr int passes_default = 2;               // limits.validation_passes
constexpr double passes_limit = 1'000;          // more is a typing error
constexpr Mapping::Range seconds_range{.least = 0.001, .most = time_limit_max_s};
constexpr Mapping::Range size_range{.least = 0.001, .most = size_limit_max_mib};
constexpr Mapping::Range factor_range{.least = 1, .most = 1'000};

// Keys that every version has.
const std::vector<std::string_view> common_keys{
    "problem_format_version", "name",   "uuid",    "type", "source", "license",
    "rights_owner",           "limits", "keywords"};
const std::vector<std::string_view> legacy_keys{"author", "source_url", "validation",
                                                "validator_flags", "grading"};
const std::vector<std::string_view> later_keys{
    "version", "credits", "embargo_until", "languages", "allow_file_writing", "constants"};
const std::vector<std::string_view> common_limits{"memory",
                                                  "output",
                                                  "code",
                                                  "compilation_time",
                                                  "compilation_memory",
                                                  "validation_time",
                                                  "validation_memory",
                                                  "validation_output",
                                                  "validation_passes",
                                                  "time_limit"};
const std::vector<std::string_view> legacy_limits{"time_multiplier", "time_safety_margin"};
const std::vector<std::string_view> later_limits{"time_multipliers", "time_resolution"};
const std::vector<std::string_view> multiplier_keys{"ac_to_time_limit", "time_limit_to_tle"};

const std::vector<std::string_view> types{"pass-fail", "scoring", "interactive", "multi-pass",
                                          "submit-answer"};

std::vector<std::string_view> together(std::vector<std::string_view> keys,
                                       const std::vector<std::string_view>& more) {
  keys.insert(keys.end(), more.begin(), more.end());
  return keys;
}

Bytes scaled(double count, Bytes unit) {
  return Bytes(static_cast<std::uint64_t>(count * static_cast<double>(unit.count)));
}

FormatVersion version_in(const Mapping& map) {
  const auto written = map.text("problem_format_version").value_or("legacy");
  if (written == "legacy" || written == "legacy-icpc") return FormatVersion::legacy;
  if (written == "2023-07-draft" || written == "2023-07") return FormatVersion::draft_2023_07;
  if (written == "2025-09" || written == "2025-09-draft" || written == "draft")
    return FormatVersion::from_2025_09;
  map.fail("problem_format_version \"" + printable(written, shown_max) + "\" is not known",
           "Known are legacy, legacy-icpc, 2023-07-draft, 2023-07 and 2025-09.");
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

void note_scoring(Package& package) {
  package.notes.emplace_back("a scoring problem: the verdict is given, no score");
}

[[noreturn]] void refuse_type(const Mapping& map, const std::string& type) {
  const auto meant = nearest_word(type, types);
  map.fail("type \"" + printable(type, shown_max) + "\" is not judged",
           !meant || *meant == type
               ? "Problems of the types pass-fail, scoring, interactive and multi-pass are."
               : "Did you mean \"" + *meant + "\"?");
}

void read_legacy_kind(const Mapping& map, Package& package) {
  const auto type = map.text("type").value_or("pass-fail");
  if (type == "interactive" || type == "multi-pass")
    map.fail("type \"" + type + "\" is not one of the legacy version",
             "Write validation: custom " + type + ", or name the version that the package has.");
  if (type != "pass-fail" && type != "scoring") refuse_type(map, type);
  bool is_scoring = type == "scoring";
  const auto validation = words(map.text("validation").value_or("default"));
  if (validation.empty() || (validation[0] != "default" && validation[0] != "custom"))
    map.fail("validation must begin with \"default\" or \"custom\"");
  package.has_custom_validator = validation[0] == "custom";
  for (std::size_t i = 1; i < validation.size(); ++i) {
    if (validation[i] == "score") {
      is_scoring = true;
    } else if (validation[i] == "interactive" && package.has_custom_validator) {
      package.is_interactive = true;
    } else if (validation[i] == "multi-pass" && package.has_custom_validator) {
      package.passes_max = passes_default;
    } else {
      map.fail("validation \"" + printable(validation[i], shown_max) + "\" is not judged",
               "Write default, custom, custom interactive, or custom multi-pass.");
    }
  }
  if (is_scoring) note_scoring(package);
}

void read_later_kind(const Mapping& map, Package& package) {
  auto named = map.texts("type");
  if (named.empty()) named = {"pass-fail"};
  const auto has = [&](std::string_view type) {
    return std::ranges::find(named, type) != named.end();
  };
  for (const auto& type : named)
    if (std::ranges::find(types, type) == types.end() || type == "submit-answer")
      refuse_type(map, type);
  if (has("pass-fail") && has("scoring"))
    map.fail("type cannot be both \"pass-fail\" and \"scoring\"");
  if (has("scoring")) note_scoring(package);
  package.is_interactive = has("interactive");
  if (has("multi-pass")) package.passes_max = passes_default;
  // The folder is all that says so in these versions.
  package.has_custom_validator =
      is_there(package.root / "output_validator") || is_there(package.root / "output_validators");
  if ((package.is_interactive || package.passes_max > 1) && !package.has_custom_validator)
    throw Error(ErrorText{.what = "is missing: interactive and multi-pass problems have one",
                          .where = package.root / "output_validator",
                          .hint = "Put the validator's sources there."});
}

void read_time(const Mapping& map, Package& package) {
  auto& limits = package.limits;
  if (const auto limit = map.number("time_limit", seconds_range)) limits.time = seconds(*limit);
  if (package.version == FormatVersion::legacy) {
    if (const auto factor = map.number("time_multiplier", factor_range))
      limits.time_multiplier = *factor;
    return;
  }
  limits.time_multiplier = 2;
  if (const auto* multipliers = map.find("time_multipliers")) {
    const Mapping factors(*multipliers, map.file());
    if (const auto factor = factors.number("ac_to_time_limit", factor_range))
      limits.time_multiplier = *factor;
    static_cast<void>(factors.number("time_limit_to_tle", factor_range));
    factors.note_unknown_keys(multiplier_keys, package.notes);
  }
  if (const auto step = map.number("time_resolution", seconds_range))
    limits.time_resolution = seconds(*step);
}

void read_limits(const json::value& value, const fs::path& file, Package& package) {
  const Mapping map(value, file);
  auto& limits = package.limits;
  const auto time = [&](const char* key, Milliseconds& into) {
    if (const auto count = map.number(key, seconds_range)) into = seconds(*count);
  };
  const auto size = [&](const char* key, Bytes& into) {
    if (const auto count = map.number(key, size_range)) into = scaled(*count, mebibytes(1));
  };
  read_time(map, package);
  size("memory", limits.memory);
  size("output", limits.output);
  if (const auto count = map.number("code", size_range)) limits.code = scaled(*count, kibibytes(1));
  time("compilation_time", limits.compilation_time);
  size("compilation_memory", limits.compilation_memory);
  time("validation_time", limits.validation_time);
  size("validation_memory", limits.validation_memory);
  size("validation_output", limits.validation_output);
  const auto passes = map.number("validation_passes", {.least = 2, .most = passes_limit});
  if (passes && package.passes_max > 1) package.passes_max = static_cast<int>(*passes);
  map.note_unknown_keys(
      together(common_limits,
               package.version == FormatVersion::legacy ? legacy_limits : later_limits),
      package.notes);
}

void refuse_constants(const Mapping& map) {
  const auto* constants = map.find("constants");
  if (!constants || (constants->is_object() && constants->get_object().empty())) return;
  map.fail("constants are not filled in",
           "Write their values into the files that say {{name}}, and remove \"constants\".");
}

}  // namespace

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

void read_problem_yaml(const json::value& value, Package& package) {
  const auto file = package.root / "problem.yaml";
  const Mapping map(value, file);
  package.version = version_in(map);
  package.name = name_in(map).value_or(package.short_name);
  refuse_constants(map);
  const bool is_legacy = package.version == FormatVersion::legacy;
  package.numbers = is_legacy ? NumberGrammar::c : NumberGrammar::decimal;
  if (is_legacy) {
    read_legacy_kind(map, package);
    package.validator_flags = map.arguments("validator_flags").value_or(package.validator_flags);
    check_flags(package, package.validator_flags, file);
  } else {
    read_later_kind(map, package);
    package.languages = map.texts("languages");
    if (std::ranges::find(package.languages, "all") != package.languages.end())
      package.languages.clear();
    package.is_file_writing_allowed = map.boolean("allow_file_writing").value_or(false);
  }
  static const json::value nothing;
  const auto* limits = map.find("limits");
  read_limits(limits ? *limits : nothing, file, package);
  map.note_unknown_keys(together(common_keys, is_legacy ? legacy_keys : later_keys), package.notes);
}

}  // namespace daemonz::judge
