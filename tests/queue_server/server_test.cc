// The real daemonz-queue: sockets, signals, kill -9, a second server.
#include <doctest/doctest.h>

#include <sys/stat.h>

#include <random>
#include <set>
#include <thread>

#include "queue_server/client.h"
#include "support/running_server.h"
#include "support/seed.h"

using namespace daemonz;
using tests::Client;
using tests::RunningServer;

namespace {

std::string set(const std::string& queue, const std::string& body) {
  return "set " + queue + " 0 0 " + std::to_string(body.size()) + "\r\n" + body + "\r\n";
}

/// Empties a queue. The bodies, in order.
std::vector<std::string> drain(Client& client, const std::string& queue) {
  std::vector<std::string> bodies;
  for (;;) {
    const auto reply = client.ask("get " + queue + "\r\n", "END\r\n");
    if (reply == "END\r\n") return bodies;
    const auto start = reply.find("\r\n") + 2;
    bodies.push_back(reply.substr(start, reply.size() - start - 7));
  }
}

struct Ended {
  int code;
  std::string said;
};
Ended run_server(const std::string& arguments) {
  const auto command = RunningServer::program() + " " + arguments + " 2>&1";
  FILE* pipe = ::popen(command.c_str(), "r");
  std::string said;
  for (char buffer[512]; std::fgets(buffer, sizeof buffer, pipe);) said += buffer;
  const int status = ::pclose(pipe);
  return {WIFEXITED(status) ? WEXITSTATUS(status) : -1, said};
}

}  // namespace

TEST_CASE("queue_server: TCP and the unix socket serve the same queues") {
  RunningServer server;
  Client tcp(server), local(server.unix_path());
  CHECK(tcp.ask(set("q", "hello")) == "STORED\r\n");
  CHECK(local.ask("get q\r\n", "END\r\n") == "VALUE q 0 5\r\nhello\r\nEND\r\n");
  struct stat facts {};
  REQUIRE(::stat(server.unix_path().c_str(), &facts) == 0);
  CHECK((facts.st_mode & 0777) == 0660);
}

TEST_CASE("queue_server: a waiting get is woken by a put, and one that went away eats nothing") {
  RunningServer server;
  Client producer(server), waiter(server);
  waiter.send("get a,b/t=20000\r\n");
  {
    Client gone(server), half(server);
    gone.send("get q/t=20000\r\n");
    half.send("get q/t=20000\r\n");
    half.half_close();
    CHECK_THROWS(half.read_to("END\r\n"));  // hung up on without a word
  }
  CHECK(producer.ask(set("q", "kept")) == "STORED\r\n");
  CHECK(drain(producer, "q") == std::vector<std::string>{"kept"});
  CHECK(producer.ask(set("b", "x")) == "STORED\r\n");
  CHECK(waiter.read_to("END\r\n") == "VALUE b 0 1\r\nx\r\nEND\r\n");
}

TEST_CASE("queue_server: SIGTERM answers what was received, syncs and ends with 0") {
  RunningServer server;
  Client client(server);
  std::string puts;
  for (int i = 0; i < 100; ++i) puts += set("q", std::to_string(i));
  client.ask(puts, std::string("STORED\r\n"));
  CHECK(server.stop() == 0);
  CHECK(server.log().find("stopped") != std::string::npos);
  CHECK(::access(server.unix_path().c_str(), F_OK) != 0);
  server.start();
  Client again(server);
  CHECK(drain(again, "q").size() == 100);
}

TEST_CASE("queue_server: a stop keeps the leases of open connections for the next start") {
  RunningServer server;
  Client processor(server);
  processor.ask(set("q", "job"));
  const auto head = processor.ask("gets q/open/lease=60000\r\n", "END\r\n");
  const auto id = head.substr(12, head.find('\r') - 12);  // VALUE q 0 3 ID
  CHECK(server.stop() == 0);
  server.start();
  Client again(server);
  CHECK(again.ask("touch q/lease=" + id + " 60\r\n") == "TOUCHED\r\n");
  CHECK(again.ask("get q\r\n", "END\r\n") == "END\r\n");
  CHECK(again.ask("delete q/ack=" + id + "\r\n") == "DELETED\r\n");
}

