// A real MariaDB as a child, in a folder, on a port and a unix socket of its own.
//
//     auto& server = MariaDbServer::shared();       // one per test program, made when first asked
//     const auto url = server.new_database();       // mysql://site@localhost/tN?socket=..
//     db::connect(server.root_url())->execute("KILL 12");
#pragma once

#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstring>
#include <fstream>
#include <sstream>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "base/unique_fd.h"
#include "db/connection.h"
#include "support/temp_dir.h"

namespace daemonz::tests {

/// Owns the child and its folder. Threads: one. The user `site` may do everything in the databases
/// that new_database makes, and is bound by read_only; `root` is not.
class MariaDbServer {
 public:
  /// `arguments` are further options of mariadbd, like "--innodb-rollback-on-timeout".
  explicit MariaDbServer(std::vector<std::string> arguments = {})
      : arguments_(std::move(arguments)), port_(free_port()) {
    install();
    start();
    const auto root = db::connect(root_url());
    root->execute("CREATE USER site@'%'");
    root->execute("GRANT PROCESS ON *.* TO site@'%'");
  }
  ~MariaDbServer() { kill_now(); }
  MariaDbServer(const MariaDbServer&) = delete;
  MariaDbServer& operator=(const MariaDbServer&) = delete;

  static MariaDbServer& shared() {
    static MariaDbServer server;
    return server;
  }

  [[nodiscard]] std::string socket_path() const { return folder_ / "s"; }
  [[nodiscard]] int port() const { return port_; }
  [[nodiscard]] pid_t pid() const { return pid_; }
  [[nodiscard]] std::string root_url() const {
    return "mysql://root@localhost/mysql?socket=" + socket_path();
  }
  [[nodiscard]] std::string url(const std::string& database) const {
    return "mysql://site@localhost/" + database + "?socket=" + socket_path();
  }
  [[nodiscard]] std::string tcp_url(const std::string& database) const {
    return "mysql://site@127.0.0.1:" + std::to_string(port_) + "/" + database;
  }
  /// The name of an empty database.
  [[nodiscard]] std::string new_database_name() {
    const auto name = "t" + std::to_string(++databases_);
    const auto root = db::connect(root_url());
    root->execute("CREATE DATABASE " + name + " CHARACTER SET utf8mb4");
    root->execute("GRANT ALL ON " + name + ".* TO site@'%'");
    return name;
  }
  [[nodiscard]] std::string new_database() { return url(new_database_name()); }

  /// Returns when it serves. Throws with its log when it ends before that, or after 60 s. The
  /// server ends with the thread that calls this.
  void start() {
    std::vector<std::string> words{"/usr/sbin/mariadbd"};
    for (const auto& word : common()) words.push_back(word);
    for (const auto& word :
         {"--socket=" + socket_path(), "--port=" + std::to_string(port_),
          std::string("--bind-address=127.0.0.1"), std::string("--skip-networking=0"),
          std::string("--skip-name-resolve"), std::string("--innodb-buffer-pool-size=64M")})
      words.push_back(word);
    words.insert(words.end(), arguments_.begin(), arguments_.end());
    pid_ = spawn(words);
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(60);
    while (!is_listening()) {
      if (::waitpid(pid_, nullptr, WNOHANG) == pid_) pid_ = -1;
      if (pid_ < 0 || std::chrono::steady_clock::now() > deadline)
        throw std::runtime_error("mariadbd did not start: " + log());
      std::this_thread::sleep_for(std::chrono::milliseconds(5));  // sleep-ok: asks again
    }
  }
  void kill_now() { end(SIGKILL); }
  void stop() { end(SIGTERM); }
  void signal(int number) const { ::kill(pid_, number); }
  [[nodiscard]] std::string log() const {
    std::ostringstream text;
    text << std::ifstream(folder_ / "log").rdbuf();
    return text.str();
  }

 private:
  [[nodiscard]] std::vector<std::string> common() const {
    std::vector<std::string> words{"--no-defaults", "--datadir=" + (folder_ / "data"),
                                   "--innodb-log-file-size=16M"};
    if (::geteuid() == 0) words.emplace_back("--user=root");
    return words;
  }

  void install() {
    std::vector<std::string> words{"/usr/bin/mariadb-install-db"};
    for (const auto& word : common()) words.push_back(word);
    words.emplace_back("--auth-root-authentication-method=normal");
    words.emplace_back("--skip-test-db");
    int status = -1;
    ::waitpid(spawn(words), &status, 0);
    if (status != 0) throw std::runtime_error("mariadb-install-db failed: " + log());
  }

  [[nodiscard]] pid_t spawn(std::vector<std::string>& words) const {
    std::vector<char*> argv;
    for (auto& word : words) argv.push_back(word.data());
    argv.push_back(nullptr);
    const auto path = folder_ / "log";
    const UniqueFd out(::open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0640));
    const pid_t child = ::fork();
    if (child < 0) throw std::runtime_error("cannot fork");
    if (child > 0) return child;
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);  // a test that crashed leaves none behind
    ::dup2(out.get(), STDOUT_FILENO);
    ::dup2(out.get(), STDERR_FILENO);
    ::execv(argv[0], argv.data());
    ::_exit(127);
  }

  [[nodiscard]] bool is_listening() const {
    const UniqueFd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::strncpy(address.sun_path, socket_path().c_str(), sizeof address.sun_path - 1);
    return ::connect(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
  }

  static int free_port() {
    const UniqueFd fd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    if (::bind(fd.get(), reinterpret_cast<const sockaddr*>(&address), size) < 0 ||
        ::getsockname(fd.get(), reinterpret_cast<sockaddr*>(&address), &size) < 0)
      throw std::runtime_error("no free port");
    return ntohs(address.sin_port);
  }

  void end(int number) {
    if (pid_ <= 0) return;
    ::kill(pid_, number);
    ::kill(pid_, SIGCONT);
    ::waitpid(pid_, nullptr, 0);
    pid_ = -1;
  }

  TempDir folder_;
  std::vector<std::string> arguments_;
  int port_;
  pid_t pid_ = -1;
  int databases_ = 0;
};

}  // namespace daemonz::tests
