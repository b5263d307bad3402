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
                         "${environment}, ${NAME} or ${NAME:-DEFAULT} (and `instances: N` or "
                         "<% N.times do |i| %> for a loop)"));
  CHECK(faults_of("<%# one\n two %>\nbroker: x\n").starts_with("daemonz.yml:3:9: broker: "));
  CHECK(faults_of("logger: <%= Rails.root\n")
            .starts_with("daemonz.yml:1:9: this <% is not closed (%> is missing)"));
  for (const auto* ruby :
       {"ENV['X'] + 'y'", "ENV[x]", "ENV['X'", "'x'", "Rails.root.join()", "Rails.root.join('a'",
        "Rails.roots", "ENV['#{x}']", "", "ENV['X'] ||", "i"})
    CHECK_MESSAGE(faults_of("logger: <%= " + std::string(ruby) + " %>\n").find("is Ruby") !=
                      std::string::npos,
                  ruby);
}

TEST_CASE("config: a loop repeats its lines, each with its number") {
  const Site site(
      "daemons:\n"
      "<% 3.times do |i| %>\n"
      "  processor<%= i %>:\n"
      "    :binary: script/processor\n"
      "    :start_args: start <%= i %>\n"
      "<% end %>\n"
      "<% 2.times do |a| -%>\n"
      "  <% 2.times do |b| %>n<%= a %><%= b %>: {command: x}\n"
      "  <% end %>\n"
      "<% end %>\n"
      "<% 0.times do |never| %>\n"
      "  gone<%= never %>: {command: x}\n"
      "<% end %>\n");
  const auto config = site.load();
  REQUIRE(config.daemons.size() == 7);
  CHECK(config.find_daemon("processor2")->command ==
        Words{site.root() + "/script/processor", "start", "2"});
  for (const auto* name : {"n00", "n01", "n10", "n11"}) CHECK(config.find_daemon(name));
}

TEST_CASE("config: what stands in a loop or behind it keeps the line of the file") {
  CHECK(faults_of("daemons:\n"
                  "<% 2.times do |i| %>\n"
                  "  a<%= i %>:\n"
                  "    command: x\n"
                  "    instances: many\n"
                  "<% end %>\n"
                  "broker: y\n") ==
        "daemonz.yml:5:16: daemons.a0.instances: \"many\" is not `cores` or a number (0..4096)\n"
        "daemonz.yml:5:16: daemons.a1.instances: \"many\" is not `cores` or a number (0..4096)\n"
        "daemonz.yml:7:9: broker: \"y\" is not a broker (memcache://HOST:PORT, "
        "memcache+unix://PATH, amqp://HOST)");
  CHECK(faults_of("daemons:\n<% 2.times do |i| %>\n  a: {command: x}\n<% end %>\n") ==
        "daemonz.yml:3:3: the key \"a\" stands twice (first in line 3)");
  CHECK(faults_of("daemons:\n<% 2.times do |i| %>\n\tx<%= i %>: y\n<% end %>\n")
            .starts_with("daemonz.yml:3:"));
}

TEST_CASE("config: a loop that is no loop is a fault, told once") {
  for (const auto* tag : {"<% end %>", "<% -1.times do |i| %>", "<% 5000.times do |i| %>",
                          "<% 3.times do |I| %>", "<% n.times do |i| %>", "<% 3.times do %>"})
    CHECK_MESSAGE(faults_of("logger: stdout\n" + std::string(tag) + "\n")
                      .starts_with("daemonz.yml:2:1: \"" + std::string(tag) + "\" is Ruby"),
                  tag);
  CHECK(faults_of("logger: stdout\n<% 3.times do |i| %>\n")
            .starts_with("daemonz.yml:2:1: this loop has no <% end %>"));
  const auto faults = faults_of("<% 3.times do |i| %>\n# <%= j %>\n<% end %>\n");
  CHECK(faults.find("is Ruby") == faults.rfind("is Ruby"));
  CHECK(faults_of("<% 0.times do |i| %>\n# <%= j %>\n<% end %>\n").find(":2:3: ") !=
        std::string::npos);
  CHECK(faults_of("<% 4096.times do |i| %><% 4096.times do |j| %># a comment<% end %><% end %>\n")
            .find("with its loops written out larger than") != std::string::npos);
  CHECK(faults_of("<% 4096.times do |i| %><% 4096.times do |j| %><% end %><% end %>\n")
            .starts_with("daemonz.yml:1:24: this loop comes to more than 100000 rounds"));
}
