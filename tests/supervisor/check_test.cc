// `daemonz check`: the plan, every value with where it comes from, and all faults.
#include <doctest/doctest.h>

#include "supervisor/site.h"

using namespace daemonz;
using namespace daemonz::tests;

namespace {

const std::string two_daemons =
    "  mail:\n"
    "    command: [/bin/sleep, '1000']\n"
    "    depends_on: {old: started}\n"
    "    stop: {timeout: 3s}\n"
    "  old: {binary: /bin/sleep, start_args: '1000', pids: tmp/*.pid, start_order: -1}\n"
    "  off: {command: sleep, disabled: true}\n";

// VALUE and FROM of a row, with single blanks.
std::string row_of(const std::string& table, const std::string& key) {
  const auto at = table.find("\n" + key + " ");
  if (at == std::string::npos) return "no such row";
  std::istringstream words(table.substr(at, table.find('\n', at + 1) - at));
  std::string text;
  for (std::string word; words >> word;) text += (text.empty() ? "" : " ") + word;
  return text.substr(text.find(' ') + 1);
}

}  // namespace

TEST_CASE("check: prints the waves, and every value with its line, its file or `default`") {
  const Site site(two_daemons);
  std::ofstream(site.folder() / "config/daemonz.development.yml")
      << "# over it\ndaemons: {mail: {restart: {limit: 0}}}\n"
         "broker: memcache://ada:secret@127.0.0.1:1\n";
  const auto checked = site.run({"check"});
  CHECK(checked.status.exit_code == 0);
  const auto& table = checked.output;
  CHECK(
      table.starts_with("WAVE  NAME  READY    AFTER        STOP  LOG             COMMAND\n"
                        "0     old   started  -            10s   log/old.0.log   /bin/sleep"));
  CHECK(row_of(table, "1") == "mail started old:started 3s log/mail.0.log /bin/sleep 1000");
  CHECK(table.find("\ndisabled: off\n") != std::string::npos);
  CHECK(row_of(table, "daemons.mail.stop.timeout") == "3s config/daemonz.yml:5");
  CHECK(row_of(table, "daemons.mail.stop.signal") == "TERM default");
  CHECK(row_of(table, "daemons.mail.restart.limit") == "0 config/daemonz.development.yml:2");
  CHECK(row_of(table, "daemons.old.command") == "/bin/sleep 1000 config/daemonz.yml:6");
  CHECK(row_of(table, "daemons.old.type") == "forking config/daemonz.yml:6");
  CHECK(row_of(table, "broker") ==
        "memcache://ada:***@127.0.0.1:1 config/daemonz.development.yml:3");
}

TEST_CASE("check: as JSON it says the same") {
  const Site site(two_daemons);
  const auto answer = json::parse(site.run({"check", "--json"}).output).as_object();
  CHECK(json::boolean_of(answer, "ok") == true);
  CHECK(json::array_of(answer, "instances")->size() == 2);
  bool is_there = false;
  for (const auto& value : *json::array_of(answer, "values"))
    is_there =
        is_there || (json::string_of(value.as_object(), "key") == "daemons.mail.stop.timeout" &&
                     json::string_of(value.as_object(), "value") == "3s" &&
                     json::string_of(value.as_object(), "from") == "config/daemonz.yml:5");
  CHECK(is_there);
}

TEST_CASE("check: a faulty file has all its faults told, in words and as JSON") {
  const Site site("  a: {command: x, instances: many, vitl: true}\n  b: {depends_on: [c]}\n");
  const auto checked = site.run({"check"});
  CHECK(checked.status.exit_code == 2);
  CHECK(std::count(checked.errors.begin(), checked.errors.end(), '\n') == 4);
  const auto answer = site.run({"check", "--json"});
  CHECK(answer.status.exit_code == 2);
  CHECK(json::array_of(json::parse(answer.output).as_object(), "faults")->size() == 4);
}
