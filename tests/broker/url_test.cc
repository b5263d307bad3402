#include "broker/url.h"

#include <doctest/doctest.h>

#include <filesystem>

#include "base/error.h"

using namespace daemonz;
using broker::parse_url;

TEST_CASE("broker: a URL names a host and port, or the path of a socket") {
  CHECK(parse_url("memcache://127.0.0.1:22133").port == 22133);
  CHECK(parse_url("memcache://queue.example").host == "queue.example");
  CHECK(parse_url("memcache://queue.example/").port == 22122);
  CHECK(parse_url("memcache://[::1]:5").host == "::1");
  CHECK(parse_url("memcache://[::1]").port == 22122);
  CHECK(parse_url("memcache://ada:open@sesame@h:5").login == "ada open@sesame");
  CHECK(parse_url("memcache://ada:open@sesame@h:5").host == "h");
  CHECK(parse_url("memcache+unix:///run/q.sock").socket_path == "/run/q.sock");
  CHECK(parse_url("memcache+unix://tmp/q.sock").socket_path ==
        (std::filesystem::current_path() / "tmp/q.sock").string());
}

TEST_CASE("broker: messages show no password") {
  CHECK(broker::without_password("memcache://ada:secret@h:5") == "memcache://ada:***@h:5");
  CHECK(broker::without_password("memcache://h:5") == "memcache://h:5");
  CHECK(broker::without_password("memcache+unix:///a@b:c") == "memcache+unix:///a@b:c");
  CHECK_THROWS_WITH_AS((void)parse_url("memcache://ada:secret@h:x"),
                       doctest::Contains("ada:***@h:x"), Error);
}

TEST_CASE("broker: a bad URL is an error that shows what is allowed") {
  for (const auto* url :
       {"", "127.0.0.1:22122", "memcache://", "memcache://:22122", "memcache://h:0",
        "memcache://h:65536", "memcache://h:22l22", "memcache://[::1", "memcache://[::1]x",
        "memcache://a b", "memcache://ada@h", "memcache://:x@h", "memcache://a b:x@h",
        "memcache+unix://", "http://h"}) {
    CAPTURE(url);
    CHECK_THROWS_WITH_AS((void)parse_url(url), doctest::Contains("memcache+unix://PATH"), Error);
  }
  CHECK_THROWS_WITH_AS((void)parse_url("amqp://guest@h1,h2/"), doctest::Contains("not built yet"),
                       Error);
  CHECK_THROWS_WITH_AS((void)parse_url("memcache+unix:///" + std::string(120, 'x')),
                       doctest::Contains("unix(7) allows 107"), Error);
}
