// config/daemonz.yml is the reference of every key: it loads, also with every comment off, and it
// names every key that the readers know.
#include <doctest/doctest.h>

#include <sstream>

#include "fixture.h"
#include "support/places.h"

using namespace daemonz;
using tests::Site;

namespace {

std::string stock() {
  std::ifstream file(tests::source_path("config/daemonz.yml"));
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

// Lines that are a key behind `#` become keys; prose stays a comment. Behind the `#` stand as many
// blanks as the key is indented, or one more.
std::string uncommented() {
  std::istringstream lines(stock());
  std::string text;
  for (std::string line; std::getline(lines, line); text += line + "\n") {
    if (!line.starts_with('#')) continue;
    const auto key = line.find_first_not_of(' ', 1);
    const auto end = line.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789_", key);
    const bool is_key = end != std::string::npos && end > key && line[end] == ':' &&
                        (end + 1 == line.size() || line[end + 1] == ' ');
    if (is_key) line.replace(0, key, (key - 1) / 2 * 2, ' ');
  }
  return text;
}

}  // namespace

TEST_CASE("config: the stock daemonz.yml loads as it is") {
  Site site(stock());
  CHECK(site.faults() == "");
  const auto config = site.load();
  CHECK(config.find_daemon("queue")->is_vital);
  CHECK(config.find_daemon("processor")->instances == 4);
}

TEST_CASE("config: the stock daemonz.yml loads with every key uncommented") {
  Site site(uncommented());
  CHECK(site.faults() == "");
  const auto config = site.load();
  CHECK(config.root_path == "/srv/site");  // the control: comments really came off
  CHECK(config.find_daemon("original")->type == config::Daemon::Type::forking);
  CHECK(config.schedule.contains("nightly_report"));
}

TEST_CASE("config: the stock daemonz.yml names every key that is read, and its defaults are true") {
  const Site site(R"(zzzzzzzzzzz: 1
daemons:
  a:
    command: x
    zzzzzzzzzzz: 1
    ready: {zzzzzzzzzzz: 1}
    stop: {zzzzzzzzzzz: 1}
    restart: {zzzzzzzzzzz: 1}
    limits: {zzzzzzzzzzz: 1}
    log: {zzzzzzzzzzz: 1}
queue: {zzzzzzzzzzz: 1, defaults: {zzzzzzzzzzz: 1}}
tasks: {t: {zzzzzzzzzzz: 1}}
on_error: {zzzzzzzzzzz: 1}
push: {zzzzzzzzzzz: 1}
sandbox:
  zzzzzzzzzzz: 1
  profiles: {zzzzzzzzzzz: 1, run: {zzzzzzzzzzz: 1}}
  languages: {l: {zzzzzzzzzzz: 1}}
schedule: {s: {zzzzzzzzzzz: 1, task: t, every: 1s}}
)");
  const auto faults = site.faults();
  const auto text = stock();
  const std::string front = "(known: ";
  int lists = 0, keys = 0;
  for (auto at = faults.find(front); at != std::string::npos; at = faults.find(front, at + 1)) {
    ++lists;
    at += front.size();
    std::istringstream words(faults.substr(at, faults.find(')', at) - at));
    for (std::string word; words >> word; ++keys) {
      if (word.ends_with(',')) word.pop_back();
      const bool is_accepted_silently = word == "disabled_for" || word == "class";
      CHECK_MESSAGE((is_accepted_silently || text.find(word + ":") != std::string::npos ||
                     text.find(word + ",") != std::string::npos),
                    word);
    }
  }
  CHECK(lists == 17);
  CHECK(keys > 100);
}
