#include "supervisor/state_file.h"

#include <doctest/doctest.h>
#include <unistd.h>

#include <fstream>

#include "base/error.h"
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
                                           .mark = {.leader = *process::identity_of(::getppid()),
                                                    .cgroup = "/sys/fs/cgroup/x",
                                                    .token = "home/1"},
                                           .rank = 3,
                                           .stop_signal = 2,
                                           .stop_timeout = Milliseconds(1500)}}};
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
}

TEST_CASE("state_file: torn or foreign text is an error that names the file") {
  const TempDir folder;
  const auto path = folder / "state.json";
  for (const char* text : {"", "{\"version\":1,\"inst", "{\"version\":2}", "[]", "null"}) {
    std::ofstream(path) << text;
    CHECK_THROWS_AS(static_cast<void>(read_state_file(path)), Error);
  }
}
