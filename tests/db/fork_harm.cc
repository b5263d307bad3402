// fork-harm URL FOLDER: a process with a pool of two database connections that forks and runs
// sandboxed programs as it is told on stdin, for tests/shown/jobs/02_forks. Answers each line with
// one line of JSON: {"ids":[..],"done":N}, the ids of its sessions asked of the server itself.
//
//     forks N       children that end, detach the pool, give a lent connection back, or see nothing
//     runs N        sandbox runs beside the pool
//     quit          control: a child closes an inherited connection as libraries do (mysql_close)
//     shutdown      control: a child shuts an inherited connection's socket down
#include <mysql.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <iostream>
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

/// 1: the parent's session went on. A connection without our driver around it.
int end_in_child(const std::string& text, const std::function<void(MYSQL*)>& end) {
  const auto url = db::parse_mysql_url(text);
  MYSQL* const handle = mysql_init(nullptr);
  if (!mysql_real_connect(handle, url.host.c_str(), url.user.c_str(), nullptr, url.database.c_str(),
                          0, url.socket.c_str(), 0))
    throw Error(mysql_error(handle));
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
  for (std::string line; std::getline(std::cin, line);) {
    std::istringstream words(line);
    std::string word;
    int count = 0, done = 0;
    words >> word >> count;
    if (word == "forks") done = fork_many(pool, count);
    if (word == "runs") done = run_many(*slot, count);
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
