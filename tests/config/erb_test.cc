#include <doctest/doctest.h>

#include "fixture.h"

using namespace daemonz;
using tests::faults_of;
using tests::Site;
using Words = std::vector<std::string>;

TEST_CASE("config: the ERB of the original files is replaced") {
  Site site(
      "<%# the site's daemons\n"
      "   in two lines -%>\n"
      ":root_path: <%= Rails.root %>/site\n"
      "daemons:\n"
      "  a:\n"
      "    command: [x, <%=Rails.root.join('a', \"b\")%>, <%= RAILS_ENV %>,\n"
      "              \"<%= ENV['SET'] || 'd' %>\", \"<%= ENV[\"UNSET\"] || 'e' %>\"]\n"
      "    port: <%= ENV['PORT'] %>0\n");
  site.variables = {{"RAILS_ENV", "test"}, {"SET", "s"}, {"PORT", "808"}};
  const auto config = site.load();
  CHECK(config.root_path == site.root() + "/site");
  CHECK(config.daemons.at(0).command == Words{"x", site.root() + "/a/b", "test", "s", "e"});
  CHECK(config.daemons.at(0).port == 8080);
}

TEST_CASE(
    "config: other Ruby is a fault that names what to write, and lines stay those of the file") {
  CHECK(faults_of("<%# one\n two %>\n"
                  "logger: <%= `hostname` %>\n"
                  "broker: x\n")
            .starts_with("daemonz.yml:3:9: \"<%= `hostname` %>\" is Ruby: write ${root_path}, "
                         "${environment}, ${NAME} or ${NAME:-DEFAULT} (and `instances: N` instead "
                         "of a loop)"));
  CHECK(faults_of("<%# one\n two %>\nbroker: x\n").starts_with("daemonz.yml:3:9: broker: "));
  CHECK(faults_of("daemons:\n<% 3.times do |i| %>\n  a<%= i %>: {command: x}\n<% end %>\n")
            .starts_with("daemonz.yml:2:1: \"<% 3.times do |i| %>\" is Ruby: "));
  CHECK(faults_of("logger: <%= Rails.root\n")
            .starts_with("daemonz.yml:1:9: this <% is not closed (%> is missing)"));
  for (const auto* ruby : {"ENV['X'] + 'y'", "ENV[x]", "ENV['X'", "'x'", "Rails.root.join()",
                           "Rails.root.join('a'", "Rails.roots", "ENV['#{x}']", "", "ENV['X'] ||"})
    CHECK_MESSAGE(faults_of("logger: <%= " + std::string(ruby) + " %>\n").find("is Ruby") !=
                      std::string::npos,
                  ruby);
}
