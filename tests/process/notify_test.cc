#include "process/notify.h"

#include <doctest/doctest.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>

#include "process/fork_child.h"
#include "support/temp_dir.h"

using namespace daemonz;
using namespace daemonz::process;
using daemonz::tests::TempDir;

namespace {

Notification next(const NotifySocket& socket) {
  pollfd readable{socket.fd(), POLLIN, 0};
  REQUIRE(::poll(&readable, 1, 10'000) == 1);
  auto notification = socket.receive();
  REQUIRE(notification);
  return *notification;
}

}  // namespace

TEST_CASE("notify: what a daemon says arrives with the pid that said it") {
  const TempDir folder;
  const auto socket = NotifySocket::open(folder / "notify.sock");
  auto child = fork_child([&] {
    Notifier(socket.address()).ready("42 segments recovered");
    return 0;
  });
  const auto notification = next(socket);
  CHECK(notification.sender == child.pid());
  CHECK(notification.has("READY", "1"));
  CHECK(notification.fields.at("STATUS") == "42 segments recovered");
  CHECK_FALSE(socket.receive());
}

TEST_CASE("notify: a status cannot smuggle in another field") {
  const TempDir folder;
  const auto socket = NotifySocket::open(folder / "notify.sock");
  Notifier(socket.address()).status("busy\nREADY=1");
  const auto notification = next(socket);
  CHECK_FALSE(notification.has("READY", "1"));
  CHECK(notification.fields.at("STATUS") == "busy READY=1");
}

TEST_CASE("notify: messages that are too long are dropped, the next one is not") {
  const TempDir folder;
  const auto socket = NotifySocket::open(folder / "notify.sock");
  const Notifier notifier(socket.address());
  notifier.send("X=" + std::string(notification_size_max * 2, 'x'));
  notifier.send("garbage without an equals sign\n=\n\nB=2");
  const auto notification = next(socket);
  CHECK(notification.fields == std::map<std::string, std::string>{{"B", "2"}});
}

TEST_CASE("notify: a path beyond unix(7) works all the same") {
  const TempDir folder;
  const auto deep = folder / std::string(90, 'd');
  std::filesystem::create_directory(deep);
  const auto socket = NotifySocket::open(deep + "/notify.sock");
  CHECK(socket.address()[0] == '@');
  Notifier(socket.address()).watchdog();
  CHECK(next(socket).has("WATCHDOG", "1"));
}

TEST_CASE("notify: without a supervisor nothing happens") {
  Notifier("").ready();
  Notifier("/no/such/socket").ready();
  CHECK_FALSE(Notifier("").is_wanted());
}

TEST_CASE("notify: any user may write to the socket, and its end removes it") {
  const TempDir folder;
  const auto path = folder / "notify.sock";
  {
    const auto socket = NotifySocket::open(path);
    struct stat found {};
    REQUIRE(::stat(path.c_str(), &found) == 0);
    CHECK((found.st_mode & 0777) == 0666);
  }
  CHECK_FALSE(std::filesystem::exists(path));
}
