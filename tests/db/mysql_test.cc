// What only a database server can do to us: go away, refuse, lock, restart. Against a real MariaDB.
#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <thread>

#include "base/clock.h"
#include "db/failure_of.h"
#include "db/pool.h"
#include "support/mariadb_server.h"

using namespace daemonz;
using tests::failure_of;
using tests::MariaDbServer;

namespace {

struct Made {
  MariaDbServer& server = MariaDbServer::shared();
  std::string name = server.new_database_name();
  std::string url = server.url(name);
  std::unique_ptr<db::Connection> root = db::connect(server.root_url());
  std::unique_ptr<db::Connection> connection = db::connect(url);

  Made() { connection->execute("CREATE TABLE t (id INTEGER PRIMARY KEY, n INTEGER NOT NULL)"); }

  std::int64_t number(const std::string& sql) const {
    return db::integer(db::connect(url)->query(sql).rows.at(0).at(0)).value();
  }
  std::int64_t status(const std::string& key) const {
    return db::integer(root->query("SHOW GLOBAL STATUS LIKE '" + key + "'").rows.at(0).at(1))
        .value();
  }
  /// The server ends this session, and has ended it when this returns.
  void kill(std::int64_t id) const {
    root->execute("KILL " + std::to_string(id));
    await([&] { return rows_of(id, "1 = 1") == 0; });
  }
  std::int64_t rows_of(std::int64_t id, const std::string& condition) const {
    return db::integer(root->query("SELECT count(*) FROM information_schema.processlist WHERE id "
                                   "= ? AND " +
                                       condition,
                                   {id})
                           .rows[0][0])
        .value();
  }
  template <class Fact>
  static void await(const Fact& fact) {
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(20);
    while (!fact()) {
      REQUIRE(std::chrono::steady_clock::now() < deadline);
      std::this_thread::sleep_for(Milliseconds(2));  // sleep-ok: asks again
    }
  }
  /// Kills the session `id` as soon as it works on a statement with `word` in it.
  std::thread killer(std::int64_t id, std::string word) const {
    return std::thread([this, id, word = std::move(word)] {
      const auto own = db::connect(server.root_url());
      await([&] {
        return own->query(
                      "SELECT 1 FROM information_schema.processlist WHERE id = ? AND info "
                      "LIKE ?",
                      {id, "%" + word + "%"})
                   .rows.size() == 1;
      });
      own->execute("KILL " + std::to_string(id));
    });
  }
};

std::int64_t id_of(db::Connection& connection) {
  return db::integer(connection.query("SELECT CONNECTION_ID()").rows[0][0]).value();
}

}  // namespace

TEST_CASE("db: a session speaks utf8mb4, reads what is committed, and is strict") {
  const Made made;
  const auto row = made.connection
                       ->query(
                           "SELECT @@tx_isolation, @@character_set_client, "
                           "@@character_set_results, @@sql_mode, @@innodb_lock_wait_timeout")
                       .rows.at(0);
  CHECK(db::text(row[0]) == "READ-COMMITTED");
  CHECK(db::text(row[1]) == "utf8mb4");
  CHECK(db::text(row[2]) == "utf8mb4");
  CHECK(db::text(row[3]).find("STRICT_ALL_TABLES") != std::string::npos);
  CHECK(db::integer(row[4]) == 1);  // a fifth of the wait, five times
}

TEST_CASE("db: numbers that an integer cannot hold, dates and decimals come as text") {
  const Made made;
  const auto row =
      made.connection
          ->query(
              "SELECT CAST(18446744073709551615 AS UNSIGNED), 1.50, TIMESTAMP'2026-11-21 "
              "13:20:01.5', sum(n), b'1000001' FROM t")
          .rows.at(0);
  CHECK(db::text(row[0]) == "18446744073709551615");
  CHECK(db::text(row[1]) == "1.50");
  CHECK(db::text(row[2]).starts_with("2026-11-21 13:20:01.5"));
  CHECK(std::holds_alternative<std::monostate>(row[3]));
  CHECK(db::text(row[4]) == "A");
}

