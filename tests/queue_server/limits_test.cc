// Lines, bodies and answers at every limit and one past it; bounded buffers.
#include <doctest/doctest.h>

#include "queue_server/conversation.h"

using namespace daemonz;
using tests::Conversation;
using namespace std::string_literals;

namespace {

std::string set(const std::string& key, const std::string& body, const std::string& more = "") {
  return "set " + key + " 0 0 " + std::to_string(body.size()) + more + "\r\n" + body + "\r\n";
}

std::string repeated(std::string_view text, std::size_t count) {
  std::string all;
  for (; count > 0; --count) all += text;
  return all;
}

/// `count` items for many=.
std::string many_body(std::size_t count, const std::string& body) {
  return repeated(std::to_string(body.size()) + "\r\n" + body + "\r\n", count);
}

}  // namespace

TEST_CASE("queue_server: a line without end is hung up on at 2,048 bytes, a get at 64 KiB") {
  for (const auto& [start, limit] :
       {std::pair<std::string, std::size_t>{"", queue_server::line_size_max},
        {"set ", queue_server::line_size_max},
        {"get ", queue_server::get_line_size_max},
        {"gets ", queue_server::get_line_size_max}}) {
    CAPTURE(start);
    Conversation talk;
    const auto line = start + std::string(limit - start.size(), 'x');
    CHECK(talk.ask("A", line) == "");
    CHECK(talk.ask("A", "\r") == "");
    CHECK_FALSE(talk.is_over("A"));
    CHECK(talk.ask("A", "\n") != "");
    talk.send("B", line);
    CHECK_FALSE(talk.is_over("B"));
    talk.send("B", "x");
    CHECK(talk.is_over("B"));
    CHECK(talk.output("B") == "");
  }
}

TEST_CASE("queue_server: a set line of 65 KiB is hung up on, a get line of 64 KiB is served") {
  Conversation talk;
  talk.send("S", "set q 0 0 1" + std::string(65 * 1024, ' '));
  CHECK(talk.is_over("S"));
  std::string line = "get";
  while (line.size() + 4 <= queue_server::get_line_size_max) line += " abc";
  talk.ask("A", set("abc", "x"));
  CHECK(talk.ask("A", line + "\r\nmn\r\n") == "VALUE abc 0 1\r\nx\r\nEND\r\nMN\r\n");
  // A \r alone ends no line.
  CHECK(talk.ask("A", "set q 0 0 1\rx\r\n") == "CLIENT_ERROR bad command line format\r\n");
  CHECK(talk.ask("A", "version\rmn\r\n") == "ERROR\r\n");
}

TEST_CASE("queue_server: what stands behind a bad command in one packet is answered") {
  Conversation talk;
  CHECK(talk.ask("A", "nonsense\r\nversion\r\nmn\r\n") == "ERROR\r\nVERSION 1.6.0\r\nMN\r\n");
  CHECK(talk.ask("A", "set q/p=x 0 0 3\r\nabc\r\nversion\r\nmn\r\n") ==
        "CLIENT_ERROR bad option p\r\nVERSION 1.6.0\r\nMN\r\n");
  CHECK(talk.ask("A", "set q 0 0 1\r\nabc\r\nversion\r\nmn\r\n") ==
        "CLIENT_ERROR bad data chunk\r\nVERSION 1.6.0\r\nMN\r\n");
  CHECK(talk.ask("A", "get a\0b\r\nset a\0b 0 0 1\r\nx\r\nmn\r\n"s) ==
        "CLIENT_ERROR bad queue name\r\nCLIENT_ERROR bad queue name\r\nMN\r\n");
}

TEST_CASE("queue_server: noreply is silent, whatever happens") {
  Conversation talk({.allow_flush_all = true});
  std::string commands;
  for (const auto* key : {"q", "q/p=x", "q/x", "q/u=1", "q/many=2", "q/ack=5:q", ".q"})
    commands += set(key, "abc", " noreply");
  commands += set(std::string(251, 'k'), "abc", " noreply");
  commands += "set q 0 0 3 noreply\r\nabcdef\r\nset q x 0 3 noreply\r\nabc\r\n";
  commands += set("q", std::string(1'048'577, 'x'), " noreply");
  for (const auto* word : {"add", "replace", "append", "prepend"})
    commands += std::string(word) + " q 0 0 3 noreply\r\nabc\r\n";
  commands += "cas q 0 0 3 9 noreply\r\nabc\r\nincr q 1 noreply\r\ndecr q 1 noreply\r\n";
  for (const auto* words :
       {"delete q", "delete q/x", "delete q/ack=5", "delete q/nack=5", "delete q/kick=5",
        "touch q 5", "touch q/lease=5 5", "touch q x", "flush q", "flush_all", "flush_all 5",
        "flush_all x", "verbosity 1", "verbosity"})
    commands += std::string(words) + " noreply\r\n";
  CHECK(talk.ask("A", commands + "mn\r\n") == "MN\r\n");
}

