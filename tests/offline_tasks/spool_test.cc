#include "offline_tasks/spool.h"

#include <doctest/doctest.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include <csignal>
#include <filesystem>
#include <fstream>
#include <thread>

#include "base/error.h"
#include "offline_tasks/push.h"
#include "sample_tasks.h"
#include "support/running_server.h"

using namespace daemonz;
using namespace std::chrono_literals;
using namespace offline_tasks;
namespace fs = std::filesystem;

namespace {

/// A front end with a spool, and a queue server that comes and goes.
struct Site {
  Site() { reconnect(); }
  ~Site() { disconnect(); }
  void reconnect() {
    connect({.broker = server.unix_url(),
             .deadline = 250ms,
             .fallback = {Fallback::queue, Fallback::spool, Fallback::discard},
             .spool = spool});
  }
  std::string push(std::int64_t number, const Options& options = {}) {
    return std::get<Pushed>(push_push(samples::Echo{number, "x"}, options).value()).taken_by;
  }
  [[nodiscard]] std::vector<fs::path> files(const std::string& extension = ".job") const {
    std::vector<fs::path> found;
    if (!fs::exists(spool)) return found;
    for (const auto& entry : fs::recursive_directory_iterator(spool))
      if (entry.path().extension() == extension) found.push_back(entry.path());
    std::sort(found.begin(), found.end());
    return found;
  }
  /// Numbers of the jobs in the queue, in order; they are taken out.
  std::vector<std::int64_t> numbers() {
    const auto broker = broker::connect({.url = server.unix_url()});
    std::vector<std::int64_t> found;
    while (const auto lease = broker->pop({.queues = {QueueName("echoes")}}).lease) {
      found.push_back(Envelope::decode(lease->body)->args.at("number").as_int64());
      REQUIRE(broker->ack(*lease) == broker::Settled::done);
    }
    return found;
  }
  tests::RunningServer server;
  tests::TempDir folder;
  std::string spool = folder / "spool";
};

/// No file grows beyond this while it lives: what a full disk looks like to write(2).
struct SmallFiles {
  explicit SmallFiles(rlim_t size) {
    std::signal(SIGXFSZ, SIG_IGN);
    ::getrlimit(RLIMIT_FSIZE, &before);
    const rlimit small{size, before.rlim_max};
    ::setrlimit(RLIMIT_FSIZE, &small);
  }
  ~SmallFiles() { ::setrlimit(RLIMIT_FSIZE, &before); }
  rlimit before{};
};

}  // namespace

TEST_CASE_FIXTURE(Site,
                  "offline_tasks: the spool takes what the queue cannot, and replays it once") {
  CHECK(push(1) == "queue");
  CHECK(files().empty());
  server.kill_now();
  CHECK(push(2) == "spool");
  CHECK(push(3) == "spool");
  const auto batch = push_many(std::vector<samples::Echo>{{4, ""}, {5, ""}});
  REQUIRE(files().size() == 3);  // the batch stays one
  struct stat facts {};
  REQUIRE(::stat(files()[0].c_str(), &facts) == 0);
  CHECK((facts.st_mode & 07) == 0);
  CHECK(replay_spool().left == 3);
  server.start();
  const auto replayed = replay_spool();
  CHECK(replayed.pushed == 3);
  CHECK(replayed.left == 0);
  CHECK(files().empty());
  CHECK(replay_spool().pushed == 0);
  CHECK(numbers() == std::vector<std::int64_t>{1, 2, 3, 4, 5});
}

TEST_CASE_FIXTURE(Site, "offline_tasks: while the queue is away not every push waits for it") {
  constexpr int pushes = 50;
  connect({.broker = server.unix_url(), .fallback = {Fallback::queue, Fallback::discard}});
  server.kill_now();
  CHECK(push(1) == "discard");  // waited a deadline
  const auto begun = std::chrono::steady_clock::now();
  for (int i = 0; i < pushes; ++i) CHECK(push(i) == "discard");
  // All of them would have waited 12.5 s.
  CHECK(std::chrono::steady_clock::now() - begun < pushes * 250ms / 2);
  server.start();
  const auto deadline = std::chrono::steady_clock::now() + 15s;
  bool is_back = false;
  while (!is_back && std::chrono::steady_clock::now() < deadline) {
    try {
      is_back = push(2) == "queue";
    } catch (const Error&) {  // it has just begun, and took longer than the deadline to answer
    }
    std::this_thread::sleep_for(5ms);  // sleep-ok: pushes again
  }
  CHECK(is_back);
}