TEST_CASE("db: a session that was killed between statements is not noticed") {
  const Made made;
  for (const auto& url : {made.url, made.server.tcp_url(made.name)}) {
    const auto connection = db::connect(url);
    connection->execute("REPLACE INTO t VALUES (?, 0)", {std::int64_t{1}});
    for (std::int64_t i = 1; i <= 5; ++i) {
      made.kill(id_of(*connection));
      connection->execute("UPDATE t SET n = n + 1 WHERE id = ?", {std::int64_t{1}});
      made.kill(id_of(*connection));
      CHECK(db::integer(connection->query("SELECT n FROM t").rows.at(0)[0]) == i);
      made.kill(id_of(*connection));
      connection->transaction([](db::Connection& inside) { inside.execute("UPDATE t SET n = n"); });
      made.kill(id_of(*connection));
      connection->verify();
    }
  }
}

TEST_CASE("db: killed during a statement: a read is done once more, a write is reported") {
  const Made made;
  made.connection->execute("INSERT INTO t VALUES (1, 0)");
  const auto before = id_of(*made.connection);
  auto killer = made.killer(before, "SLEEP");
  CHECK(db::integer(made.connection->query("SELECT SLEEP(0.3)").rows.at(0)[0]) == 0);
  killer.join();
  CHECK(id_of(*made.connection) != before);

  killer = made.killer(id_of(*made.connection), "UPDATE");
  CHECK(failure_of([&] {
          made.connection->execute("UPDATE t SET n = n + 1 WHERE SLEEP(5) = 0");
        }) == db::Failure::gone);
  killer.join();
  made.connection->execute("UPDATE t SET n = n + 10");
  CHECK(made.number("SELECT n FROM t") == 10);
}

TEST_CASE("db: killed inside a transaction: it fails, and nothing of it is there") {
  const Made made;
  int runs = 0;
  CHECK(failure_of([&] {
          made.connection->transaction([&](db::Connection& inside) {
            ++runs;
            inside.execute("INSERT INTO t VALUES (1, 1)");
            made.kill(id_of(inside));
            inside.execute("INSERT INTO t VALUES (2, 2)");
          });
        }) == db::Failure::gone);
  CHECK(runs == 1);
  CHECK_FALSE(made.connection->is_in_transaction());
  CHECK(made.number("SELECT count(*) FROM t") == 0);
}

TEST_CASE("db: a body that swallows the loss of its transaction writes nothing outside of it") {
  const Made made;
  CHECK(failure_of([&] {
          made.connection->transaction([&](db::Connection& inside) {
            inside.execute("INSERT INTO t VALUES (1, 1)");
            made.kill(id_of(inside));
            for (std::int64_t id = 2; id < 4; ++id) try {
                inside.execute("INSERT INTO t VALUES (?, 2)", {id});
              } catch (const Error&) {
              }
          });
        }) == db::Failure::gone);
  CHECK(made.number("SELECT count(*) FROM t") == 0);
  made.connection->execute("INSERT INTO t VALUES (4, 4)");
  CHECK(made.number("SELECT count(*) FROM t") == 1);
}

TEST_CASE("db: verify inside a transaction says that it is lost") {
  const Made made;
  CHECK(failure_of([&] {
          made.connection->transaction([&](db::Connection& inside) {
            inside.execute("INSERT INTO t VALUES (1, 1)");
            made.kill(id_of(inside));
            inside.verify();
          });
        }) == db::Failure::gone);
  CHECK(made.number("SELECT count(*) FROM t") == 0);
}

TEST_CASE("db: the victim of a deadlock runs again from its beginning") {
  const Made made;
  made.connection->execute("INSERT INTO t VALUES (1, 0), (2, 0)");
  const auto other = db::connect(made.url);
  std::atomic<int> have_first = 0, runs = 0;
  const auto cross = [&](db::Connection& connection, std::int64_t first, std::int64_t second) {
    connection.transaction([&](db::Connection& inside) {
      ++runs;
      inside.execute("UPDATE t SET n = n + 1 WHERE id = ?", {first});
      ++have_first;
      while (have_first < 2) std::this_thread::yield();
      inside.execute("UPDATE t SET n = n + 1 WHERE id = ?", {second});
    });
  };
  std::thread thread([&] { cross(*other, 2, 1); });
  cross(*made.connection, 1, 2);
  thread.join();
  CHECK(runs >= 3);
  CHECK(made.number("SELECT min(n) * 10 + max(n) FROM t") == 22);
}