TEST_CASE("queue_server: kill -9 in the middle of puts: everything confirmed is there, in order") {
  std::mt19937_64 random(tests::seed());
  RunningServer server;
  int next = 0, confirmed = 0;
  std::vector<int> sent;
  for (int round = 0; round < 8; ++round) {
    CAPTURE(round);
    Client client(server);
    const auto kill_at = confirmed + static_cast<int>(random() % 150);
    std::thread killer;
    try {
      while (true) {
        client.send(set("q", std::to_string(next++)));
        // Past it counts too: after a round's unknown put, `confirmed` steps over a number.
        if (confirmed >= kill_at && !killer.joinable())
          killer = std::thread([&] { server.signal(SIGKILL); });
        const auto reply = client.read_to("\r\n");  // throws when the server has gone
        REQUIRE(reply == "STORED\r\n");
        confirmed = next;
        sent.push_back(next - 1);
      }
    } catch (const std::runtime_error&) {
      // The last put is unknown.
    }
    killer.join();
    server.kill_now();
    server.start();
  }
  Client client(server);
  const auto bodies = drain(client, "q");
  std::set<std::string> found(bodies.begin(), bodies.end());
  CHECK(found.size() == bodies.size());
  for (const int number : sent) {
    CAPTURE(number);
    CHECK(found.contains(std::to_string(number)));
  }
  CHECK(
      std::ranges::is_sorted(bodies, {}, [](const std::string& body) { return std::stoi(body); }));
}

TEST_CASE(
    "queue_server: a popped item does not come back after kill -9, a leased one keeps its id") {
  RunningServer server;
  std::string id;
  {
    Client client(server);
    client.ask(set("q", "popped") + set("q", "leased"), "STORED\r\nSTORED\r\n");
    client.ask("get q\r\n", "END\r\n");
    const auto reply = client.ask("gets q/lease=60000\r\n", "END\r\n");
    const auto head = reply.substr(0, reply.find("\r\n"));
    id = head.substr(head.rfind(' ') + 1);
    server.kill_now();
  }
  server.start();
  Client client(server);
  CHECK(client.ask("get q\r\n", "END\r\n") == "END\r\n");
  CHECK(client.ask("delete q/ack=" + id + "\r\n") == "DELETED\r\n");
}

TEST_CASE("queue_server: a second server, a port in use, a bad folder: said, with the next step") {
  RunningServer server;
  const tests::TempDir other;
  auto ended = run_server("--dir " + server.data_folder() + " --listen 127.0.0.1:0");
  CHECK(ended.code == 1);
  CHECK(ended.said.find("in use by pid " + std::to_string(server.pid())) != std::string::npos);
  CHECK(ended.said.find("Stop that server first") != std::string::npos);

  ended = run_server("--dir " + (other / "d") + " --listen " + server.address());
  CHECK(ended.code == 1);
  CHECK(ended.said.find(server.address() + ": cannot listen: Address already in use") !=
        std::string::npos);
  CHECK(ended.said.find("choose another one") != std::string::npos);

  ended = run_server("--dir /proc/none --listen 127.0.0.1:0");
  CHECK(ended.code == 1);
  CHECK(ended.said.find("/proc/none") != std::string::npos);

  CHECK(run_server("--listen nonsense --dir " + (other / "d")).code == 1);
  CHECK(run_server("--durability sometimes").code == 2);
  CHECK(run_server("--help").code == 0);
}

TEST_CASE("queue_server: a damaged store stops the start and says where") {
  RunningServer server;
  {
    Client client(server);
    for (int i = 0; i < 10; ++i) client.ask(set("q", "item " + std::to_string(i)));
  }
  CHECK(server.stop() == 0);
  const auto segment = server.data_folder() + "/0000000001.segment";
  {
    std::fstream file(segment, std::ios::in | std::ios::out | std::ios::binary);
    file.seekg(300);
    const auto byte = static_cast<char>(file.get() ^ 0x20);
    file.seekp(300);
    file.put(byte);
  }
  std::string said;
  try {
    server.start();
  } catch (const std::runtime_error& problem) {
    said = problem.what();
  }
  CHECK(said.find("0000000001.segment") != std::string::npos);
  CHECK(said.find("damaged at offset") != std::string::npos);
}

TEST_CASE("queue_server: --dump prints the records of a store, and no bodies") {
  RunningServer server;
  {
    Client client(server);
    client.ask(set("q", "secret"));
    client.ask("get q\r\n", "END\r\n");
  }
  CHECK(server.stop() == 0);
  const auto ended = run_server("--dump --dir " + server.data_folder());
  CHECK(ended.code == 0);
  CHECK(ended.said.starts_with("1:32 seq=1 put queue=q priority=4 flags=0 bytes=6 stored="));
  CHECK(ended.said.find("seq=2 delivered item=1:32 kind=pop") != std::string::npos);
  CHECK(ended.said.find("end of the log: 3 records in 1 segments, 0 torn bytes") !=
        std::string::npos);
  CHECK(ended.said.find("secret") == std::string::npos);
  CHECK(run_server("--dump --dir /none").code == 1);
}