TEST_CASE("queue_server: bodies of many items, at the limits and one past them") {
  Conversation talk;
  const auto tiny = many_body(200'000, "");
  CHECK(talk.ask("A", set("q/many=200000", tiny)) == "STORED\r\n");
  CHECK(talk.ask("A", "stats queue q\r\n").find("queue_q_items 200000\r\n") != std::string::npos);
  CHECK(talk.ask("A", set("q/many=200001", tiny)) == "CLIENT_ERROR bad data chunk\r\n");
  CHECK(talk.ask("A", set("q/many=1000001", tiny)) == "CLIENT_ERROR bad option many\r\n");
  CHECK(talk.ask("A", "flush q\r\n") == "END\r\n");
  constexpr std::size_t item_max = 1 << 20, all_max = 64 << 20;
  CHECK(talk.ask("A", set("q/many=3", many_body(3, std::string(item_max, 'x')))) == "STORED\r\n");
  CHECK(talk.ask("A", set("q/many=1", many_body(1, std::string(item_max + 1, 'x')))) ==
        "SERVER_ERROR object too large for cache\r\n");
  CHECK(talk.ask("A", set("q/many=2", std::string(all_max, 'x'))) ==
        "CLIENT_ERROR bad data chunk\r\n");
  CHECK(talk.ask("A", set("q/many=2", std::string(all_max + 1, 'x'))) ==
        "SERVER_ERROR object too large for cache\r\n");
  CHECK(talk.ask("A", "mn\r\n") == "MN\r\n");
}

TEST_CASE("queue_server: a get of many keys is answered in pieces, as its client reads") {
  Conversation talk;
  const std::string body(900'000, 'x');
  std::string keys, expected;
  for (int i = 0; i < 20; ++i) {
    const auto queue = "q" + std::to_string(i);
    talk.ask("P", set(queue, body));
    keys += " " + queue;
    expected += "VALUE " + queue + " 0 900000\r\n" + body + "\r\n";
  }
  talk.stop_reading("A");
  talk.send("A", "get" + keys + "\r\nversion\r\n");
  auto& session = talk.session("A");
  std::string got;
  while (!session.output().empty()) {
    CHECK(session.output().size() < queue_server::output_size_max + 2 * body.size());
    got += session.output();
    session.sent(session.output().size());
    session.go_on();
  }
  CHECK(got == expected + "END\r\nVERSION 1.6.0\r\n");
}

TEST_CASE("queue_server: a get of many keys whose client leaves takes only what was sent") {
  Conversation talk;
  const std::string body(900'000, 'x');
  std::string keys;
  for (int i = 0; i < 10; ++i) {
    talk.ask("P", set("q" + std::to_string(i), body));
    keys += " q" + std::to_string(i);
  }
  talk.stop_reading("A");
  talk.send("A", "get" + keys + "\r\n");
  talk.leave("A");
  const auto stats = talk.ask("P", "stats\r\n");
  CHECK(stats.find("STAT curr_items 10\r\n") != std::string::npos);
}

TEST_CASE("queue_server: answers that wait for the disk are bounded like unread ones") {
  Conversation talk;
  const std::string body(100'000, 'x');
  for (int i = 0; i < 50; ++i) talk.ask("P", set("q", body));
  talk.disk->hold_syncs();
  auto& session = talk.session("A");
  session.receive(set("other", "x") + repeated("get q\r\n", 50));
  talk.store->flush();
  CHECK(session.output().empty());
  CHECK(session.is_holding());
  CHECK_FALSE(session.wants_input());
  CHECK(talk.store->ready_count("q") >= 50 - 12);
  talk.disk->resume_syncs();
  const auto got = talk.ask("A", "");
  CHECK(got.starts_with("STORED\r\nVALUE q 0 100000\r\n"));
  CHECK(got.size() > 50 * body.size());
  CHECK(talk.store->ready_count("q") == 0);
}

TEST_CASE("queue_server: a batch stops at the size of an answer") {
  Conversation talk;
  const std::string body(400'000, 'x');
  for (int i = 0; i < 5; ++i) talk.ask("P", set("q", body));
  const auto got = talk.ask("A", "gets q/lease=60000/n=5\r\n");
  CHECK(got.size() < queue_server::output_size_max + 2 * body.size());
  CHECK(got.ends_with("END\r\n"));
  CHECK(talk.ask("A", "get q/list=1000\r\n").size() <
        queue_server::output_size_max + 2 * body.size());
}

TEST_CASE("queue_server: 3,000 clients wait for one queue, and are served in turn") {
  Conversation talk;
  constexpr int clients = 3'000;
  for (int i = 0; i < clients; ++i)
    talk.session("W" + std::to_string(i)).receive("get q/t=30000\r\n");
  std::string puts;
  for (int i = 0; i < clients; ++i) puts += set("q", std::to_string(i));
  CHECK(talk.ask("P", puts) == repeated("STORED\r\n", clients));
  for (int i = 0; i < clients; ++i) {
    const auto body = std::to_string(i);
    CHECK(talk.output("W" + body) ==
          "VALUE q 0 " + std::to_string(body.size()) + "\r\n" + body + "\r\nEND\r\n");
  }
}
