// A problem package, read and checked: limits, cases, validators, submissions. Reads the problem
// package format of Kattis and the ICPC, versions `legacy`, `2023-07-draft` and `2025-09`, with
// DOMjudge's `.timelimit`, `domjudge-problem.ini` and `submissions.json`; what it cannot judge it
// refuses by name. Nothing in a package is ever written. Follows sandbox.md, "The judge: problem
// packages". Source: https://www.kattis.com/problem-package-format/spec/2025-09.html, and legacy
// and 2023-07-draft beside it.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/json.h"
#include "base/units.h"
#include "judge/compare.h"
#include "judge/submission.h"

namespace daemonz::judge {

/// Reads one YAML file as JSON; throws Error with file, line and column. Supplied by the caller:
/// only the room config knows YAML. Scalars may come as text or typed.
using ReadYaml = std::function<json::value(const std::filesystem::path&)>;

/// What a package does not name has the value here.
struct Limits {
  std::optional<Milliseconds> time;     ///< of one case, CPU; nullopt: Judge::measure_time_limit
  double time_multiplier = 5;           ///< slowest accepted submission x this
  Milliseconds time_resolution{1'000};  ///< a measured limit is a multiple of this
  Bytes memory = mebibytes(2048);
  Bytes output = mebibytes(8);
  std::optional<Bytes> code;  ///< all source files together; nullopt: not limited
  Milliseconds compilation_time{60'000};
  Bytes compilation_memory = mebibytes(2048);
  Milliseconds validation_time{60'000};
  Bytes validation_memory = mebibytes(2048);
  Bytes validation_output = mebibytes(8);
  std::uint32_t processes = 64;
};

inline constexpr double time_limit_max_s = 3'600;  ///< longer holds a slot for a day

/// Wall time allowed for a CPU time limit: 1.5 x limit + 1 s, for a program that waits a little.
[[nodiscard]] Milliseconds wall_limit(Milliseconds cpu_limit);

struct Case {
  std::string name;  ///< relative to data/, without .in: "secret/group/01"
  std::filesystem::path input, answer;
  std::vector<std::string> validator_flags;  ///< its own, its group's, else the problem's
  std::vector<std::string> arguments;        ///< of the submission
  std::vector<Entry> files;                  ///< put into the submission's working folder
  std::string description;                   ///< what the case is for; may be long, and any bytes
};

enum class FormatVersion { legacy, draft_2023_07, from_2025_09 };

/// A value; paths are canonical. Threads: any.
struct Package {
  std::filesystem::path root;
  std::string short_name;  ///< the folder's name
  std::string name;        ///< problem.yaml's, else the folder's
  FormatVersion version = FormatVersion::legacy;
  bool has_custom_validator = false;
  bool is_interactive = false;  ///< the validator and the submission talk to each other
  int passes_max = 1;           ///< above 1: multi-pass
  NumberGrammar numbers = NumberGrammar::c;       ///< of answers; decimal since version 2023-07
  std::vector<std::string> validator_flags;       ///< problem.yaml's, split at blanks
  std::vector<std::filesystem::path> validators;  ///< programs: files and folders
  std::vector<std::string> languages;             ///< codes that are allowed; empty: all
  bool is_file_writing_allowed = false;           ///< submissions may write into their folder
  Limits limits;
  std::vector<Case> cases;              ///< samples first, groups in sorted order; at least one
  std::vector<Submission> submissions;  ///< sorted by name
  std::vector<std::string> notes;       ///< what a teacher should know ("scoring: verdict only")
};

/// Throws Error that names the file and the next step: no problem.yaml, no case, a case without
/// answer, a link out of the package, an unknown flag, a kind of problem that is not judged yet.
[[nodiscard]] Package read_package(const std::filesystem::path& folder, const ReadYaml& read_yaml);

}  // namespace daemonz::judge
