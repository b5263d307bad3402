// The strategy `http` against a receiver that says what the test wants.
#include <arpa/inet.h>
#include <doctest/doctest.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>

#include <functional>
#include <mutex>
#include <thread>

#include "base/error.h"
#include "base/unique_fd.h"
#include "offline_tasks/http_way.h"
#include "offline_tasks/push.h"
#include "sample_tasks.h"

using namespace daemonz;
using namespace std::chrono_literals;
using namespace offline_tasks;

namespace {

/// Answers each request with what `answer` makes of its body; nullopt: hangs up without a word.
class Receiver {
 public:
  using Answer =
      std::function<std::optional<std::string>(const std::string& head, const std::string& body)>;
  explicit Receiver(Answer answer) : answer_(std::move(answer)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    REQUIRE(::bind(fd_.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) == 0);
    socklen_t size = sizeof address;
    REQUIRE(::getsockname(fd_.get(), reinterpret_cast<sockaddr*>(&address), &size) == 0);
    REQUIRE(::listen(fd_.get(), 8) == 0);
    url = "http://127.0.0.1:" + std::to_string(ntohs(address.sin_port)) + "/offline_tasks";
    thread_ = std::thread([this] { serve(); });
  }
  ~Receiver() {
    ::shutdown(fd_.get(), SHUT_RDWR);
    thread_.join();
  }
  std::string url;

 private:
  void serve() {
    for (;;) {
      const UniqueFd peer(::accept4(fd_.get(), nullptr, nullptr, SOCK_CLOEXEC));
      if (!peer.is_open()) return;
      std::string text;
      char part[65536];
      for (ssize_t got; !is_whole(text) && (got = ::recv(peer.get(), part, sizeof part, 0)) > 0;)
        text.append(part, static_cast<std::size_t>(got));
      const auto head_end = text.find("\r\n\r\n");
      if (head_end == std::string::npos) continue;
      const auto said = answer_(text.substr(0, head_end), text.substr(head_end + 4));
      if (said) (void)!::send(peer.get(), said->data(), said->size(), MSG_NOSIGNAL);
    }
  }
  static bool is_whole(const std::string& text) {
    const auto head_end = text.find("\r\n\r\n");
    const auto at = text.find("Content-Length: ");
    return head_end != std::string::npos && at != std::string::npos &&
           text.size() >= head_end + 4 + std::stoul(text.substr(at + 16));
  }

  Answer answer_;
  UniqueFd fd_{::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)};
  std::thread thread_;
};

std::string reply(int status, const std::string& body = "{}") {
  return "HTTP/1.1 " + std::to_string(status) +
         " X\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
}

/// "http" and the like, "duplicate", or what the Error says.
std::string pushed(const std::string& url, std::vector<Fallback> chain = {Fallback::queue}) {
  connect(
      {.strategy = Strategy::http, .url = url, .deadline = 150ms, .fallback = std::move(chain)});
  std::string said;
  try {
    const auto answer = push_push(samples::Echo{7, "x"}, {.unique_key = "k"});
    said = answer.is_duplicate() ? "duplicate" : std::get<Pushed>(answer.value()).taken_by;
  } catch (const Error& error) {
    said = error.what();
  }
  disconnect();
  return said;
}

bool has(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

}  // namespace

