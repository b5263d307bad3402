// What a daemon's process really gets of the keys user, group, limits, umask, cwd and env.
#include <doctest/doctest.h>

#include <unistd.h>

#include "supervisor/site.h"

using namespace daemonz;
using namespace daemonz::tests;

namespace {

std::string text_of(const std::string& path) {
  std::ifstream file(path);
  std::string text{std::istreambuf_iterator<char>(file), {}};
  std::replace(text.begin(), text.end(), '\0', '\n');
  return text;
}

// "Max open files            64                   128                  files"
std::string limit_of(const std::string& limits, const std::string& name) {
  const auto at = limits.find(name);
  if (at == std::string::npos) return "none";
  std::istringstream words(limits.substr(at + name.size()));
  std::string soft, hard;
  words >> soft >> hard;
  return soft + ":" + hard;
}

}  // namespace

TEST_CASE("limits: the process has what the keys say") {
  const Site site(R"(
  one:
    command: [sleep, "1000"]
    limits: {nofile: "64:128", core: 0, nproc: 5000, stack: 4M, fsize: 1G, memlock: 64K, cpu: 1h,
             as: 2G, data: 1G, msgqueue: 4096, rtprio: 0, sigpending: 99,
             nice: 5, oom_score_adj: 200}
    umask: "027"
    cwd: config
    env: {LANG: C.UTF-8, NAME: "${instance}"}
)");
  REQUIRE(site.run({"start"}).status.exit_code == 0);
  const auto proc = "/proc/" + std::to_string(site.row("one").pid);
  const auto limits = text_of(proc + "/limits");
  CHECK(limit_of(limits, "Max open files") == "64:128");
  CHECK(limit_of(limits, "Max core file size") == "0:0");
  CHECK(limit_of(limits, "Max processes") == "5000:5000");
  CHECK(limit_of(limits, "Max stack size") == "4194304:4194304");
  CHECK(limit_of(limits, "Max file size") == "1073741824:1073741824");
  CHECK(limit_of(limits, "Max locked memory") == "65536:65536");
  CHECK(limit_of(limits, "Max cpu time") == "3600:3600");
  CHECK(limit_of(limits, "Max address space") == "2147483648:2147483648");
  CHECK(limit_of(limits, "Max data size") == "1073741824:1073741824");
  CHECK(limit_of(limits, "Max msgqueue size") == "4096:4096");
  CHECK(limit_of(limits, "Max realtime priority") == "0:0");
  CHECK(limit_of(limits, "Max pending signals") == "99:99");
  CHECK(text_of(proc + "/oom_score_adj") == "200\n");
  CHECK(text_of(proc + "/status").find("Umask:\t0027\n") != std::string::npos);
  CHECK(::getpriority(PRIO_PROCESS, static_cast<id_t>(site.row("one").pid)) == 5);
  CHECK(std::filesystem::read_symlink(proc + "/cwd") ==
        std::filesystem::canonical(site.folder() / "config"));
  const auto environment = "\n" + text_of(proc + "/environ");
  for (const auto* line : {"\nLANG=C.UTF-8\n", "\nNAME=one:0\n", "\nDAEMONZ_NAME=one\n"})
    CHECK_MESSAGE(environment.find(line) != std::string::npos, environment);
}

TEST_CASE("limits: another user has its own groups and home, and no rights of the supervisor") {
  if (::geteuid() != 0) return;  // only root may
  const Site site(
      "  one: {command: [sleep, '1000'], user: nobody, group: daemon, cwd: /,\n"
      "        env: {USER: somebody}}\n"
      "  two: {command: [sleep, '1000'], user: nobody, cwd: /}\n");
  REQUIRE(site.run({"start"}).status.exit_code == 0);
  const auto proc = "/proc/" + std::to_string(site.row("one").pid);
  const auto status = text_of(proc + "/status");
  CHECK(status.find("Uid:\t65534\t65534\t65534\t65534\n") != std::string::npos);
  CHECK(status.find("Gid:\t1\t1\t1\t1\n") != std::string::npos);
  CHECK(status.find("CapEff:\t0000000000000000\n") != std::string::npos);
  const auto environment = "\n" + text_of(proc + "/environ");
  CHECK(environment.find("\nHOME=/nonexistent\n") != std::string::npos);
  CHECK(environment.find("\nLOGNAME=nobody\n") != std::string::npos);
  CHECK(environment.find("\nUSER=somebody\n") != std::string::npos);  // the file wins
  CHECK(text_of("/proc/" + std::to_string(site.row("two").pid) + "/status")
            .find("Gid:\t65534\t65534\t65534\t65534\nFDSize") != std::string::npos);
}

TEST_CASE("limits: user and group may be numbers, also those that the user database has not") {
  if (::geteuid() != 0) return;  // only root may
  Site site(
      "  known: {command: [sleep, '1000'], user: 65534, cwd: /}\n"
      "  own: {command: [sleep, '1000'], user: 4000000, group: 4000001, cwd: /}\n");
  REQUIRE(site.run({"start"}).status.exit_code == 0);
  const auto of = [&](const std::string& name) {
    const auto proc = "/proc/" + std::to_string(site.row(name).pid);
    return text_of(proc + "/status") + "\n" + text_of(proc + "/environ");
  };
  const auto known = of("known"), own = of("own");
  for (const auto* line :
       {"Uid:\t65534\t65534\t65534\t65534\n", "Gid:\t65534\t65534\t65534\t65534\n",
        "\nHOME=/nonexistent\n", "\nUSER=nobody\n"})
    CHECK_MESSAGE(known.find(line) != std::string::npos, line);
  for (const auto* line : {"Uid:\t4000000\t4000000\t4000000\t4000000\n",
                           "Gid:\t4000001\t4000001\t4000001\t4000001\n", "\nGroups:\t \n"})
    CHECK_MESSAGE(own.find(line) != std::string::npos, own);
  CHECK(own.find("\nHOME=") == std::string::npos);  // not that of root
  site.write("  own: {command: [sleep, '1000'], user: 4000000}\n");
  const auto checked = site.run({"check"});
  CHECK(checked.status.exit_code == 1);
  CHECK(checked.errors.find("user: 4000000 has no entry in this machine's user database: name its "
                            "`group`, too") != std::string::npos);
}

TEST_CASE("limits: one above what this user may have is told before anything starts") {
  const Site site(
      "  one: {command: [/bin/sleep, '1000'], limits: {nofile: 18446744073709551614}}\n");
  const auto checked = site.run({"check"});
  CHECK(checked.status.exit_code == 1);
  CHECK(checked.errors.find("limits.nofile: is above the hard limit of this process") !=
        std::string::npos);
}
