#include "base/queue_name.h"

#include <doctest/doctest.h>

#include "base/error.h"

using namespace daemonz;

TEST_CASE("queue_name: letters, digits and _ . : - make a name, but for . and - in front") {
  for (const auto* good : {"a", "pulls", "A.b-c:d_9", "_x", ":x", "9", "a..b"})
    CHECK_MESSAGE(QueueName::parse(good).has_value(), good);
  for (const auto* bad : {"", ".a", "-a", "a b", "a/b", "a,b", "a\n", "\xc3\xa4", "../x", "a\x7f"})
    CHECK_MESSAGE(!QueueName::parse(bad), bad);
  CHECK_FALSE(QueueName::parse(std::string_view("a\0b", 3)));
}

TEST_CASE("queue_name: 195 bytes, and 200 for the dead queue of the longest name") {
  CHECK(QueueName::parse(std::string(195, 'a')));
  CHECK_FALSE(QueueName::parse(std::string(196, 'a')));
  const QueueName longest(std::string(195, 'a'));
  CHECK(longest.dead().text().size() == 200);
  CHECK(QueueName::parse(longest.dead().text()).has_value());
  CHECK_FALSE(QueueName::parse(std::string(196, 'a') + ".dead"));
}

TEST_CASE("queue_name: a dead queue is its own dead queue") {
  const QueueName mail("mail");
  CHECK_FALSE(mail.is_dead_queue());
  CHECK(mail.dead().text() == "mail.dead");
  CHECK(mail.dead().is_dead_queue());
  CHECK(mail.dead().dead() == mail.dead());
}

TEST_CASE("queue_name: the constructor's error shows the name, cut, and what is allowed") {
  try {
    const QueueName bad(std::string(5'000, '/'));
    FAIL("an error was expected");
  } catch (const Error& error) {
    const std::string text = error.what();
    CHECK(text.size() < 250);
    CHECK(text.find("is not a queue name") != std::string::npos);
    CHECK(text.find("A-Z a-z 0-9 _ . : -") != std::string::npos);
  }
}

TEST_CASE("queue_name: equal names hash alike") {
  CHECK(std::hash<QueueName>{}(QueueName("a")) == std::hash<QueueName>{}(QueueName("a")));
  CHECK(QueueName("a") < QueueName("b"));
  CHECK(Priority{0} < priority_last);
}
