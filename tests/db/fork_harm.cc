// fork-harm URL FOLDER: a process with a pool of two database connections that forks and runs
// sandboxed programs as it is told on stdin, for tests/shown/jobs/02_forks and
// tests/shown/sandbox/09_database_untouched. Answers each line with one line of JSON:
// {"ids":[..],"done":N}, the ids of its sessions asked of the server itself.
//
//     forks N       children that end, detach the pool, give a lent connection back, or see nothing
//     runs N        sandbox runs beside the pool
//     mix N         runs that end well, crash, flood, spin and are killed; in between the keeper is
//                   killed ten times: done counts those that had the verdict that is due
//     begin         opens a transaction on a connection of its own; commit ends it
//     keeper        done is the keeper's pid
//     leak          control: done is the pid of a child that was handed a database connection
//     quit          control: a child closes an inherited connection as libraries do (mysql_close)
//     shutdown      control: a child shuts an inherited connection's socket down
#include <fcntl.h>
#include <mysql.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <fstream>
#include <iostream>
#include <memory>
#include <optional>
#include <sstream>

#include "base/json.h"
#include "db/mysql_url.h"
#include "db/pool.h"
#include "process/fork_child.h"
#include "sandbox/run.h"

using namespace daemonz;

namespace {

std::int64_t id_of(db::Connection& connection) {
  return db::integer(connection.query("SELECT CONNECTION_ID()").rows.at(0).at(0)).value();
}

json::array ids_of(db::Pool& pool) {
  const auto one = pool.take(), two = pool.take();
  return {id_of(*one), id_of(*two)};
}

bool ended_well(pid_t child) {
  int status = -1;
  return ::waitpid(child, &status, 0) == child && status == 0;
}

/// The ways in which a child of this house meets the pool that it inherited.
bool fork_once(db::Pool& pool, int way) {
  if (way == 0) return process::fork_child([] { return 0; }).wait()->is_success();
  if (way == 1)  // the descriptors are closed before the pool hears of it
    return process::fork_child([&] {
             pool.detach_if_forked();
             return 0;
           })
        .wait()
        ->is_success();
  std::optional<db::Pool::Taken> lent(pool.take());
  const auto child = ::fork();
  if (child == 0) {
    if (way == 2) pool.detach_if_forked();
    lent.reset();
    ::_exit(0);
  }
  return ended_well(child);
}

int fork_many(db::Pool& pool, int count) {
  int done = 0;
  for (int i = 0; i < count; ++i) done += fork_once(pool, i % 4) ? 1 : 0;
  return done;
}

int run_many(sandbox::Slot& slot, int count) {
  sandbox::Program program;
  program.argv = {"true"};
  int done = 0;
  for (int i = 0; i < count; ++i) done += slot.run(program).verdict == sandbox::Verdict::OK ? 1 : 0;
  return done;
}

/// The only child of this process in the beginning, and while nothing is forked.
pid_t keeper() {
  std::ifstream children("/proc/self/task/" + std::to_string(::getpid()) + "/children");
  pid_t child = 0;
  return children >> child ? child : 0;
}

struct Kind {
  std::vector<std::string> argv;
  sandbox::Verdict due;
};

const std::vector<Kind>& kinds() {
  using sandbox::Verdict;
  static const std::vector<Kind> all = {
      {{"true"}, Verdict::OK},
      {{"bash", "-c", "exit 7"}, Verdict::RE},
      {{"bash", "-c", "kill -SEGV $$"}, Verdict::SG},
      {{"bash", "-c", "while :; do echo flood; done"}, Verdict::OLE},
      {{"bash", "-c", "while :; do :; done"}, Verdict::TLE_CPU},
      {{"sleep", "60"}, Verdict::TLE_WALL},
      {{"bash", "-c", "sleep 60 & sleep 60 & exit 0"}, Verdict::OK},
  };
  return all;
}

int run_mix(sandbox::Slot& slot, int count) {
  constexpr int keepers_killed = 10;
  const int between = std::max(count / keepers_killed, 2);
  int done = 0;
  for (int i = 0; i < count; ++i) {
    const auto& kind = kinds()[static_cast<std::size_t>(i) % kinds().size()];
    const bool is_killed = i % between == between / 2;
    if (is_killed) ::kill(keeper(), SIGKILL);
    sandbox::Program program;
    program.argv = kind.argv;
    program.limits.cpu = Milliseconds(30);
    program.limits.wall = Milliseconds(kind.due == sandbox::Verdict::TLE_WALL ? 50 : 2'000);
    program.limits.stdout_max = kibibytes(16);
    const auto verdict = slot.run(program).verdict;
    done += verdict == (is_killed ? sandbox::Verdict::XX : kind.due) ? 1 : 0;
  }
  return done;
}

/// A connection without our driver around it.
MYSQL* connect_plainly(const std::string& text) {
  const auto url = db::parse_mysql_url(text);
  MYSQL* const handle = mysql_init(nullptr);
  if (!mysql_real_connect(handle, url.host.c_str(), url.user.c_str(), nullptr, url.database.c_str(),
                          0, url.socket.c_str(), 0))
    throw Error(mysql_error(handle));
  return handle;
}

/// A child that keeps an inherited connection's descriptor through its exec.
pid_t leak(const std::string& url) {
  MYSQL* const handle = connect_plainly(url);  // stays open: the caller compares the two
  const auto child = ::fork();
  if (child != 0) return child;
  ::fcntl(mysql_get_socket(handle), F_SETFD, 0);
  ::execlp("sleep", "sleep", "60", nullptr);
  ::_exit(127);
}

/// A transaction that stays open while other things are done.
class Transaction {
 public:
  explicit Transaction(const std::string& url) : connection_(db::connect(url)) {
    connection_->query("CREATE TABLE IF NOT EXISTS untouched (word VARCHAR(20))");
    connection_->query("START TRANSACTION");
    connection_->query("INSERT INTO untouched VALUES ('kept')");
  }
  /// 1: it was there to the end.
  int commit() {
    connection_->query("INSERT INTO untouched VALUES ('to the end')");
    connection_->query("COMMIT");
    return db::integer(connection_->query("SELECT COUNT(*) FROM untouched").rows.at(0).at(0)) == 2
               ? 1
               : 0;
  }

 private:
  std::unique_ptr<db::Connection> connection_;
};

/// 1: the parent's session went on.
int end_in_child(const std::string& url, const std::function<void(MYSQL*)>& end) {
  MYSQL* const handle = connect_plainly(url);
  const auto child = ::fork();
  if (child == 0) {
    end(handle);
    ::_exit(0);
  }
  ended_well(child);
  const bool is_alive = mysql_query(handle, "DO 1") == 0;
  mysql_close(handle);
  return is_alive ? 1 : 0;
}

int serve(const std::string& url, const std::string& folder) {
  const auto slot = sandbox::open_free_slot({.state_folder = folder}, 64);  // before any pool
  db::Pool pool({.url = url, .limit = 2});
  std::cout << json::serialize(json::object{{"ids", ids_of(pool)}, {"done", 0}}) << std::endl;
  std::optional<Transaction> transaction;
  for (std::string line; std::getline(std::cin, line);) {
    std::istringstream words(line);
    std::string word;
    int count = 0, done = 0;
    words >> word >> count;
    if (word == "forks") done = fork_many(pool, count);
    if (word == "runs") done = run_many(*slot, count);
    if (word == "mix") done = run_mix(*slot, count);
    if (word == "keeper") done = keeper();
    if (word == "begin") transaction.emplace(url);
    if (word == "commit") done = transaction.value().commit();
    if (word == "leak") done = leak(url);
    if (word == "quit") done = end_in_child(url, [](MYSQL* handle) { mysql_close(handle); });
    if (word == "shutdown")
      done =
          end_in_child(url, [](MYSQL* handle) { ::shutdown(mysql_get_socket(handle), SHUT_RDWR); });
    std::cout << json::serialize(json::object{{"ids", ids_of(pool)}, {"done", done}}) << std::endl;
  }
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  try {
    if (argc == 3) return serve(argv[1], argv[2]);
    std::cerr << "fork-harm URL FOLDER\n";
    return 2;
  } catch (const std::exception& problem) {
    std::cerr << "fork-harm: " << problem.what() << '\n';
    return 1;
  }
}