TEST_CASE("offline_tasks: http posts the signed envelope, and a batch as an array") {
  std::mutex guard;
  std::vector<std::string> heads, bodies;
  const Receiver receiver([&](const auto& head, const auto& body) {
    const std::lock_guard lock(guard);
    heads.push_back(head);
    bodies.push_back(body);
    return reply(202);
  });
  const Signing signing{.keys = {{"k1", std::string(32, 'a')}}, .sign_with = "k1"};
  connect({.strategy = Strategy::http, .url = receiver.url, .deadline = 5s, .signing = signing});
  const auto id = push_pull(samples::Echo{42, "c++"}).id();
  const auto ids = push_many(std::vector<samples::Echo>{{1, "a"}, {2, "b"}});
  disconnect();
  const std::lock_guard lock(guard);
  REQUIRE(bodies.size() == 2);
  CHECK(heads[0].starts_with("POST /offline_tasks HTTP/1.1\r\n"));
  CHECK(has(heads[0], "Content-Type: application/json"));
  const auto job = Envelope::decode(bodies[0]).value();
  CHECK(job.id == id);
  CHECK(job.queue == "pulls");
  CHECK_FALSE(refusal_of(bodies[0], signing, real_clock().wall()));
  const auto batch = json::parse(bodies[1]);
  REQUIRE(batch.is_array());
  CHECK(batch.get_array().size() == 2);
  CHECK(batch.get_array()[1].at("id").as_string() == ids[1]);
  CHECK_FALSE(refusal_of(json::serialize(batch.get_array()[1]), signing, real_clock().wall()));
}

TEST_CASE("offline_tasks: each answer to a POST means one thing") {
  const auto answered = [](std::optional<std::string> answer) {
    const Receiver receiver([&](auto&, auto&) { return answer; });
    return pushed(receiver.url);
  };
  CHECK(answered(reply(202)) == "http");
  CHECK(answered(reply(409)) == "duplicate");
  CHECK(has(answered(reply(401, R"({"error":"not signed"})")), "refused it (not signed)"));
  CHECK(has(answered(reply(429)), "refused it"));
  CHECK(has(answered(reply(200, "<html>hello")), "refused it (200 <html>hello)"));
  CHECK(has(answered(reply(503)), "not pushed: no connection"));
  CHECK(has(answered(reply(502)), "perhaps not pushed"));
  CHECK(has(answered(std::nullopt), "perhaps not pushed"));
  CHECK(has(answered("HTTP/1.1 202 X\r\nContent-Length: 99\r\n\r\n{"), "perhaps not pushed"));
  CHECK(has(answered("220 mail.example ESMTP\r\n"), "perhaps not pushed"));
}

TEST_CASE(
    "offline_tasks: an unknown POST is repeated with the same id, then only the spool has it") {
  std::mutex guard;
  std::set<std::string> ids;
  int requests = 0;
  const Receiver receiver([&](auto&, const auto& body) -> std::optional<std::string> {
    const std::lock_guard lock(guard);
    ids.insert(Envelope::decode(body)->id);
    return ++requests < 3 ? std::nullopt : std::optional(reply(202));
  });
  CHECK(pushed(receiver.url) == "http");
  CHECK(requests == 3);
  CHECK(ids.size() == 1);
  const Receiver mute([](auto&, auto&) { return std::nullopt; });
  CHECK(has(pushed(mute.url, {Fallback::queue, Fallback::discard}), "perhaps not pushed"));
}

TEST_CASE("offline_tasks: nobody there is told within the deadline, and the chain goes on") {
  std::string url;
  {
    const Receiver gone([](auto&, auto&) { return reply(202); });
    url = gone.url;
  }
  const auto begin = real_clock().steady();
  CHECK(has(pushed(url), "no connection to the queue at " + url));
  CHECK(real_clock().steady() - begin < 2s);
  CHECK(pushed(url, {Fallback::queue, Fallback::discard}) == "discard");
}

TEST_CASE("offline_tasks: a URL is taken apart, or refused with what is allowed") {
  const auto target = HttpTarget::parse("http://[::1]:8500/jobs");
  CHECK(target.host == "::1");
  CHECK(target.port == 8500);
  CHECK(target.path == "/jobs");
  CHECK(HttpTarget::parse("http://balancer").port == 80);
  CHECK(HttpTarget::parse("http://balancer").path == "/offline_tasks");
  for (const auto* url : {"", "ftp://x", "http://", "http://:80", "http://x:0", "http://x:7a",
                          "http://a b/", "https://x"}) {
    CAPTURE(url);
    CHECK_THROWS_AS((void)HttpTarget::parse(url), Error);
  }
}