TEST_CASE_FIXTURE(Site, "offline_tasks: a replay that dies half way pushes nothing twice") {
  server.kill_now();
  CHECK(push(1) == "spool");
  const auto file = files().at(0);
  fs::copy_file(file, folder / "copy");
  server.start();
  CHECK(replay_spool().pushed == 1);
  fs::copy_file(folder / "copy", file);  // as if it had died before the removal
  CHECK(replay_spool().pushed == 1);
  CHECK(numbers() == std::vector<std::int64_t>{1});
}

TEST_CASE_FIXTURE(Site,
                  "offline_tasks: after an unknown push only the spool may have it, under its id") {
  push(1);  // a connection is there
  server.signal(SIGSTOP);
  CHECK(push(2) == "spool");
  connect({.broker = server.unix_url(), .fallback = {Fallback::queue, Fallback::discard}});
  server.signal(SIGCONT);
  push(3);
  server.signal(SIGSTOP);
  std::string said;
  try {
    push(4);  // discarding what was perhaps taken would be a lie
  } catch (const Error& error) {
    said = error.what();
  }
  CHECK(said.find("perhaps not pushed") != std::string::npos);
  server.signal(SIGCONT);
  // Each connect replays; a server that was just stopped need not answer the first in time.
  const auto deadline = std::chrono::steady_clock::now() + 15s;
  do reconnect();
  while (!files().empty() && std::chrono::steady_clock::now() < deadline);
  CHECK(files().empty());
  const auto found = numbers();
  CHECK(std::count(found.begin(), found.end(), 2) == 1);
}

TEST_CASE_FIXTURE(Site, "offline_tasks: connect replays what an earlier process left") {
  server.kill_now();
  push(1);
  disconnect();
  server.start();
  reconnect();
  CHECK(numbers() == std::vector<std::int64_t>{1});
}

TEST_CASE_FIXTURE(Site, "offline_tasks: a torn file is set aside and told, the others go on") {
  server.kill_now();
  for (int i = 1; i <= 4; ++i) push(i);
  const auto before = files();
  fs::resize_file(before[0], fs::file_size(before[0]) - 1);
  std::fstream(before[1], std::ios::in | std::ios::out).seekp(100).put('#');
  std::ofstream(before[2]) << "";
  std::ofstream(spool + "/young.tmp") << "half";
  std::ofstream(spool + "/old.tmp") << "half";
  fs::last_write_time(spool + "/old.tmp", fs::file_time_type::clock::now() - 2h);
  server.start();
  const auto replayed = replay_spool();
  CHECK(replayed.torn == 4);
  CHECK(replayed.pushed == 1);
  CHECK(numbers() == std::vector<std::int64_t>{4});
  CHECK(fs::exists(spool + "/torn/" + before[0].filename().string()));
  CHECK(fs::exists(spool + "/torn/old.tmp"));
  CHECK(fs::exists(spool + "/young.tmp"));
}

TEST_CASE_FIXTURE(
    Site, "offline_tasks: a full disk is told, leaves nothing, and the next in the chain has it") {
  server.kill_now();
  const SmallFiles small(64);
  CHECK(push(1) == "discard");
  CHECK(files().empty());
  CHECK(files(".tmp").empty());
  connect({.broker = server.unix_url(),
           .deadline = 20ms,
           .fallback = {Fallback::queue, Fallback::spool},
           .spool = spool});
  CHECK_THROWS_WITH_AS(push(2), doctest::Contains("; spool: "), Error);
  CHECK_THROWS_WITH_AS(push(2), doctest::Contains("File too large"), Error);
}

TEST_CASE_FIXTURE(Site,
                  "offline_tasks: a spooled job whose unique key came back to life is dropped") {
  const Options unique{.unique_key = "mail:42"};
  server.kill_now();
  push(1, unique);
  push(2, unique);
  server.start();
  const auto replayed = replay_spool();
  CHECK(replayed.pushed == 1);
  CHECK(replayed.duplicates == 1);
  CHECK(numbers() == std::vector<std::int64_t>{1});
}

TEST_CASE_FIXTURE(Site,
                  "offline_tasks: one process replays at a time, a site without a spool is told") {
  server.kill_now();
  push(1);
  server.start();
  std::size_t inner = 9;
  const auto outer = replay_spool(spool, [&](const Parcel&) {
    inner = replay_spool().left;
    return broker::PushResult{broker::PushState::unknown, {}};
  });
  CHECK(inner == 0);
  CHECK(outer.left == 1);
  connect({.broker = server.unix_url()});
  CHECK_THROWS_WITH_AS(replay_spool(), doctest::Contains(".spool = FOLDER"), Error);
  CHECK_THROWS_WITH_AS(connect({.fallback = {Fallback::spool}}), doctest::Contains("a folder"),
                       Error);
}
