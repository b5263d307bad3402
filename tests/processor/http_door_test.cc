#include "processor/http_door.h"

#include <doctest/doctest.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include "base/unique_fd.h"
#include "offline_tasks/push.h"
#include "processor/http_answers.h"
#include "workbench.h"

using namespace daemonz;
using namespace daemonz::offline_tasks;
using processor::HttpDoor;
using tests::Workbench;

namespace {

struct Door : Workbench {
  processor::HttpDoorOptions wired() {
    return {.address = "127.0.0.1:0",
            .connect_broker = options.connect_broker,
            .signing = signing,
            .is_stopping = [this] { return is_stopping.load(); },
            .record = [this](const Envelope&, bool is_pushed) { rows += is_pushed ? 1 : -1; },
            .status =
                [this](const JobId& id) {
                  ++looks;
                  return JobStatus{.id = id, .state = state.load()};
                }};
  }
  /// The whole answer to raw bytes, read until the door closes or the body is there.
  std::string ask(const std::string& bytes) {
    const UniqueFd client(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_in address{.sin_family = AF_INET, .sin_port = htons(door->port())};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    REQUIRE(::connect(client.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) == 0);
    (void)::send(client.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
    std::string text;
    char buffer[4096];
    for (ssize_t got; (got = ::recv(client.get(), buffer, sizeof buffer, 0)) > 0;) {
      text.append(buffer, static_cast<std::size_t>(got));
      if (text.find("}\n") != std::string::npos) break;
    }
    return text;
  }
  std::string post(const std::string& body, const std::string& path = "/offline_tasks") {
    return ask("POST " + path + " HTTP/1.1\r\nHost: a\r\nContent-Length: " +
               std::to_string(body.size()) + "\r\n\r\n" + body);
  }
  std::string get(const std::string& target) {
    return ask("GET " + target + " HTTP/1.1\r\nHost: a\r\n\r\n");
  }
  static bool is(const std::string& answer, int status) {
    return answer.starts_with("HTTP/1.1 " + std::to_string(status) + " ");
  }
  void open() { door.emplace(wired()); }

  Signing signing;
  std::atomic<bool> is_stopping{false};
  std::atomic<int> rows{0}, looks{0};
  std::atomic<JobState> state{JobState::queued};
  std::optional<HttpDoor> door;
};

}  // namespace

TEST_CASE("http_door: a front end's strategy http puts jobs and batches onto the queue") {
  Door site;
  site.signing = {.keys = {{"k1", std::string(32, 's')}}, .sign_with = "k1"};
  site.open();
  offline_tasks::connect(
      {.strategy = Strategy::http,
       .url = "http://127.0.0.1:" + std::to_string(site.door->port()) + "/offline_tasks",
       .deadline = Seconds(5),
       .signing = site.signing});
  const auto pushed = offline_tasks::push_pull("note", {{"n", 1.0}});
  CHECK(site.waiting("pulls").id == pushed.id());
  const auto now = real_clock().wall();
  CHECK_FALSE(refusal_of(site.engine.items("pulls").at(0).body, site.signing, now));
  const auto ids = offline_tasks::push_many({{Direction::push, "note", {{"n", 1}}, {}, {}},
                                             {Direction::push, "note", {{"n", 2}}, {}, {}}});
  REQUIRE(site.engine.items("pushes").size() == 2);
  CHECK(site.waiting("pushes", 1).id == ids.at(1));
  CHECK_FALSE(refusal_of(site.engine.items("pushes").at(1).body, site.signing, now));
  offline_tasks::disconnect();
}

TEST_CASE("http_door: each refusal has its status, and nothing is stored") {
  Door site;
  site.open();
  CHECK(Door::is(site.post("no JSON"), 400));
  CHECK(Door::is(site.post("[]"), 400));
  CHECK(Door::is(site.post("[{\"task\":\"a\"}"), 400));
  CHECK(Door::is(site.post(R"({"task":7})"), 400));
  CHECK(Door::is(site.post(R"([{"task":"a","queue":"x"},{"task":"a","queue":"y"}])"), 400));
  CHECK(Door::is(site.post(R"({"task":"a"})", "/elsewhere"), 404));
  CHECK(Door::is(site.ask("DELETE /jobs/a HTTP/1.1\r\nHost: a\r\n\r\n"), 405));
  CHECK(
      Door::is(site.ask("POST /offline_tasks HTTP/1.1\r\nContent-Length: 99999999\r\n\r\n"), 413));
  CHECK(Door::is(site.ask("GET /" + std::string(20'000, 'x') + " HTTP/1.1\r\n\r\n"), 431));
  site.is_stopping = true;
  CHECK(Door::is(site.post(R"({"task":"a"})"), 503));
  site.is_stopping = false;
  site.engine.set_reachable(false);
  const auto away = site.post(R"({"task":"a"})");
  CHECK(Door::is(away, 503));
  CHECK(away.find("Retry-After: 1") != std::string::npos);
  CHECK(site.rows == 0);
  site.engine.set_reachable(true);
  CHECK(site.engine.items("pushes").empty());
  CHECK(Door::is(site.post(R"({"task":"a"})"), 202));
  CHECK(site.engine.items("pushes").size() == 1);
  site.door.reset();
  site.signing = {.keys = {{"k1", std::string(32, 's')}}, .sign_with = "k1"};
  site.open();
  CHECK(Door::is(site.post(R"({"task":"a"})"), 401));
}

TEST_CASE("http_door: a job is told of, at once or when it is over") {
  Door site;
  site.open();
  const auto early = site.get("/jobs/01ABC");
  CHECK(Door::is(early, 200));
  CHECK(early.find(R"("state":"queued")") != std::string::npos);
  CHECK(early.find("Retry-After: 1") != std::string::npos);
  std::thread later([&] {
    while (site.looks < 4) std::this_thread::yield();
    site.state = JobState::done;
  });
  const auto over = site.get("/jobs/01ABC?wait=20");
  later.join();
  CHECK(over.find(R"("state":"done")") != std::string::npos);
  CHECK(over.find("Retry-After") == std::string::npos);
  site.state = JobState::unknown;
  CHECK(Door::is(site.get("/jobs/01ABC"), 404));
  CHECK(Door::is(site.get("/jobs/01ABC?wait=x"), 404));
}

TEST_CASE("http_door: it serves at internal addresses only, and says when one is taken") {
  Door site;
  for (const auto* address : {"0.0.0.0:0", "8.8.8.8:80", "nonsense", "127.0.0.1:x", "[::]:0"}) {
    auto options = site.wired();
    options.address = address;
    CHECK_THROWS_AS(HttpDoor{options}, Error);
  }
  site.open();
  auto options = site.wired();
  options.address = "127.0.0.1:" + std::to_string(site.door->port());
  CHECK_THROWS_WITH_AS(HttpDoor{options}, doctest::Contains("cannot serve HTTP"), Error);
}

TEST_CASE("http_door: elements of an array keep their bytes") {
  using processor::elements_of;
  CHECK(elements_of(R"( [ {"a":1.0, "b":"],["} ,{"c":[1,2]}] )", 9) ==
        std::vector<std::string_view>{R"( {"a":1.0, "b":"],["} )", R"({"c":[1,2]})"});
  CHECK(elements_of(R"({"a":1})", 9).size() == 1);
  CHECK_THROWS_AS((void)elements_of("[1,2,3]", 2), Error);
  for (const auto* text : {"[", "[1", "[1]]", "[\"a]", "[[1]"})
    CHECK_THROWS_AS((void)elements_of(text, 9), Error);
}
