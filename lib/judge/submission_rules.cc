#include "judge/submission_rules.h"

#include <algorithm>
#include <array>
#include <set>

#include "base/error.h"
#include "base/nearest_word.h"
#include "judge/glob.h"
#include "judge/language.h"
#include "judge/mapping.h"

namespace daemonz::judge {
namespace {

namespace fs = std::filesystem;
using enum Verdict;
using Verdicts = std::vector<Verdict>;

constexpr Bytes rules_size_max = mebibytes(1);  // of submissions.json
constexpr std::size_t shown_max = 100;          // bytes of a pattern in a message

const std::vector<std::string_view> known_keys{
    "language", "entrypoint",         "authors",       "author", "permitted", "required", "score",
    "message",  "use_for_time_limit", "model_solution"};
const Verdicts failures{wrong_answer, time_limit_exceeded, run_time_error, memory_limit_exceeded,
                        output_limit_exceeded};
const Verdicts any_verdict = [] {
  auto all = failures;
  all.push_back(accepted);
  return all;
}();

bool has(const Verdicts& verdicts, Verdict verdict) {
  return std::ranges::find(verdicts, verdict) != verdicts.end();
}

/// AC, WA, TLE, RTE, or a label's name. The limits that a crash can run into are crashes, too.
std::optional<Verdicts> verdicts_of(const std::string& name) {
  if (name == "AC") return Verdicts{accepted};
  if (name == "WA") return Verdicts{wrong_answer};
  if (name == "TLE") return Verdicts{time_limit_exceeded};
  if (name == "RTE") return verdicts_of_label("RUN-ERROR");
  if (name == "MLE") return Verdicts{memory_limit_exceeded};
  if (name == "OLE") return Verdicts{output_limit_exceeded};
  if (name == "CE") return Verdicts{compile_error};
  return verdicts_of_label(name);
}

/// nullopt: the key is missing. In the order of their first mention.
std::optional<Verdicts> verdicts_in(const Mapping& map, const char* key) {
  if (!map.find(key)) return std::nullopt;
  Verdicts found;
  for (const auto& name : map.texts(key)) {
    const auto verdicts = verdicts_of(name);
    if (!verdicts)
      map.fail(
          "\"" + std::string(key) + "\": \"" + printable(name, shown_max) + "\" is not a verdict",
          "Those are AC, WA, TLE and RTE.");
    for (const auto verdict : *verdicts)
      if (!has(found, verdict)) found.push_back(verdict);
  }
  return found;
}

Verdicts both(const Verdicts& a, const Verdicts& b) {
  Verdicts common;
  std::ranges::copy_if(a, std::back_inserter(common), [&](Verdict one) { return has(b, one); });
  return common;
}

/// What the rules for all cases of one submission come to, of all patterns that match it.
struct Sums {
  std::optional<Verdicts> permitted, required;

  static void narrow(std::optional<Verdicts>& sum, const std::optional<Verdicts>& more) {
    if (more) sum = sum ? both(*sum, *more) : more;
  }

  /// The verdicts that the submission as a whole may end with: a failure that is permitted, or
  /// accepted where no case is required to fail. `usual` are those of its folder; they hold for
  /// what the rules leave open, unless nothing would be left.
  [[nodiscard]] std::optional<Verdicts> label(const std::optional<Verdicts>& usual) const {
    if (!permitted && !required) return std::nullopt;
    auto found = label_with(usual);
    return found.empty() ? label_with(std::nullopt) : found;
  }

 private:
  [[nodiscard]] Verdicts label_with(const std::optional<Verdicts>& usual) const {
    Verdicts found;
    if (permitted) {
      if (!usual || is_failing(*usual)) found = *permitted;
    } else if (usual) {
      found = both(*usual, required.value_or(*usual));
    } else {
      found = *required;
    }
    std::erase(found, accepted);
    const bool may_pass = required ? has(*required, accepted) : !usual || has(*usual, accepted);
    if (may_pass && (!permitted || has(*permitted, accepted))) found.push_back(accepted);
    return found;
  }
  static bool is_failing(const Verdicts& usual) {
    return std::ranges::any_of(usual, [](Verdict verdict) { return verdict != accepted; });
  }
};

class Rules {
 public:
  Rules(Package& package, fs::path file)
      : package_(package), file_(std::move(file)), sums_(package.submissions.size()) {}

  void add(const std::string& pattern, const json::value& value) {
    const Mapping map(value, file_);
    const Sums sum{.permitted = verdicts_in(map, "permitted"),
                   .required = verdicts_in(map, "required")};
    const auto case_rules = case_rules_in(value);
    bool is_matched = false;
    for (std::size_t i = 0; i < package_.submissions.size(); ++i) {
      auto& submission = package_.submissions[i];
      if (!matches_glob(pattern, submission.name)) continue;
      is_matched = true;
      Sums::narrow(sums_[i].permitted, sum.permitted);
      Sums::narrow(sums_[i].required, sum.required);
      submission.case_rules.insert(submission.case_rules.end(), case_rules.begin(),
                                   case_rules.end());
      if (auto language = map.text("language")) submission.hints.language = *std::move(language);
      if (auto entry = map.text("entrypoint")) submission.hints.entry = *std::move(entry);
      read_use(map, submission);
    }
    if (!is_matched && pattern.find('/') != std::string::npos)
      note("\"" + printable(pattern, shown_max) + "\" matches no submission");
  }

