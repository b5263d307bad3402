#include "job_table/checkpoint.h"

#include <doctest/doctest.h>

#include "support/temp_dir.h"

using namespace daemonz;
using namespace daemonz::job_table;

namespace {

struct Checkpoints {
  Checkpoints() { migrate(*connection); }
  tests::TempDir folder;
  std::unique_ptr<db::Connection> connection = db::connect("sqlite:" + (folder / "jobs.db"));
};

}  // namespace

TEST_CASE("job_table: the next attempt finds the checkpoint of the last one") {
  Checkpoints made;
  CHECK(claim_checkpoint(*made.connection, "a", make_token(0, 1)).state.empty());
  CHECK(write_checkpoint(*made.connection, "a", make_token(0, 1), "5000"));
  CHECK(write_checkpoint(*made.connection, "a", make_token(0, 1), "5001"));
  CHECK(write_checkpoint(*made.connection, "a", make_token(0, 1), "5001"));
  const auto found = claim_checkpoint(*made.connection, "a", make_token(0, 2));
  CHECK(found.is_ours);
  CHECK(found.state == "5001");
  CHECK(claim_checkpoint(*made.connection, "b", make_token(0, 2)).state.empty());
}

TEST_CASE("job_table: who lost the job can neither claim nor write its checkpoint") {
  Checkpoints made;
  REQUIRE(write_checkpoint(*made.connection, "a", make_token(0, 1), "1"));
  REQUIRE(claim_checkpoint(*made.connection, "a", make_token(1, 2)).is_ours);
  CHECK_FALSE(write_checkpoint(*made.connection, "a", make_token(0, 1), "2"));
  CHECK_FALSE(claim_checkpoint(*made.connection, "a", make_token(0, 1)).is_ours);
  CHECK(claim_checkpoint(*made.connection, "a", make_token(1, 2)).state == "1");
}

TEST_CASE("job_table: a checkpoint goes with its job, and a large one is refused") {
  Checkpoints made;
  REQUIRE(write_checkpoint(*made.connection, "a", 1, "1"));
  remove_checkpoint(*made.connection, "a");
  CHECK(claim_checkpoint(*made.connection, "a", 1).state.empty());
  CHECK_THROWS_WITH_AS(
      (void)write_checkpoint(*made.connection, "a", 1, std::string(checkpoint_size_max + 1, '1')),
      doctest::Contains("a checkpoint of"), Error);
}
