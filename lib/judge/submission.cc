#include "judge/submission.h"

#include <algorithm>
#include <array>

#include "base/error.h"

namespace daemonz::judge {

using daemonz::to_string;  // sizes and durations, beside that of Verdict

namespace {

constexpr std::string_view results_tag = "@EXPECTED_RESULTS@:";
constexpr std::string_view score_tag = "@EXPECTED_SCORE@:";

std::string_view trimmed(std::string_view text) {
  constexpr std::string_view blanks = " \t\r\v\f";
  const auto first = text.find_first_not_of(blanks);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(blanks) - first + 1);
}

/// The rest of the tag's line, without the end of a comment around it.
std::string_view value_of_tag(std::string_view text) {
  text = trimmed(text.substr(0, text.find('\n')));
  for (const std::string_view ending : {"*/", "-->", "\"\"\"", "'''"})
    if (text.ends_with(ending)) text = trimmed(text.substr(0, text.size() - ending.size()));
  return text;
}

struct TagValue {
  std::vector<Verdict> permits;
  bool has_names = false;
};

TagValue parse_tag(std::string_view text) {
  TagValue value;
  while (true) {
    const auto comma = text.find(',');
    if (const auto verdicts = verdicts_of_label(trimmed(text.substr(0, comma)))) {
      value.has_names = true;
      for (const auto verdict : *verdicts)
        if (std::ranges::find(value.permits, verdict) == value.permits.end())
          value.permits.push_back(verdict);
    }
    if (comma == std::string_view::npos) return value;
    text.remove_prefix(comma + 1);
  }
}

/// All tags of one kind in one file.
void find_tags(std::string_view text, std::string_view tag, std::vector<TagValue>& found) {
  for (auto at = text.find(tag); at != std::string_view::npos; at = text.find(tag)) {
    text.remove_prefix(at + tag.size());
    auto value = parse_tag(value_of_tag(text));
    // A score of numbers says nothing about the verdict: the folder still counts.
    if (value.has_names || tag == results_tag) found.push_back(std::move(value));
  }
}

}  // namespace

Submission read_submission(const std::filesystem::path& path, std::string name,
                           const std::filesystem::path& root) {
  Submission submission;
  submission.name = std::move(name);
  submission.path = inside(path, root);
  if (std::filesystem::is_directory(submission.path)) {
    submission.files = list_files(submission.path, root);
  } else if (std::filesystem::is_regular_file(submission.path)) {
    // The name that was given, not that of a link's target, has the extension that counts.
    submission.files.push_back({.name = path.filename().string(), .path = submission.path});
  } else {
    throw Error(ErrorText{.what = "a submission is a file or a folder", .where = path});
  }
  if (submission.files.empty())
    throw Error(ErrorText{.what = "the submission has no file", .where = path});
  if (submission.files.size() > submission_files_max)
    throw Error(ErrorText{
        .what = "the submission has more than " + std::to_string(submission_files_max) + " files",
        .where = path});
  for (const auto& file : submission.files)
    if (std::filesystem::file_size(file.path) > source_size_max.count)
      throw Error(ErrorText{.what = "is larger than " + to_string(source_size_max),
                            .where = file.path,
                            .hint = "A submission holds sources only."});
  return submission;
}

std::optional<std::vector<Verdict>> expected(const Submission& submission) {
  if (submission.label) return submission.label;
  std::vector<TagValue> tags;
  for (const auto& file : submission.files) {
    const auto text = read_file(file.path, source_size_max);
    find_tags(text, results_tag, tags);
    find_tags(text, score_tag, tags);
  }
  if (tags.size() > 1) return std::nullopt;  // which of them counts?
  if (tags.size() == 1) {
    if (tags[0].permits.empty()) return std::nullopt;
    return tags[0].permits;
  }
  const auto slash = submission.name.find('/');
  if (slash == std::string::npos) return std::nullopt;
  return verdicts_of_folder(std::string_view(submission.name).substr(0, slash));
}

}  // namespace daemonz::judge
