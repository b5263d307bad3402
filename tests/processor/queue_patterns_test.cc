#include "processor/queue_patterns.h"

#include <doctest/doctest.h>

#include "base/error.h"

using namespace daemonz;
using processor::QueuePatterns;

namespace {

/// "a,b" for the names that `text` gives when these exist.
std::string expanded(const std::string& text, const std::vector<std::string>& existing) {
  std::vector<QueueName> queues;
  for (const auto& name : existing) queues.emplace_back(name);
  std::string names;
  for (const auto& queue : QueuePatterns::parse(text).expand(queues))
    names += (names.empty() ? "" : ",") + queue.text();
  return names;
}

}  // namespace

TEST_CASE("queue_patterns: a glob gives what exists, by name, behind what is named before it") {
  const std::vector<std::string> all = {"low", "mail", "critical", "file_b", "file_a", "mail.dead"};
  CHECK(expanded("*", all) == "critical,file_a,file_b,low,mail");
  CHECK(expanded("critical,*,!low", all) == "critical,file_a,file_b,mail");
  CHECK(expanded("!low,critical,*", all) == "critical,file_a,file_b,mail");
  CHECK(expanded("file_*,critical", all) == "file_a,file_b,critical");
  CHECK(expanded("*,critical", all) == "file_a,file_b,low,mail,critical");
  CHECK(expanded("*,!file_*", all) == "critical,low,mail");
  CHECK(expanded("file_?", all) == "file_a,file_b");
  CHECK(expanded("new,file_*", all) == "new,file_a,file_b");
  CHECK(expanded("nothing_*", all).empty());
  CHECK(expanded("a,b", all) == "a,b");
}

TEST_CASE("queue_patterns: plain names have no globs, and faults are named") {
  CHECK_FALSE(QueuePatterns::parse("pulls,pushes").has_globs());
  CHECK(QueuePatterns::parse("pulls,*").has_globs());
  CHECK(QueuePatterns::parse("pulls,!low").has_globs());
  for (const auto* text : {"", "a,,b", "a,a", "*,*", "!low", "a b", "a,!"}) {
    CAPTURE(text);
    CHECK_THROWS_AS((void)QueuePatterns::parse(text), Error);
  }
}

TEST_CASE("queue_patterns: groups keep the order, and no list of names is too long") {
  std::vector<QueueName> queues;
  for (int i = 0; i < 50; ++i) queues.emplace_back("queue_" + std::to_string(i));
  const auto groups = processor::in_groups(queues, 30);
  std::vector<QueueName> joined;
  for (const auto& group : groups) {
    std::size_t size = 0;
    for (const auto& queue : group) size += queue.text().size() + 1;
    CHECK(size - 1 <= 30);
    joined.insert(joined.end(), group.begin(), group.end());
  }
  CHECK((joined == queues));
  CHECK(processor::in_groups({}, 30).empty());
  CHECK(processor::in_groups({QueueName("a"), QueueName("b")}, 3).size() == 1);
}