TEST_CASE("queue_server: with users, TCP asks for a password and the unix socket does not") {
  const tests::TempDir folder;
  std::ofstream(folder / "password") << "open sesame\n";
  const auto hashed = run_server("--hash <" + (folder / "password"));
  REQUIRE(hashed.code == 0);
  std::ofstream(folder / "queue.users") << "ada:" << hashed.said;
  std::ofstream(folder / "daemonz.yml")
      << "queue:\n  users: " << (folder / "queue.users") << "\ndaemons: {}\n";
  RunningServer server({"--config", folder / "daemonz.yml"});
  Client stranger(server), ada(server), local(server.unix_path());
  CHECK(stranger.ask(set("q", "x")) == "CLIENT_ERROR unauthenticated\r\n");
  CHECK(stranger.ask(set("auth", "ada open")) == "CLIENT_ERROR unauthenticated\r\n");
  CHECK(stranger.ask("get q\r\n") == "CLIENT_ERROR unauthenticated\r\n");
  CHECK(local.ask(set("q", "from the socket")) == "STORED\r\n");
  CHECK(ada.ask(set("auth", "ada open sesame") + "get q\r\n", "END\r\n") ==
        "STORED\r\nVALUE q 0 15\r\nfrom the socket\r\nEND\r\n");
  // What stood in one packet is answered, also to a client that then sends nothing more.
  Client half(server);
  half.send(set("auth", "ada open sesame") + set("q", "y"));
  half.half_close();
  CHECK(half.read_to("STORED\r\nSTORED\r\n") == "STORED\r\nSTORED\r\n");
  // Passwords are checked beside the loop: others are served at once.
  std::vector<std::unique_ptr<Client>> guessing;
  for (int i = 0; i < 20; ++i) {
    guessing.push_back(std::make_unique<Client>(server));
    guessing.back()->send(set("auth", "eve " + std::to_string(i)));
  }
  const auto started = std::chrono::steady_clock::now();
  CHECK(ada.ask("version\r\n") == "VERSION 1.6.0\r\n");
  const auto served_after = std::chrono::steady_clock::now() - started;
  for (auto& each : guessing) CHECK(each->read_to("\r\n") == "CLIENT_ERROR unauthenticated\r\n");
  CHECK(served_after < (std::chrono::steady_clock::now() - started) / 2);
  CHECK(server.stop() == 0);
  CHECK(server.log().find("open sesame") == std::string::npos);
  std::ofstream(folder / "queue.users") << "ada:open sesame\n";
  CHECK_THROWS_WITH(server.start(), doctest::Contains("the hash of user ada is none"));
}

TEST_CASE(
    "queue_server: the options of daemonz.yml hold for their queue, the defaults for others") {
  const tests::TempDir folder;
  std::ofstream(folder / "daemonz.yml")
      << "queue:\n  defaults: {max_items: 2}\n  queues: {mail: {max_item_bytes: 4}}\ndaemons: {}\n";
  RunningServer server({"--config", folder / "daemonz.yml"});
  Client client(server);
  const auto four = set("mail", "1234"), five = set("mail", "12345");
  CHECK(client.ask(five) == "SERVER_ERROR object too large for cache\r\n");
  for (const auto* reply : {"STORED\r\n", "STORED\r\n", "NOT_STORED\r\n"})
    CHECK(client.ask(four) == reply);
  CHECK(client.ask(set("other", "12345")) == "STORED\r\n");
}

TEST_CASE("queue_server: items in memory only are served and forgotten") {
  RunningServer server({"--durability", "memory"});
  {
    Client client(server);
    CHECK(client.ask(set("q", "x")) == "STORED\r\n");
    CHECK(drain(client, "q").size() == 1);
    CHECK(client.ask(set("q", "y")) == "STORED\r\n");
  }
  CHECK(server.stop() == 0);
  server.start();
  Client client(server);
  CHECK(drain(client, "q").empty());
}

TEST_CASE("queue_server: sixteen clients push and pop at once; each item comes exactly once") {
  RunningServer server({"--durability", "never"});
  constexpr int clients = 16, items = 200;
  std::vector<std::vector<std::string>> popped(clients);
  std::vector<std::thread> threads;
  for (int i = 0; i < clients; ++i)
    threads.emplace_back([&, i] {
      Client client(server);
      for (int n = 0; n < items; ++n) {
        client.ask(set("q", std::to_string(i * items + n)));
        const auto reply = client.ask("get q/t=20000\r\n", "END\r\n");
        popped[static_cast<std::size_t>(i)].push_back(reply);
      }
    });
  for (auto& thread : threads) thread.join();
  std::set<std::string> all;
  for (const auto& each : popped) all.insert(each.begin(), each.end());
  CHECK(all.size() == clients * items);
}
