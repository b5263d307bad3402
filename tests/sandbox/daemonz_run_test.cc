// daemonz-run as scripts see it: one JSON object with the contract's fields, exit codes, files.
#include <sys/mman.h>
#include <unistd.h>

#include <csignal>

#include <filesystem>
#include <fstream>
#include <thread>

#include <doctest/doctest.h>

#include "base/json.h"
#include "process/launch.h"
#include "process/run.h"
#include "support/places.h"
#include "support/temp_dir.h"

using namespace daemonz;

namespace {

const std::string program = tests::program_path("daemonz-run");
const std::string programs = tests::program_path("programs/");

struct RunFixture {
  tests::TempDir folder;
  std::string slot = std::to_string(400 + ::getpid() % 90);

  RunFixture() {
    std::filesystem::create_directory(folder / "config");
    std::ofstream(folder / "config/daemonz.yml") << "environment: test\n";
  }
  process::RunResult start(std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), program);
    return process::run(
        {.argv = arguments, .working_folder = folder.path(), .time_limit = Seconds(60)});
  }
  json::object run(std::vector<std::string> arguments, int expected_exit = 0) {
    arguments.insert(arguments.begin(), {"--slot", slot});
    const auto result = start(std::move(arguments));
    CHECK_MESSAGE(result.status.exit_code == expected_exit, result.errors);
    CHECK(std::ranges::count(result.output, '\n') == 1);
    return json::parse(result.output).as_object();
  }
  std::string text_of(const std::string& name) {
    std::ifstream file(folder / name);
    return {std::istreambuf_iterator<char>(file), {}};
  }
};

}  // namespace

TEST_CASE_FIXTURE(RunFixture, "sandbox: daemonz-run prints exactly the contract's fields") {
  const auto result = run({"--", "true"});
  std::string names;
  for (const auto& field : result) names += std::string(field.key()) + " ";
  CHECK(
      names ==
      "verdict exit_code signal killed_by stage errno cpu_ms user_ms sys_ms wall_ms idle peak_kib "
      "peak_source processes_peak switches_voluntary switches_forced stdout_bytes stdout_cut "
      "stderr_bytes stderr_cut limits setup_us teardown_us ");
  CHECK(result.at("verdict") == "OK");
  CHECK(result.at("exit_code") == 0);
  for (const char* name : {"signal", "killed_by", "stage", "errno"})
    CHECK_MESSAGE(result.at(name).is_null(), name);
}

TEST_CASE_FIXTURE(RunFixture, "sandbox: daemonz-run keeps to the limit mode that is configured") {
  std::ofstream(folder / "config/daemonz.yml") << "sandbox: {limits: rlimit}\n";
  CHECK(run({"--", "true"})["limits"] == "rlimit");
  std::ofstream(folder / "config/daemonz.yml") << "sandbox: {limits: v1}\n";
  CHECK(run({"--limits", "rlimit", "--", "true"})["limits"] == "rlimit");
  // A mode that this machine lacks is refused, never replaced by a lesser one.
  for (const std::string mode : {"v2", "v1"}) {
    const auto result = start({"--slot", slot, "--limits", mode, "--", "true"});
    const auto object = json::parse(result.output).as_object();
    if (result.status.exit_code == 0) {
      CHECK(object.at("limits").as_string() == mode);
    } else {
      CHECK(result.status.exit_code == 3);
      CHECK(object.at("verdict") == "XX");
      CHECK(result.errors.find("cgroup " + mode) != std::string::npos);
    }
  }
}

TEST_CASE_FIXTURE(RunFixture, "sandbox: daemonz-run ends with 0 for every verdict but XX") {
  const auto segfault = run({"--", programs + "segfault"});
  CHECK(segfault.at("verdict") == "SG");
  CHECK(segfault.at("signal") == 11);
  CHECK(segfault.at("exit_code").is_null());
  CHECK(segfault.at("killed_by").is_null());
  const auto sleeper = run({"--wall", "200ms", "--", programs + "sleeper"});
  CHECK(sleeper.at("verdict") == "TLE_WALL");
  CHECK(sleeper.at("killed_by") == "wall");
  CHECK(sleeper.at("idle") == true);
  const auto absent = run({"--", "/no/such/file"}, 3);
  CHECK(absent.at("verdict") == "XX");
  CHECK(absent.at("errno") == ENOENT);
  CHECK(run({"--file", "/no/such/file", "--", "true"}, 3).at("verdict") == "XX");
}

TEST_CASE_FIXTURE(RunFixture,
                  "sandbox: daemonz-run takes files in, and keeps the first cap bytes") {
  std::ofstream(folder / "input") << "three words here\n";
  std::ofstream(folder / "script.sh") << "#!/bin/sh\necho \"$0 $1\"; wc -w; cat data; pwd\n";
  std::filesystem::permissions(folder / "script.sh", std::filesystem::perms(0755));
  auto result = run({"--stdin", "input", "--stdout", "out", "--stderr", "err", "--file",
                     "input:data", "--", "./script.sh", "one"});
  CHECK(result.at("verdict") == "OK");
  CHECK(text_of("out") == "/program/script.sh one\n3\nthree words here\n/box\n");
  CHECK(text_of("err").empty());
  result = run({"--stdout", "out", "--stdout-max", "1000", "--", programs + "output_flood"});
  CHECK(result.at("verdict") == "OLE");
  CHECK(result.at("stdout_cut") == true);
  CHECK(text_of("out") == std::string(1000, 'x'));
  result = run({"--file", "input", "--", "cat", "input", "-- and", "--"});
  CHECK(result.at("verdict") == "RE");  // what stands behind -- is the program's own
}

