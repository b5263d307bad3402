#include "supervisor/check.h"

#include <sys/socket.h>
#include <sys/un.h>

#include <algorithm>
#include <cstring>
#include <string_view>

#include "base/error.h"
#include "base/log.h"
#include "base/unique_fd.h"
#include "base/units.h"
#include "supervisor/host_lookup.h"

namespace daemonz::supervisor {
namespace {

using Kind = config::Ready::Kind;

constexpr std::string_view memcache_question = "version\r\n";
constexpr std::string_view memcache_answer = "VERSION ";
constexpr std::size_t status_line_size = 12;  // "HTTP/1.1 200", all of an answer that is looked at
constexpr std::string_view default_http_port = "80";

Addresses unix_addresses(const std::string& path) {
  sockaddr_un socket{};
  socket.sun_family = AF_UNIX;
  if (path.size() >= sizeof socket.sun_path) return {};
  std::memcpy(socket.sun_path, path.data(), path.size());
  Address address{.size = sizeof socket};
  std::memcpy(&address.storage, &socket, sizeof socket);
  return {address};
}

struct Url {
  std::string authority, host, port, path;
};

// http://HOST[:PORT][/PATH]; the configuration has seen to the scheme.
Url parse_url(std::string_view text) {
  text.remove_prefix(std::min(text.size(), std::string_view("http://").size()));
  const auto slash = std::min(text.find_first_of("/?"), text.size());
  Url url{.authority = std::string(text.substr(0, slash)),
          .port = std::string(default_http_port),
          .path = std::string(text.substr(slash))};
  if (!url.path.starts_with('/')) url.path.insert(0, "/");
  const auto colon = url.authority.rfind(':');
  const bool has_port =
      colon != std::string::npos && url.authority.find(']', colon) == std::string::npos;
  url.host = url.authority.substr(0, has_port ? colon : std::string::npos);
  if (has_port) url.port = url.authority.substr(colon + 1);
  if (url.host.starts_with('[') && url.host.ends_with(']'))
    url.host = url.host.substr(1, url.host.size() - 2);
  return url;
}

}  // namespace

struct Check::Parts {
  Loop& loop;
  CheckOptions options;
  std::function<void(bool)> answered;
  std::string said, heard;
  std::optional<HostLookup> lookup;
  Addresses addresses;  // those that have not been tried are the last `untried`
  std::size_t untried = 0;
  UniqueFd socket;
  std::optional<process::Child> child;
  Loop::Watch watch, limit;  // after the descriptors: they end before those close

  void begin() {
    limit = loop.at(real_clock().steady() + options.time, [this] { finish(false); });
    if (options.question.kind == Kind::exec)
      start_command();
    else
      connect();
  }

  void start_command() {
    try {
      child.emplace(options.start());
    } catch (const Error& problem) {
      log::warn("supervisor", "check cannot be started", {{"why", problem.what()}});
      return finish_later(false);
    }
    watch = loop.when_readable(child->pidfd(), [this] { look_at_command(); });
  }

  void look_at_command() {
    if (!child || child->status()) return;
    if (const auto status = child->wait(real_clock().steady())) {
      watch.cancel();
      finish_later(status->is_success());
    }
  }

  void connect() {
    const auto& question = options.question;
    if (question.kind == Kind::unix_socket) return connect_to(unix_addresses(question.target));
    if (question.kind == Kind::memcache) said = memcache_question;
    if (question.kind != Kind::http) return find(question.host, std::to_string(question.port));
    const auto url = parse_url(question.target);
    said = "GET " + url.path + " HTTP/1.1\r\nHost: " + url.authority +
           "\r\nUser-Agent: daemonz\r\nConnection: close\r\n\r\n";
    find(url.host, url.port);
  }

  void find(const std::string& host, const std::string& port) {
    if (auto numbers = numeric_addresses(host, port)) return connect_to(std::move(*numbers));
    try {
      lookup.emplace(loop, host, port, [this](auto found) { connect_to(std::move(found)); });
    } catch (const Error& problem) {
      log::warn("supervisor", "check cannot be started", {{"why", problem.what()}});
      finish_later(false);
    }
  }

  void connect_to(Addresses found) {
    addresses = std::move(found);
    untried = addresses.size();
    try_next();
  }

  // `localhost` has two, and a daemon may listen at one.
  void try_next() {
    while (untried > 0) {
      const auto& to = addresses[addresses.size() - untried--];
      socket.reset(::socket(to.storage.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
      const auto* pointer = reinterpret_cast<const sockaddr*>(&to.storage);
      if (!socket.is_open() ||
          (::connect(socket.get(), pointer, to.size) != 0 && errno != EINPROGRESS))
        continue;
      watch = loop.when_writable(socket.get(), [this] { connected(); });
      return;
    }
    finish_later(false);
  }

  void connected() {
    watch.cancel();  // one descriptor, one watch
    int code = 0;
    socklen_t size = sizeof code;
    if (::getsockopt(socket.get(), SOL_SOCKET, SO_ERROR, &code, &size) != 0 || code != 0)
      return try_next();
    if (said.empty()) return finish(true);
    // A fresh connection takes a line; what does not fit says no.
    if (::send(socket.get(), said.data(), said.size(), MSG_NOSIGNAL) !=
        static_cast<ssize_t>(said.size()))
      return finish(false);
    watch = loop.when_readable(socket.get(), [this] { hear(); });
  }

  void hear() {
    char text[256];
    const auto size = ::recv(socket.get(), text, sizeof text, 0);
    if (size < 0 && (errno == EAGAIN || errno == EINTR)) return;
    if (size > 0) heard.append(text, static_cast<std::size_t>(size));
    if (options.question.kind == Kind::memcache) {
      if (size <= 0 || heard.size() >= memcache_answer.size())
        finish(heard.starts_with(memcache_answer));
    } else if (size <= 0 || heard.size() >= status_line_size) {
      finish(heard.size() >= status_line_size && heard.starts_with("HTTP/1.") &&
             (heard[9] == '2' || heard[9] == '3'));
    }
  }

  void finish_later(bool is_yes) {
    limit = loop.at(real_clock().steady(), [this, is_yes] { finish(is_yes); });
  }

  // Copied: the owner may end this object in the call.
  void finish(bool is_yes) {
    watch.cancel();
    limit.cancel();
    lookup.reset();
    socket.reset();
    child.reset();
    const auto call = answered;
    call(is_yes);
  }
};

Check::Check(Loop& loop, const CheckOptions& options, std::function<void(bool)> answered)
    : parts_(new Parts{.loop = loop, .options = options, .answered = std::move(answered)}) {
  parts_->begin();
}

Check::~Check() = default;

bool Check::take_ended(pid_t pid) {
  if (!parts_->child || parts_->child->pid() != pid) return false;
  parts_->look_at_command();
  return true;
}

}  // namespace daemonz::supervisor