  void finish() {
    for (std::size_t i = 0; i < sums_.size(); ++i) {
      auto& submission = package_.submissions[i];
      const auto folder = submission.name.substr(0, submission.name.find('/'));
      auto& sums = sums_[i];
      const auto usual = verdicts_of_folder(folder);
      // A group of which a case must fail: the whole cannot be accepted.
      for (const auto& rule : submission.case_rules)
        if (!has(rule.required, accepted) && !sums.required) sums.required = failures;
      // Only the cases' own rules then tell right from wrong.
      if (!submission.case_rules.empty() && !usual && !sums.required && !sums.permitted)
        sums.permitted = any_verdict;
      submission.label = sums.label(usual);
    }
  }

 private:
  void note(std::string text) {
    package_.notes.push_back(file_.filename().string() + ": " + std::move(text));
  }

  std::vector<CaseRule> case_rules_in(const json::value& value) {
    std::vector<CaseRule> rules;
    if (!value.is_object()) return rules;
    for (const auto& [key, inner] : value.get_object()) {
      if (std::ranges::find(known_keys, std::string_view(key)) != known_keys.end()) continue;
      const auto meant = nearest_word(key, known_keys);
      if (!inner.is_object() || meant) {
        if (noted_.insert(key).second)
          note("the key \"" + printable(key, shown_max) + "\" is not known and passed over" +
               (meant ? "; did you mean \"" + *meant + "\"?" : ""));
        continue;
      }
      const Mapping map(inner, file_);
      map.note_unknown_keys(known_keys, package_.notes);
      const Verdicts all{accepted,       wrong_answer,          time_limit_exceeded,
                         run_time_error, memory_limit_exceeded, output_limit_exceeded};
      rules.push_back({.pattern = key,
                       .permitted = verdicts_in(map, "permitted").value_or(any_verdict),
                       .required = verdicts_in(map, "required").value_or(any_verdict)});
      const auto is_of = [&](const Case& one) { return matches_glob(key, one.name); };
      if (std::ranges::none_of(package_.cases, is_of) && noted_.insert(key).second)
        note("\"" + printable(key, shown_max) + "\" matches no case");
    }
    return rules;
  }

  static void read_use(const Mapping& map, Submission& submission) {
    const auto use = map.text("use_for_time_limit");
    if (!use) return;
    if (*use != "true" && *use != "false" && *use != "lower" && *use != "upper")
      map.fail("\"use_for_time_limit\" must be true, false, lower or upper");
    if (*use == "lower") submission.is_measured = true;
    if (*use == "false" || *use == "upper") submission.is_measured = false;
  }

  Package& package_;
  fs::path file_;
  std::vector<Sums> sums_;
  std::set<std::string> noted_;  // once, not for every submission
};

void read_submissions_yaml(Package& package, const fs::path& file, const ReadYaml& read_yaml) {
  const auto value = read_yaml(inside(file, package.root));
  static_cast<void>(Mapping(value, file));  // says so when it is none
  Rules rules(package, file);
  if (const auto* object = value.if_object())
    for (const auto& [pattern, rule] : *object) rules.add(pattern, rule);
  rules.finish();
}

/// DOMjudge's names of languages: a code of the format, or a file extension.
std::string language_code(const std::string& id) {
  if (const auto* language = language_of_code(id)) return language->code;
  if (const auto* language = language_of_extension("." + id)) return language->code;
  return id == "py2" ? "python2" : id;
}

void read_submissions_json(Package& package, const fs::path& file) {
  auto text = read_file(inside(file, package.root), rules_size_max);
  if (text.starts_with("\xef\xbb\xbf")) text.erase(0, 3);
  const auto value = json::parse(text, file.string());
  static_cast<void>(Mapping(value, file));
  if (!value.is_object()) return;
  for (const auto& [key, details] : value.get_object()) {
    std::string name = key;
    if (name.starts_with("submissions/")) name.erase(0, std::string("submissions/").size());
    while (name.ends_with('/')) name.pop_back();
    const auto found = std::ranges::find(package.submissions, name, &Submission::name);
    if (found == package.submissions.end()) {
      package.notes.push_back(file.filename().string() + ": \"" + printable(key, shown_max) +
                              "\" is no submission");
      continue;
    }
    const Mapping map(details, file);
    if (const auto id = map.text("langid")) found->hints.language = language_code(*id);
    if (auto entry = map.text("entry_point")) found->hints.entry = *std::move(entry);
  }
}

}  // namespace

void read_submission_rules(Package& package, const ReadYaml& read_yaml) {
  const auto folder = package.root / "submissions";
  for (const auto& file : {package.root / "submissions.json", folder / "submissions.json"})
    if (is_there(file)) read_submissions_json(package, file);
  if (const auto file = folder / "submissions.yaml"; is_there(file))
    read_submissions_yaml(package, file, read_yaml);
}

std::optional<Contradiction> contradiction(
    const Submission& submission, const std::vector<std::pair<std::string, Verdict>>& cases) {
  for (const auto& rule : submission.case_rules) {
    for (const auto& [name, verdict] : cases)
      if (matches_glob(rule.pattern, name) && !has(rule.permitted, verdict) &&
          verdict != judge_error)
        return Contradiction{name, "submissions.yaml does not permit this in " + rule.pattern};
    // What is required may come after the case that ended the judging.
    if (cases.empty() || cases.back().second != accepted || has(rule.required, accepted)) continue;
    const auto met = [&](const auto& one) {
      return matches_glob(rule.pattern, one.first) && has(rule.required, one.second);
    };
    if (std::ranges::none_of(cases, met))
      return Contradiction{cases.back().first,
                           "submissions.yaml requires a failure in " + rule.pattern};
  }
  return std::nullopt;
}

}  // namespace daemonz::judge
