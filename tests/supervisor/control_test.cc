#include "supervisor/control.h"

#include <doctest/doctest.h>
#include <unistd.h>

#include <thread>

#include "base/unique_fd.h"
#include "support/temp_dir.h"

using namespace daemonz;
using namespace daemonz::supervisor;

TEST_CASE("control: an answer larger than the socket's buffer arrives whole, and only that") {
  const tests::TempDir folder;
  const auto path = folder / "control.sock";
  const std::string large(4 << 20, 'x');
  int ends[2];
  REQUIRE(::pipe(ends) == 0);
  const UniqueFd done(ends[0]), say_done(ends[1]);

  Loop loop;
  const ControlServer server(
      loop, path,
      [&](const std::string&, const ControlServer::Reply& reply) { reply.send(large); });
  std::optional<std::string> first, second;
  std::thread client([&] {
    const auto patience = std::chrono::seconds(20);
    first = ask(path, "{}", real_clock().steady() + patience);
    second = ask(path, "{}", real_clock().steady() + patience);
    static_cast<void>(!::write(say_done.get(), "x", 1));
  });
  const auto watch = loop.when_readable(done.get(), [&] { loop.stop(); });
  loop.run();
  client.join();
  CHECK(first == large);
  CHECK(second == large);
}