TEST_CASE_FIXTURE(RunFixture,
                  "sandbox: daemonz-run explains a wrong command line and ends with 2") {
  for (const std::vector<std::string>& wrong :
       std::vector<std::vector<std::string>>{{},
                                             {"true"},
                                             {"--"},
                                             {"--cpu", "1x", "--", "true"},
                                             {"--memory", "lots", "--", "true"},
                                             {"--profile", "walk", "--", "true"},
                                             {"--limits", "v3", "--", "true"},
                                             {"--slot", "-1", "--", "true"},
                                             {"--stdin", "", "--", "true"},
                                             {"--file", "", "--", "true"},
                                             {"--file", "config/daemonz.yml:", "--", "true"},
                                             {"--file", "config/daemonz.yml:../x", "--", "true"},
                                             {"--file", "config/daemonz.yml:/x", "--", "true"},
                                             {"--unknown", "--", "true"}}) {
    const auto result = start(wrong);
    CHECK(result.status.exit_code == 2);
    CHECK(result.output.empty());
    CHECK_FALSE(result.errors.empty());
  }
  CHECK(start({"--help"}).status.exit_code == 0);
  CHECK(start({"--version"}).output.starts_with("daemonz "));
}

TEST_CASE_FIXTURE(RunFixture,
                  "sandbox: --file says which of its files cannot be put into the box") {
  const auto errors_of = [&](std::vector<std::string> arguments) {
    arguments.insert(arguments.end(), {"--", "true"});
    const auto result = start(std::move(arguments));
    CHECK(result.status.exit_code == 3);
    return doctest::String(result.errors.c_str());
  };
  CHECK(errors_of({"--file", "config"}) == doctest::Contains("config: is not a file"));
  std::ofstream(folder / "a") << "a";
  CHECK(errors_of({"--file", "a", "--file", "config/daemonz.yml:a"}) ==
        doctest::Contains("file a: File exists"));
}

TEST_CASE_FIXTURE(RunFixture, "sandbox: a daemonz-run that is told to end cancels its run") {
  for (const int signal : {SIGTERM, SIGINT}) {
    std::filesystem::remove(folder / "ready");
    process::LaunchOptions launch;
    launch.argv = {program, "--slot", slot, "--wall",          "60s", "--stdout", folder / "ready",
                   "--",    "sh",     "-c", "echo x; sleep 60"};
    const UniqueFd output(::memfd_create("output", MFD_CLOEXEC));
    launch.stdout_fd = output.get();
    launch.working_folder = folder.path();
    auto child = process::launch(launch);
    while (text_of("ready").empty()) std::this_thread::yield();
    ::kill(child.pid(), signal);
    const auto status = child.wait(std::chrono::steady_clock::now() + Seconds(20));
    REQUIRE(status);
    CHECK(status->exit_code == 0);
    std::string text(4096, '\0');
    text.resize(static_cast<std::size_t>(::pread(output.get(), text.data(), text.size(), 0)));
    const auto result = json::parse(text).as_object();
    CHECK(result.at("verdict") == "CANCELLED");
    CHECK(result.at("killed_by") == "cancel");
  }
}

TEST_CASE_FIXTURE(RunFixture, "sandbox: a result that cannot be printed is no success") {
  const auto full = process::run({.argv = {"sh", "-c", program + " -- true > /dev/full"},
                                  .working_folder = folder.path(),
                                  .time_limit = Seconds(60)});
  CHECK(full.status.exit_code == 1);
  CHECK(doctest::String(full.errors.c_str()) == doctest::Contains("cannot print the result"));
}

TEST_CASE_FIXTURE(RunFixture, "sandbox: a working folder that is gone is told in a line") {
  const auto gone = process::run(
      {.argv = {"sh", "-c", "mkdir x && cd x && rmdir ../x && " + program + " -- true"},
       .working_folder = folder.path(),
       .time_limit = Seconds(60)});
  CHECK(gone.status.exit_code == 1);
  CHECK(doctest::String(gone.errors.c_str()) == doctest::Contains("daemonz-run: "));
}

TEST_CASE_FIXTURE(RunFixture, "sandbox: a faulty configuration is told whole, and nothing runs") {
  std::ofstream(folder / "config/daemonz.yml") << "no_such_key: 1\n";
  const auto result = start({"--", "true"});
  CHECK(result.status.exit_code == 2);
  CHECK(result.output.empty());
  CHECK(result.errors.find("daemonz.yml:1:1") != std::string::npos);
}

TEST_CASE_FIXTURE(RunFixture, "sandbox: different slots run at the same time, one slot does not") {
  json::object other;
  std::thread sleeper([&] {
    other = run({"--wall", "1500ms", "--stdout", "ready", "--", "sh", "-c", "echo x; sleep 9"});
  });
  while (text_of("ready").empty()) std::this_thread::yield();
  const auto taken = run({"--", "true"}, 3);
  slot = std::to_string(490);
  const auto free = run({"--", "true"});
  sleeper.join();
  CHECK(taken.at("verdict") == "XX");
  CHECK(taken.at("errno") == EWOULDBLOCK);
  CHECK(free.at("verdict") == "OK");
  CHECK(other.at("verdict") == "TLE_WALL");
}

TEST_CASE_FIXTURE(RunFixture, "sandbox: the rlimit mode can be forced, and says so") {
  const auto result = run({"--limits", "rlimit", "--", programs + "memory_bomb"});
  CHECK(result.at("verdict") == "MLE");
  CHECK(result.at("limits") == "rlimit");
  CHECK(result.at("peak_source") == "rusage");
}