TEST_CASE("db: a statement waits for a lock in parts, and goes on when it is free") {
  const Made made;
  made.connection->execute("INSERT INTO t VALUES (1, 0)");
  const auto other = db::connect(made.url);
  std::atomic<bool> is_locked = false;
  std::thread holder([&] {
    other->transaction([&](db::Connection& inside) {
      inside.execute("UPDATE t SET n = 1");
      is_locked = true;
      (void)inside.query("SELECT SLEEP(1.3)");  // longer than one part of the wait
    });
  });
  while (!is_locked) std::this_thread::yield();
  made.connection->execute("UPDATE t SET n = n + 1");
  holder.join();
  CHECK(made.number("SELECT n FROM t") == 2);
}

TEST_CASE("db: a server that became read-only is left, and found again when it takes writes") {
  const Made made;
  made.connection->execute("INSERT INTO t VALUES (1, 0)");
  const auto before = id_of(*made.connection);
  made.root->execute("SET GLOBAL read_only = 1");
  const auto hasty = db::connect(made.url, Milliseconds(30));
  CHECK(failure_of([&] { hasty->execute("UPDATE t SET n = 9"); }) == db::Failure::read_only);
  CHECK(failure_of([&] {
          hasty->transaction([](db::Connection& inside) { inside.execute("UPDATE t SET n = 9"); });
        }) == db::Failure::read_only);
  std::atomic<bool> is_begun = false;
  std::thread promoter([&] {
    while (!is_begun) std::this_thread::yield();
    made.root->execute("SELECT SLEEP(0.3)");
    made.root->execute("SET GLOBAL read_only = 0");
  });
  is_begun = true;
  made.connection->execute("UPDATE t SET n = n + 1");
  promoter.join();
  CHECK(id_of(*made.connection) != before);
  made.root->execute("SET GLOBAL read_only = 1");
  int runs = 0;
  made.connection->transaction([&](db::Connection& inside) {
    if (++runs == 3) made.root->execute("SET GLOBAL read_only = 0");
    inside.execute("UPDATE t SET n = n + 1");
  });
  CHECK(runs == 3);
  CHECK(made.number("SELECT n FROM t") == 2);
}

TEST_CASE("db: a restart of the server is waited for, with prepared statements and pools") {
  const Made made;
  db::Pool pool({.url = made.url, .limit = 1, .wait_max = Seconds(20), .busy_wait = Seconds(20)});
  const auto patient = db::connect(made.url, Seconds(20));
  const auto insert = [&](db::Connection& connection, std::int64_t id) {
    connection.execute("INSERT INTO t VALUES (?, 0)", {id});
  };
  insert(*patient, 1);
  insert(*pool.take(), 2);
  made.server.kill_now();
  CHECK(failure_of([&] { (void)db::connect(made.url, Milliseconds(1)); }) == db::Failure::gone);
  std::thread first([&] { insert(*patient, 3); }), second([&] { insert(*pool.take(), 4); });
  made.server.start();  // in this thread: the server ends with the one that started it
  first.join();
  second.join();
  CHECK(made.number("SELECT count(*) FROM t") == 4);
}

