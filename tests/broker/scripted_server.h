// A queue server that says what the test tells it to, also what a real one says rarely: full, disk
// failed, nothing at all. It speaks just enough of the protocol to know where a command ends.
#pragma once

#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <atomic>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <mutex>
#include <optional>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "base/unique_fd.h"
#include "support/temp_dir.h"

namespace daemonz::tests {

/// Threads: any. Answers `version` by itself; every other command goes to the script.
class ScriptedServer {
 public:
  /// Command line (and body of a set) -> the bytes to answer, "" for silence, nullopt to hang up.
  using Script =
      std::function<std::optional<std::string>(const std::string& line, const std::string& body)>;

  explicit ScriptedServer(Script script) : script_(std::move(script)) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::strncpy(address.sun_path, (folder_ / "s").c_str(), sizeof address.sun_path - 1);
    if (::bind(listener_.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) != 0 ||
        ::listen(listener_.get(), 8) != 0)
      throw std::runtime_error("the scripted server cannot listen");
    acceptor_ = std::jthread([this](const std::stop_token& stop) { accept_all(stop); });
  }
  ~ScriptedServer() {
    acceptor_.request_stop();
    acceptor_.join();
  }

  [[nodiscard]] std::string url() const { return "memcache+unix://" + (folder_ / "s"); }
  /// Command lines seen so far, `version` left out.
  [[nodiscard]] std::vector<std::string> lines() const {
    const std::lock_guard lock(mutex_);
    return lines_;
  }
  [[nodiscard]] int connections() const { return connections_; }
  [[nodiscard]] int hang_ups() const { return hang_ups_; }  ///< clients that closed

 private:
  static constexpr int look_for_stop_ms = 20;

  void accept_all(const std::stop_token& stop) {
    std::vector<std::jthread> serving;
    while (!stop.stop_requested()) {
      if (!is_readable(listener_.get())) continue;
      const int fd = ::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC);
      if (fd < 0) continue;
      ++connections_;
      serving.emplace_back(
          [this, socket = UniqueFd(fd)](const std::stop_token& end) { serve(socket.get(), end); });
    }
  }

  void serve(int fd, const std::stop_token& stop) {
    std::string input;
    while (!stop.stop_requested()) {
      if (!is_readable(fd)) continue;
      char bytes[4096];
      const auto size = ::read(fd, bytes, sizeof bytes);
      if (size <= 0) {
        ++hang_ups_;
        return;
      }
      input.append(bytes, static_cast<std::size_t>(size));
      while (auto command = next_command(input))
        if (!answer(fd, command->first, command->second)) return;
    }
  }

  /// The first complete command of `input`, taken off it.
  static std::optional<std::pair<std::string, std::string>> next_command(std::string& input) {
    const auto end = input.find("\r\n");
    if (end == std::string::npos) return {};
    const auto line = input.substr(0, end);
    std::size_t body_size = 0, used = end + 2;
    if (line.starts_with("set ")) {
      body_size = std::strtoul(line.c_str() + line.rfind(' '), nullptr, 10);
      used += body_size + 2;
    }
    if (input.size() < used) return {};
    auto body = input.substr(end + 2, body_size);
    input.erase(0, used);
    return std::pair{line, std::move(body)};
  }

  bool answer(int fd, const std::string& line, const std::string& body) {
    if (line == "version") return say(fd, "VERSION 1.6.0\r\n");
    {
      const std::lock_guard lock(mutex_);
      lines_.push_back(line);
    }
    const auto text = script_(line, body);
    return text && say(fd, *text);
  }

  static bool say(int fd, const std::string& text) {
    return ::send(fd, text.data(), text.size(), MSG_NOSIGNAL) == static_cast<ssize_t>(text.size());
  }
  static bool is_readable(int fd) {
    pollfd state{.fd = fd, .events = POLLIN, .revents = 0};
    return ::poll(&state, 1, look_for_stop_ms) == 1;
  }

  TempDir folder_;
  Script script_;
  UniqueFd listener_{::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)};
  mutable std::mutex mutex_;
  std::vector<std::string> lines_;
  std::atomic<int> connections_ = 0, hang_ups_ = 0;
  std::jthread acceptor_;
};

}  // namespace daemonz::tests
