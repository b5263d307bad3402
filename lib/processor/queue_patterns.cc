#include "processor/queue_patterns.h"

#include <fnmatch.h>

#include <algorithm>

#include "base/error.h"

namespace daemonz::processor {
namespace {

bool is_glob(std::string_view word) { return word.find_first_of("*?[") != std::string_view::npos; }

void check_name(const QueueName& queue) {
  if (queue.is_dead_queue())
    throw Error(ErrorText{
        .what = "the queue " + queue.text() + " holds what was given up",
        .hint = "Look at it with daemonz-jobs dead, and push it again with daemonz-jobs retry."});
}

bool matches(const std::string& pattern, const QueueName& queue) {
  return ::fnmatch(pattern.c_str(), queue.text().c_str(), 0) == 0;
}

}  // namespace

QueuePatterns QueuePatterns::parse(std::string_view text) {
  QueuePatterns patterns;
  std::vector<std::string> seen;
  for (bool is_last = false; !is_last;) {
    const auto comma = text.find(',');
    is_last = comma == std::string_view::npos;
    const std::string whole(text.substr(0, comma));
    if (!is_last) text.remove_prefix(comma + 1);
    const bool is_unwanted = whole.starts_with('!');
    const auto word = is_unwanted ? whole.substr(1) : whole;
    if (word.empty() || !is_glob(word)) check_name(QueueName(word));  // throws what is wrong
    if (std::ranges::find(seen, whole) != seen.end())
      throw Error(ErrorText{.what = "the queue " + whole + " is named twice",
                            .hint = "The order says which is served first: name each once."});
    seen.push_back(whole);
    (is_unwanted ? patterns.unwanted_ : patterns.wanted_).push_back(word);
  }
  if (patterns.wanted_.empty())
    throw Error(ErrorText{.what = "only queues that are not wanted",
                          .hint = "Say which are: --queues '*,!low'"});
  return patterns;
}

bool QueuePatterns::has_globs() const {
  return !unwanted_.empty() || std::ranges::any_of(wanted_, is_glob);
}

std::vector<QueueName> QueuePatterns::expand(const std::vector<QueueName>& existing) const {
  auto known = existing;
  std::ranges::sort(known, {}, [](const QueueName& name) { return name.text(); });
  std::vector<QueueName> found;
  const auto add = [&](const QueueName& queue) {
    if (queue.is_dead_queue() || std::ranges::find(found, queue) != found.end()) return;
    if (std::ranges::any_of(unwanted_, [&](const auto& out) { return matches(out, queue); }))
      return;
    found.push_back(queue);
  };
  for (const auto& word : wanted_) {
    if (!is_glob(word)) add(QueueName(word));
    // A name of its own further on keeps its place there.
    const auto has_own_place = [&](const QueueName& queue) {
      return std::ranges::find(wanted_, queue.text()) != wanted_.end();
    };
    if (is_glob(word))
      for (const auto& queue : known)
        if (matches(word, queue) && !has_own_place(queue)) add(queue);
  }
  return found;
}

std::vector<std::vector<QueueName>> in_groups(const std::vector<QueueName>& queues,
                                              std::size_t size_max) {
  std::vector<std::vector<QueueName>> groups;
  std::size_t size = 0;
  for (const auto& queue : queues) {
    const auto needed = queue.text().size() + 1;
    if (groups.empty() || size + needed > size_max + 1) {
      groups.emplace_back();
      size = 0;
    }
    groups.back().push_back(queue);
    size += needed;
  }
  return groups;
}

}  // namespace daemonz::processor
