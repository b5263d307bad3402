#include <doctest/doctest.h>

#include "queue_server/command.h"
#include "queue_server/conversation.h"

using namespace daemonz;
using tests::Conversation;

TEST_CASE("queue_server: no answer is sent before it is durable, and later ones keep their order") {
  Conversation talk;
  auto& session = talk.session("A");
  talk.disk->hold_syncs();
  session.receive("set q 0 0 1\r\nx\r\nversion\r\n");
  talk.store->flush();
  CHECK(session.output().empty());
  CHECK(session.is_holding());
  session.release_durable();
  CHECK(session.output().empty());
  talk.disk->resume_syncs();
  CHECK(talk.ask("A", "mn\r\n") == "STORED\r\nVERSION 1.6.0\r\nMN\r\n");
}

TEST_CASE("queue_server: an item may be handed out before its own put is durable") {
  Conversation talk;
  talk.disk->hold_syncs();
  talk.session("A").receive("set q 0 0 1\r\nx\r\n");
  talk.session("B").receive("get q\r\n");
  talk.store->flush();
  CHECK(talk.session("B").output() == "VALUE q 0 1\r\nx\r\nEND\r\n");
  CHECK(talk.session("A").output().empty());
  talk.disk->resume_syncs();
  CHECK(talk.ask("A", "mn\r\n") == "STORED\r\nMN\r\n");
}

TEST_CASE("queue_server: when the disk fails, what waited hears it, and nothing is handed out") {
  Conversation talk;
  CHECK(talk.ask("A", "set q 0 0 1\r\nx\r\n") == "STORED\r\n");
  talk.disk->fail_syncs(EIO);
  CHECK(talk.ask("A", "set q 0 0 1\r\ny\r\n") == "SERVER_ERROR storage failed\r\n");
  talk.disk->fail_syncs(0);
  CHECK(talk.ask("A", "set q 0 0 1\r\nz\r\n") == "SERVER_ERROR storage failed\r\n");
  CHECK(talk.ask("A", "get q\r\n") == "END\r\n");
  CHECK(talk.ask("A", "delete q/ack=5\r\n") == "SERVER_ERROR storage failed\r\n");
  CHECK(talk.ask("A", "get q/t=100\r\n") == "");
  talk.pass(Milliseconds(100));
  CHECK(talk.output("A") == "END\r\n");
  CHECK(talk.ask("A", "stats\r\n").find("STAT read_only 1\r\n") != std::string::npos);
}

TEST_CASE("queue_server: an item whose removal the disk did not take is not handed out") {
  Conversation talk;
  CHECK(talk.ask("A", "set q 0 0 1\r\nx\r\nset q 0 0 1\r\ny\r\n") == "STORED\r\nSTORED\r\n");
  const auto leased = talk.ask("A", "gets q/lease=9000\r\n");
  const auto id = leased.substr(12, leased.find("\r\n") - 12);
  talk.disk->fail_writes(EIO);
  SUBCASE("a pop") { CHECK(talk.ask("A", "mn\r\nget q\r\n") == "MN\r\n"); }
  SUBCASE("an acknowledgement that rides on a get") {
    CHECK(talk.ask("A", "mn\r\ngets q/ack=" + id + ":q/lease=9000\r\n") == "MN\r\n");
  }
  SUBCASE("one that rides on a get that waits") {
    CHECK(talk.ask("A", "mn\r\ngets none/ack=" + id + ":q/lease=9000/t=50\r\n") == "MN\r\n");
    talk.pass(Milliseconds(50));
    CHECK(talk.output("A") == "");
  }
  SUBCASE("behind an answer that is taken back") {
    CHECK(talk.ask("A", "get q\r\nset q2 0 0 1\r\nz\r\n") == "");
  }
  SUBCASE("behind an answer that waits") {
    CHECK(talk.ask("A", "set q2 0 0 1\r\nz\r\nget q\r\n") ==
          "SERVER_ERROR storage failed\r\nSERVER_ERROR storage failed\r\n");
    return;
  }
  CHECK(talk.is_over("A"));  // it cannot know: the server does not
  CHECK(talk.ask("B", "get q\r\n") == "END\r\n");
  CHECK(talk.ask("B", "set q 0 0 1\r\nz\r\n") == "SERVER_ERROR storage failed\r\n");
  talk.restart();
  CHECK(talk.ask("C", "get q\r\n") == "VALUE q 0 1\r\ny\r\nEND\r\n");
}

