// The real daemonz-queue as a child, in a folder of its own, on a free port and a unix socket.
//
//     RunningServer server;                        // waits until it serves
//     broker::connect({.url = server.url()});
//     server.kill_now();                           // SIGKILL, as a power cut without the power
//     server.start();                              // the same data again, another port
#pragma once

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstring>
#include <fstream>
#include <optional>
#include <sstream>
#include <stdexcept>
#include <string>
#include <vector>

#include "base/unique_fd.h"
#include "support/places.h"
#include "support/temp_dir.h"

namespace daemonz::tests {

/// Owns the child and its folder. Threads: one.
class RunningServer {
 public:
  /// `arguments` are further options of daemonz-queue, like "--durability=never".
  explicit RunningServer(std::vector<std::string> arguments = {})
      : arguments_(std::move(arguments)) {
    start();
  }
  ~RunningServer() { kill_now(); }
  RunningServer(const RunningServer&) = delete;
  RunningServer& operator=(const RunningServer&) = delete;

  [[nodiscard]] int port() const { return port_; }
  [[nodiscard]] pid_t pid() const { return pid_; }
  [[nodiscard]] std::string address() const { return "127.0.0.1:" + std::to_string(port_); }
  [[nodiscard]] std::string unix_path() const { return folder_ / "q.sock"; }
  [[nodiscard]] std::string data_folder() const { return folder_ / "data"; }
  [[nodiscard]] std::string url() const { return "memcache://" + address(); }
  [[nodiscard]] std::string unix_url() const { return "memcache+unix://" + unix_path(); }

  /// What it wrote on stderr since its last start.
  [[nodiscard]] std::string log() const {
    std::ostringstream text;
    text << std::ifstream(log_path()).rdbuf();
    return text.str();
  }

  /// Returns when it serves. Throws with its log when it ends before that, or after 20 s.
  void start() {
    const UniqueFd ready = notify_socket();
    spawn();
    await_ready(ready.get());
    const auto text = log();
    const std::string before_port = "address=127.0.0.1:";
    const auto found = text.find(before_port);
    if (found == std::string::npos) throw std::runtime_error("daemonz-queue told no port: " + text);
    port_ = std::stoi(text.substr(found + before_port.size()));
  }

  void kill_now() { end(SIGKILL); }
  /// SIGTERM; its exit code, or minus the signal that ended it.
  int stop() { return end(SIGTERM); }
  void signal(int number) const { ::kill(pid_, number); }

  static std::string program() { return program_path("daemonz-queue"); }

 private:
  [[nodiscard]] std::string log_path() const { return folder_ / "log"; }
  [[nodiscard]] std::string notify_path() const { return folder_ / "notify"; }

  [[nodiscard]] UniqueFd notify_socket() const {
    UniqueFd fd(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::strncpy(address.sun_path, notify_path().c_str(), sizeof address.sun_path - 1);
    ::unlink(notify_path().c_str());
    if (::bind(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) < 0)
      throw std::runtime_error("cannot bind " + notify_path());
    return fd;
  }

  void spawn() {
    std::vector<std::string> words = {program(),   "--dir",    data_folder(), "--unix",
                                      unix_path(), "--listen", "127.0.0.1:0"};
    words.insert(words.end(), arguments_.begin(), arguments_.end());
    std::vector<char*> argv;
    for (auto& word : words) argv.push_back(word.data());
    argv.push_back(nullptr);
    const auto notify = notify_path(), log_file = log_path();
    const UniqueFd log(::open(log_file.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0640));
    pid_ = ::fork();
    if (pid_ < 0) throw std::runtime_error("cannot fork");
    if (pid_ > 0) return;
    ::setenv("NOTIFY_SOCKET", notify.c_str(), 1);
    ::dup2(log.get(), STDERR_FILENO);
    ::signal(SIGPIPE, SIG_DFL);
    ::execv(argv[0], argv.data());
    ::_exit(127);
  }

  void await_ready(int notify) {
    const UniqueFd ended(static_cast<int>(::syscall(SYS_pidfd_open, pid_, 0)));
    pollfd events[2] = {{notify, POLLIN, 0}, {ended.get(), POLLIN, 0}};
    constexpr int ready_timeout_ms = 20'000;
    while (::poll(events, 2, ready_timeout_ms) > 0) {
      char text[512];
      const ssize_t size = ::recv(notify, text, sizeof text, MSG_DONTWAIT);
      if (size > 0 && std::string_view(text, static_cast<std::size_t>(size)).find("READY=1") !=
                          std::string_view::npos)
        return;
      if (events[1].revents != 0) break;
    }
    throw std::runtime_error("daemonz-queue did not start (" + program() + "): " + log());
  }

  int end(int number) {
    if (pid_ <= 0) return 0;
    ::kill(pid_, number);
    int status = 0;
    ::waitpid(pid_, &status, 0);
    pid_ = -1;
    return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
  }

  TempDir folder_;
  std::vector<std::string> arguments_;
  pid_t pid_ = -1;
  int port_ = 0;
};

}  // namespace daemonz::tests
