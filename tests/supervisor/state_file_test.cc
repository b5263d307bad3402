#include "supervisor/state_file.h"

#include <doctest/doctest.h>
#include <unistd.h>

#include <fstream>

#include "base/error.h"
#include "supervisor/wishes.h"
#include "support/temp_dir.h"

using namespace daemonz;
using namespace daemonz::supervisor;
using daemonz::tests::TempDir;

TEST_CASE("state_file: what is written is read back") {
  const TempDir folder;
  const auto path = folder / "state.json";
  CHECK_FALSE(read_state_file(path));
  const RecordedState state{.supervisor = *process::identity_of(::getpid()),
                            .instances = {{.name = "processor:2",
                                           .daemon = "processor",
                                           .index = 2,
                                           .mark = {.leader = *process::identity_of(::getppid()),
                                                    .cgroup = "/sys/fs/cgroup/x",
                                                    .token = "home/1"},
                                           .rank = 3,
                                           .stop_signal = 2,
                                           .stop_timeout = Milliseconds(1500),
                                           .log_path = "/site/a.log",
                                           .stderr_path = "/site/b.log",
                                           .is_wanted = false,
                                           .is_ready = true,
                                           .has_exited_well = true,
                                           .restarts = 4,
                                           .fingerprint = "0123456789abcdef"}}};
  write_state_file(path, state);
  const auto read = read_state_file(path);
  REQUIRE(read);
  CHECK(read->supervisor == state.supervisor);
  REQUIRE(read->instances.size() == 1);
  const auto& one = read->instances[0];
  CHECK(one.name == "processor:2");
  CHECK(one.mark.leader == state.instances[0].mark.leader);
  CHECK(one.mark.cgroup == "/sys/fs/cgroup/x");
  CHECK(one.mark.token == "home/1");
  CHECK(one.rank == 3);
  CHECK(one.stop_signal == 2);
  CHECK(one.stop_timeout == Milliseconds(1500));
  CHECK(one.daemon == "processor");
  CHECK(one.index == 2);
  CHECK(one.log_path == "/site/a.log");
  CHECK(one.stderr_path == "/site/b.log");
  CHECK_FALSE(one.is_wanted);
  CHECK(one.is_ready);
  CHECK(one.has_exited_well);
  CHECK(one.restarts == 4);
  CHECK(one.fingerprint == "0123456789abcdef");
}

TEST_CASE("state_file: torn or foreign text is an error that names the file") {
  const TempDir folder;
  const auto path = folder / "state.json";
  for (const char* text : {"", "{\"version\":1,\"inst", "{\"version\":2}", "[]", "null"}) {
    std::ofstream(path) << text;
    CHECK_THROWS_AS(static_cast<void>(read_state_file(path)), Error);
  }
}

TEST_CASE("wishes: what people have asked for is read back, until the file says another number") {
  const TempDir folder;
  const auto path = folder / "wishes.json";
  CHECK(read_wishes(path) == Wishes{});
  const Wishes wishes{.stopped = {"processor:1"},
                      .scaled = {{"processor", {.instances = 8, .configured = 2}}}};
  write_wishes(path, wishes);
  CHECK(read_wishes(path) == wishes);
  CHECK(wishes.is_stopped("processor", 1));
  CHECK_FALSE(wishes.is_stopped("processor", 0));
  config::Config config;
  config.daemons = {{.name = "processor", .instances = 2}, {.name = "queue"}};
  wishes.apply_to(config);
  CHECK(config.daemons[0].instances == 8);
  CHECK(config.daemons[1].instances == 1);
  config.daemons[0].instances = 3;
  wishes.apply_to(config);
  CHECK(config.daemons[0].instances == 3);
  std::ofstream(path) << "{}";
  CHECK_THROWS_AS(static_cast<void>(read_wishes(path)), Error);
}