TEST_CASE("queue_server: a plain pop whose answer was not taken goes back, uncounted") {
  Conversation talk;
  talk.send("P", "set q 0 0 1\r\n1\r\nset q 0 0 1\r\n2\r\n");
  talk.stop_reading("A");
  talk.send("A", "get q\r\nget q\r\n");
  talk.session("A").sent(talk.session("A").output().size() - 1);  // all but the last byte
  talk.leave("A");
  CHECK(talk.ask("B", "get q\r\n") == "VALUE q 0 1\r\n2\r\nEND\r\n");
  CHECK(talk.ask("B", "get q\r\n") == "END\r\n");
}

TEST_CASE("queue_server: a slow reader stops the running of its commands, not the server") {
  Conversation talk;
  const std::string body(100'000, 'x');
  talk.stop_reading("A");
  std::string commands;
  for (int i = 0; i < 50; ++i) {
    talk.ask("P", "set q 0 0 100000\r\n" + body + "\r\n");
    commands += "get q\r\n";
  }
  talk.send("A", commands);
  auto& session = talk.session("A");
  CHECK(session.output().size() < queue_server::output_size_max + 2 * body.size());
  CHECK_FALSE(session.wants_input());
  CHECK(talk.ask("B", "version\r\n") == "VERSION 1.6.0\r\n");
  std::size_t got = 0;
  while (!session.output().empty()) {
    const auto size = session.output().size();
    got += size;
    session.sent(size);
    session.go_on();
  }
  CHECK(got > 50 * body.size());
  CHECK(talk.ask("B", "get q\r\n") == "END\r\n");
}

TEST_CASE("queue_server: commands before the end of input are answered") {
  Conversation talk;
  talk.send("A", "set q 0 0 1\r\nx\r\nget q\r\nget q/t=1000\r\n");
  talk.half_close("A");
  CHECK(talk.output("A") == "STORED\r\nVALUE q 0 1\r\nx\r\nEND\r\n");
  CHECK(talk.is_over("A"));
}

TEST_CASE("queue_server: a waiter that went in this very turn gets nothing; the next one does") {
  Conversation talk;
  talk.send("GONE", "get q/t=1000\r\n");
  talk.send("A", "get q/t=1000\r\n");
  talk.vanish("GONE");
  talk.ask("P", "set q 0 0 1\r\nx\r\n");
  CHECK(talk.output("GONE") == "");
  CHECK(talk.output("A") == "VALUE q 0 1\r\nx\r\nEND\r\n");
}

TEST_CASE("queue_server: a client that dies in the middle of a body stores nothing") {
  Conversation talk;
  talk.send("A", "set q 0 0 10\r\nabc");
  talk.leave("A");
  CHECK(talk.ask("B", "get q\r\n") == "END\r\n");
  CHECK(talk.ask("B", "stats\r\n").find("queue_q_items") == std::string::npos);
}

TEST_CASE("queue_server: stats tell real figures") {
  Conversation talk({.memory_limit = 4096});
  talk.ask("A", "set q 0 0 3\r\nabc\r\nset q/d=1000 0 0 3\r\nabc\r\nget q\r\nget none\r\n");
  const auto text = talk.ask("A", "stats\r\n");
  for (const auto* line :
       {"STAT curr_items 1\r\n", "STAT total_items 2\r\n", "STAT bytes 3\r\n", "STAT cmd_get 2\r\n",
        "STAT cmd_set 2\r\n", "STAT get_hits 1\r\n", "STAT get_misses 1\r\n",
        "STAT curr_connections 1\r\n", "STAT limit_maxbytes 4096\r\n", "STAT read_only 0\r\n",
        "STAT queue_q_oldest_age_ms 0\r\n", "STAT queue_q_items 1\r\n",
        "STAT queue_q_delayed 1\r\n", "STAT queue_q_ready 0\r\n"}) {
    CAPTURE(line);
    CHECK(text.find(line) != std::string::npos);
  }
  CHECK(text.ends_with("END\r\n"));
  talk.pass(Milliseconds(1500));
  CHECK(talk.ask("A", "stats queue q\r\n").find("STAT queue_q_oldest_age_ms 1500\r\n") !=
        std::string::npos);
  CHECK(talk.ask("A", "stats queue other\r\n") == "END\r\n");
}

TEST_CASE("queue_server: flush_all only where it is allowed") {
  Conversation talk({.allow_flush_all = true});
  talk.ask("A", "set a 0 0 1\r\nx\r\nset b 0 0 1\r\nx\r\n");
  CHECK(talk.ask("A", "flush_all\r\n") == "OK\r\n");
  CHECK(talk.ask("A", "flush_all noreply\r\nget a b\r\n") == "END\r\n");
}

TEST_CASE("queue_server: a full queue answers NOT_STORED, a full disk out of memory") {
  Conversation full({}, {.max_items = 1});
  CHECK(full.ask("A", "set q 0 0 1\r\nx\r\nset q 0 0 1\r\ny\r\n") == "STORED\r\nNOT_STORED\r\n");
  Conversation talk;
  talk.disk->limit_space(52 << 20);
  const std::string put = "set q 0 0 100000\r\n" + std::string(100'000, 'x') + "\r\n";
  std::string said = "STORED\r\n";
  for (int i = 0; i < 100 && said == "STORED\r\n"; ++i) said = talk.ask("A", put);
  CHECK(said == "SERVER_ERROR out of memory storing object\r\n");
  CHECK(talk.ask("A", "get q\r\n").size() > 100'000);
}

TEST_CASE("queue_server: every option is known to its own commands only") {
  using queue_server::KeyUse;
  const auto fault = [](std::string_view key, KeyUse use) {
    return queue_server::parse_key(key, use).fault;
  };
  CHECK(fault("q/p=1/d=2/ttl=3/r=4/sync/id=a/u=00112233445566778899aabbccddeeff", KeyUse::set) ==
        "");
  CHECK(fault("q/ack=18446744073709551615:other.dead", KeyUse::set) == "");
  CHECK(fault("q/ack=18446744073709551616:q", KeyUse::set) == "CLIENT_ERROR bad option ack");
  CHECK(fault("q/ack=5", KeyUse::set) == "CLIENT_ERROR bad option ack");
  CHECK(fault("q/", KeyUse::set) == "CLIENT_ERROR unknown option ");
  CHECK(fault("a,b/t=5/open/lease=100/min=1/max=2/k", KeyUse::get) == "");
  CHECK(fault("a/lease=x", KeyUse::get) == "CLIENT_ERROR bad option lease");
  CHECK(fault("q/lease=5", KeyUse::touch) == "");
  CHECK(fault("q/lease", KeyUse::touch) == "CLIENT_ERROR bad option lease");
  CHECK(fault("q/lease=5", KeyUse::remove) == "CLIENT_ERROR unknown option lease");
  CHECK(fault("", KeyUse::get) == "CLIENT_ERROR bad queue name");
}

TEST_CASE("queue_server: an item whose hand-out could not be written is shown to nobody") {
  Conversation talk;
  CHECK(talk.ask("A", "set q 0 0 1\r\nx\r\n") == "STORED\r\n");
  talk.disk->fail_writes(EIO);
  CHECK(talk.ask("B", "get q\r\n") == "");  // its connection was closed
  talk.disk->fail_writes(0);
  talk.restart();
  CHECK(talk.ask("B", "get q\r\n") == "VALUE q 0 1\r\nx\r\nEND\r\n");
}