TEST_CASE("db: a server that does not answer is left after the time that the URL says") {
  const Made made;
  const auto connection = db::connect(made.url + "&read-timeout=1s", Milliseconds(10));
  const auto begin = std::chrono::steady_clock::now();
  CHECK(failure_of([&] { connection->execute("INSERT INTO t SELECT 1, SLEEP(20)"); }) ==
        db::Failure::gone);
  const tests::TempDir folder;
  const auto path = folder / "s";
  const UniqueFd mute(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::strncpy(address.sun_path, path.c_str(), sizeof address.sun_path - 1);
  REQUIRE(::bind(mute.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) == 0);
  REQUIRE(::listen(mute.get(), 5) == 0);
  CHECK(failure_of([&] {
          (void)db::connect("mysql://a@localhost/b?connect-timeout=1s&socket=" + path);
        }) == db::Failure::gone);
  CHECK(std::chrono::steady_clock::now() - begin < std::chrono::seconds(10));
}

TEST_CASE("db: a wrong password, database or address is told, without the password") {
  const Made made;
  const auto text_of = [](const std::string& url) -> std::string {
    try {
      (void)db::connect(url);
    } catch (const Error& problem) {
      return problem.what();
    }
    return "nothing was thrown";
  };
  const auto tail = "?socket=" + made.server.socket_path();
  made.root->execute("CREATE OR REPLACE USER shut@'%' IDENTIFIED BY 'sesame%'");
  CHECK(text_of("mysql://shut:s3cret@localhost/mysql" + tail).find("s3cret") == std::string::npos);
  CHECK(text_of("mysql://shut:s3cret@localhost/mysql" + tail).find("(1045)") != std::string::npos);
  CHECK(text_of("mysql://shut:sesame%25@localhost/information_schema" + tail) ==
        "nothing was thrown");
  CHECK(text_of("mysql://root@localhost/nowhere" + tail).find("CREATE DATABASE") !=
        std::string::npos);
  CHECK(text_of("mysql://root@127.0.0.1:1/x").find("Is the server running") != std::string::npos);
}

TEST_CASE("db: sockets do not pass to programs that are started") {
  const Made made;
  int sockets = 0;
  for (const auto& entry : std::filesystem::directory_iterator("/proc/self/fd")) {
    const int fd = std::stoi(entry.path().filename());
    struct stat facts {};
    if (::fstat(fd, &facts) != 0 || !S_ISSOCK(facts.st_mode)) continue;
    ++sockets;
    CHECK((::fcntl(fd, F_GETFD) & FD_CLOEXEC) != 0);
  }
  CHECK(sockets >= 2);
}

TEST_CASE("db: a child that forgets the pool, or only ends, leaves the parent's session alone") {
  const Made made;
  db::Pool pool({.url = made.url, .limit = 1});
  const auto id = id_of(*pool.take());
  const auto aborted = made.status("Aborted_clients");
  for (int i = 0; i < 20; ++i) {
    const auto pid = ::fork();
    if (pid == 0) {
      if (i % 2 == 0) pool.detach_if_forked();
      ::_exit(0);
    }
    ::waitpid(pid, nullptr, 0);
    CHECK(id_of(*pool.take()) == id);
  }
  CHECK(made.status("Aborted_clients") == aborted);
}

TEST_CASE("db: a child that closed what it inherited keeps the files in its place") {
  const Made made;
  db::Pool pool({.url = made.url, .limit = 1});
  const auto id = id_of(*pool.take());
  const auto pid = ::fork();
  if (pid == 0) {
    ::close_range(3, ~0U, 0);
    for (int fd = 3; fd < 64; ++fd) ::open("/dev/zero", O_RDWR);
    pool.detach_if_forked();
    int zeros = 0;
    for (int fd = 3; fd < 64; ++fd) {
      char byte = 1;
      zeros += ::read(fd, &byte, 1) == 1 ? 1 : 0;  // /dev/null has nothing to read
    }
    ::_exit(zeros == 61 ? 0 : 1);
  }
  int status = -1;
  ::waitpid(pid, &status, 0);
  CHECK(status == 0);
  CHECK(id_of(*pool.take()) == id);
}

TEST_CASE("db: a connection of the parent is refused in a child, and its end there says nothing") {
  const Made made;
  const auto before = id_of(*made.connection);
  const auto pid = ::fork();
  if (pid == 0) {
    int code = 1;
    try {
      made.connection->execute("INSERT INTO t VALUES (1, 1)");
    } catch (const Error&) {
      code = 0;
    }
    delete const_cast<Made&>(made).connection.release();
    ::_exit(code);
  }
  int status = -1;
  ::waitpid(pid, &status, 0);
  CHECK(status == 0);
  CHECK(id_of(*made.connection) == before);
  CHECK(made.number("SELECT count(*) FROM t") == 0);
}
