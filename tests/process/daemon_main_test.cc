#include "process/daemon_main.h"

#include <doctest/doctest.h>
#include <poll.h>
#include <unistd.h>

#include <condition_variable>
#include <csignal>
#include <mutex>

#include "base/error.h"
#include "base/log.h"
#include "base/units.h"
#include "process/fork_child.h"
#include "process/signals.h"
#include "support/temp_dir.h"

using namespace daemonz;
using namespace daemonz::process;
using daemonz::tests::TempDir;

namespace {

SteadyTime soon() { return std::chrono::steady_clock::now() + Seconds(10); }

// The test's process plays the supervisor; the daemon is a forked child.
struct Stage {
  TempDir folder;
  NotifySocket socket = NotifySocket::open(folder / "notify.sock");

  Child play(const std::function<int()>& body) {
    return fork_child([&] {
      log::set_level(log::Level::off);
      ::setenv("NOTIFY_SOCKET", socket.address().c_str(), 1);
      return body();
    });
  }
  bool hears(const std::string& key, const std::string& value) const {
    for (;;) {
      pollfd readable{socket.fd(), POLLIN, 0};
      if (::poll(&readable, 1, 10'000) != 1) return false;
      if (const auto notification = socket.receive(); notification && notification->has(key, value))
        return true;
    }
  }
};

void wait_for_stop(const std::stop_token& token) {
  std::mutex mutex;
  std::condition_variable_any changed;
  std::unique_lock lock(mutex);
  changed.wait(lock, token, [] { return false; });
}

}  // namespace

TEST_CASE("daemon_main: ready, then SIGTERM wakes a blocked body, and it ends with 0") {
  Stage stage;
  auto child = stage.play([] {
    return daemon_main({.name = "sample"}, [](Daemon& daemon) {
      daemon.ready();
      wait_for_stop(daemon.stop_token());
    });
  });
  CHECK(stage.hears("READY", "1"));
  child.signal(SIGTERM);
  CHECK(stage.hears("STOPPING", "1"));
  CHECK(child.wait(soon())->exit_code == 0);
}

TEST_CASE("daemon_main: SIGHUP reloads, SIGUSR1 is passed on, neither ends it") {
  Stage stage;
  auto child = stage.play([] {
    Notifier told;
    return daemon_main({.name = "sample",
                        .on_reload = [&] { told.status("reloaded"); },
                        .on_signal = [&](int signal) { told.status(signal_name(signal)); }},
                       [](Daemon& daemon) {
                         daemon.ready();
                         wait_for_stop(daemon.stop_token());
                       });
  });
  CHECK(stage.hears("READY", "1"));
  child.signal(SIGHUP);
  CHECK(stage.hears("STATUS", "reloaded"));
  child.signal(SIGUSR1);
  CHECK(stage.hears("STATUS", "SIGUSR1"));
  child.signal(SIGINT);
  CHECK(child.wait(soon())->exit_code == 0);
}

TEST_CASE("daemon_main: an Error is one log line and exit code 1") {
  Stage stage;
  auto child = stage.play([] {
    return daemon_main({.name = "sample"}, [](Daemon&) { throw Error("port 22122 is in use"); });
  });
  CHECK(child.wait(soon())->exit_code == 1);
}

TEST_CASE("daemon_main: a body with its own loop reads the signals itself") {
  Stage stage;
  auto child = stage.play([] {
    bool is_over = false;
    return daemon_main(
        {.name = "sample", .signal_reader = SignalReader::loop, .on_stop = [&] { is_over = true; }},
        [&](Daemon& daemon) {
          daemon.ready();
          while (!is_over) {
            pollfd readable{daemon.signal_fd(), POLLIN, 0};
            ::poll(&readable, 1, -1);
            daemon.handle_signals();
          }
        });
  });
  CHECK(stage.hears("READY", "1"));
  child.signal(SIGTERM);
  CHECK(child.wait(soon())->exit_code == 0);
}

TEST_CASE("signals: names and numbers") {
  CHECK(signal_number("TERM") == SIGTERM);
  CHECK(signal_number("SIGHUP") == SIGHUP);
  CHECK(signal_number("9") == SIGKILL);
  CHECK_FALSE(signal_number("NOPE"));
  CHECK_FALSE(signal_number("0"));
  CHECK_FALSE(signal_number("999"));
  CHECK(signal_name(SIGSEGV) == "SIGSEGV");
}
