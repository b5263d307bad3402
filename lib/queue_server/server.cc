#include "queue_server/server.h"

#include <sys/stat.h>
#include <unistd.h>

#include <boost/asio.hpp>

#include <array>
#include <atomic>
#include <cstring>
#include <filesystem>
#include <unordered_map>

#include "base/error.h"
#include "base/log.h"
#include "queue_server/connection.h"
#include "queue_server/users.h"

namespace daemonz::queue_server {
namespace asio = boost::asio;
using asio::ip::tcp;
using asio::local::stream_protocol;

namespace {

constexpr std::size_t read_size = 64 * 1024;  // one read takes what a busy client pipelines
constexpr int backlog = 1024;
constexpr mode_t socket_mode = 0660;
constexpr Milliseconds accept_pause{100};  // after accept failed for want of descriptors

tcp::endpoint parse_endpoint(asio::io_context& io, const std::string& address) {
  const auto colon = address.rfind(':');
  const auto port = colon == std::string::npos
                        ? std::nullopt
                        : parse_number(std::string_view(address).substr(colon + 1));
  if (!port || *port > 65535)
    throw Error(
        {.what = "\"" + address + "\" is not HOST:PORT", .hint = "Example: 127.0.0.1:22122"});
  auto host = address.substr(0, colon);
  if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
  boost::system::error_code code;
  const auto found = tcp::resolver(io).resolve(host, std::to_string(*port), code);
  if (code)
    throw Error(ErrorText{.what = "cannot find the host of " + address + ": " + code.message()});
  return found.begin()->endpoint();
}

std::string address_of(const tcp::endpoint& endpoint) {
  const auto host = endpoint.address().to_string();
  const auto shown = endpoint.address().is_v6() ? "[" + host + "]" : host;
  return shown + ":" + std::to_string(endpoint.port());
}

[[noreturn]] void cannot_listen(const std::string& address, const boost::system::error_code& code) {
  const bool is_used = code == asio::error::address_in_use;
  throw Error(
      ErrorText{.what = "cannot listen",
                .where = address,
                .hint = is_used ? "Another server has this address: stop it, or choose another one "
                                  "(--listen, --unix)"
                                : "Choose another address (--listen, --unix)",
                .code = code.value()});
}

}  // namespace

/// One turn: sockets are read and sessions run; then waiting gets are served, the log is written,
/// and the answers go out.
class Server::Loop final : public ConnectionOwner {
 public:
  Loop(queue::Store& store, const Clock& clock, const ServerOptions& options)
      : hub_(store, clock,
             {.allow_flush_all = options.allow_flush_all, .memory_limit = options.memory_limit}),
        timer_(io_),
        signals_(io_) {
    if (!options.users_file.empty()) {
      users_.emplace(Users::load(options.users_file));
      users_thread_.emplace(1);
    }
    for (const auto& address : options.listen) listen_tcp(address);
    if (!options.unix_path.empty()) listen_unix(options.unix_path);
  }
  ~Loop() override {
    if (!unix_path_.empty()) ::unlink(unix_path_.c_str());
  }

  void run() {
    for (auto& acceptor : acceptors_) accept(*acceptor);
    set_timer();
    io_.run();
    close_all();
  }
  void stop() {
    asio::post(io_, [this] { io_.stop(); });
  }
  void stop_on_signals(std::initializer_list<int> numbers) {
    for (const int number : numbers) signals_.add(number);
    signals_.async_wait([this](boost::system::error_code code, int number) {
      if (code) return;
      log::info("queue_server", "stopping", {{"signal", number}});
      begin_stop();
    });
  }
  void store_committed() {
    if (is_commit_posted_.exchange(true)) return;
    asio::post(io_, [this] {
      is_commit_posted_ = false;
      release_held();
    });
  }
  [[nodiscard]] const std::vector<std::string>& addresses() const { return addresses_; }

 private:
  using Acceptor = asio::basic_socket_acceptor<asio::generic::stream_protocol>;

  // --- ConnectionOwner
  std::span<char> read_buffer() override { return read_buffer_; }
  [[nodiscard]] bool is_stopping() const override { return is_stopping_; }
  void begin_turn() override {
    hub_.begin_turn();
    if (std::exchange(is_turn_, true)) return;
    asio::post(io_, [this] { end_turn(); });  // behind all that is readable now
  }
  void has_output(Connection& connection) override {
    if (!std::exchange(connection.is_listed, true)) sending_.push_back(connection.weak_from_this());
    if (!is_turn_) begin_turn();
  }
  void is_closed(Connection& connection) override { connections_.erase(&connection); }
  void authenticate(std::string name, std::string password,
                    std::function<void(bool)> done) override {
    asio::post(*users_thread_, [this, name = std::move(name), password = std::move(password),
                                done = std::move(done)]() mutable {
      const bool is_user = users_->has(name, password);
      asio::post(io_, [done = std::move(done), is_user] { done(is_user); });
    });
  }

  void end_turn() {
    hub_.end_turn();
    // Also what was held in this very turn: its commit may be over, and announced before it was
    // listed below. What is still held has its commit yet to come.
    for (const auto& weak : sending_)
      if (const auto connection = weak.lock(); connection && connection->is_open())
        connection->session().release_durable();
    is_turn_ = false;
    for (const auto& weak : std::exchange(sending_, {})) {
      const auto connection = weak.lock();
      if (!connection || !connection->is_open()) continue;
      connection->is_listed = false;
      connection->send();
      if (connection->is_open() && connection->session().is_holding()) holding_.push_back(weak);
    }
    hub_.store.flush();  // pops that were sent may have freed a segment
    set_timer();
    if (is_stopping_ && holding_.empty()) io_.stop();
  }

  /// What was received is answered, once it is durable; nothing new is read.
  void begin_stop() {
    is_stopping_ = true;
    acceptors_.clear();
    begin_turn();
  }

  void release_held() {
    begin_turn();
    for (const auto& weak : std::exchange(holding_, {}))
      if (const auto connection = weak.lock(); connection && connection->is_open())
        has_output(*connection);
  }

  void set_timer() {
    const auto deadline = hub_.next_deadline();
    if (deadline == timer_deadline_) return;
    timer_deadline_ = deadline;
    timer_.cancel();
    if (!deadline) return;
    timer_.expires_at(*deadline);
    timer_.async_wait([this](boost::system::error_code code) {
      if (code) return;
      timer_deadline_.reset();
      begin_turn();
    });
  }

  // --- listening
  void open(const asio::generic::stream_protocol::endpoint& endpoint, const std::string& address) {
    auto acceptor = std::make_unique<Acceptor>(io_);
    boost::system::error_code code;
    acceptor->open(endpoint.protocol(), code);
    if (!code && endpoint.protocol().family() != AF_UNIX)
      acceptor->set_option(asio::socket_base::reuse_address(true), code);
    if (!code) acceptor->bind(endpoint, code);
    if (!code) acceptor->listen(backlog, code);
    if (code) cannot_listen(address, code);
    acceptors_.push_back(std::move(acceptor));
  }

  void listen_tcp(const std::string& address) {
    open(parse_endpoint(io_, address), address);
    const auto bound = acceptors_.back()->local_endpoint();
    tcp::endpoint endpoint;
    std::memcpy(endpoint.data(), bound.data(), bound.size());
    addresses_.push_back(address_of(endpoint));
  }

  void listen_unix(const std::string& path) {
    if (path.size() >= sizeof(sockaddr_un{}.sun_path))
      throw Error(ErrorText{.what = "the path of the unix socket is too long (at most 107 bytes)",
                            .where = path,
                            .hint = "Choose a shorter one (--unix)"});
    make_parent_folder(path);
    remove_stale_socket(path);
    // bind(2) makes the file with the mode that umask leaves: nobody else gets in before chmod.
    const auto old_mask = ::umask(0777 & ~socket_mode);
    try {
      open(stream_protocol::endpoint(path), path);
    } catch (...) {
      ::umask(old_mask);
      throw;
    }
    ::umask(old_mask);
    unix_path_ = path;
  }

  static void make_parent_folder(const std::string& path) {
    const auto parent = std::filesystem::path(path).parent_path();
    std::error_code code;
    if (!parent.empty()) std::filesystem::create_directories(parent, code);
    if (code)
      throw Error(ErrorText{.what = "cannot make the folder of the unix socket",
                            .where = parent,
                            .hint = "Choose another path (--unix)",
                            .code = code.value()});
  }

  /// A socket that nobody listens on is left from a server that was killed.
  void remove_stale_socket(const std::string& path) {
    struct stat facts {};
    if (::lstat(path.c_str(), &facts) < 0 || !S_ISSOCK(facts.st_mode)) return;
    stream_protocol::socket probe(io_);
    boost::system::error_code code;
    probe.connect(stream_protocol::endpoint(path), code);
    if (code == asio::error::connection_refused) ::unlink(path.c_str());
  }

  void accept(Acceptor& acceptor) {
    acceptor.async_accept([this, &acceptor](boost::system::error_code code, Socket socket) {
      if (code == asio::error::operation_aborted) return;
      if (code) return accept_later(acceptor, code);
      welcome(std::move(socket));
      accept(acceptor);
    });
  }

  void accept_later(Acceptor& acceptor, const boost::system::error_code& code) {
    log::warn("queue_server", "cannot accept a connection", {{"why", code.message()}});
    auto pause = std::make_shared<asio::steady_timer>(io_, accept_pause);  // lives in its callback
    pause->async_wait([this, &acceptor, pause](boost::system::error_code stopped) {
      if (!stopped && !is_stopping_) accept(acceptor);
    });
  }

  void welcome(Socket socket) {
    boost::system::error_code ignored;
    const bool is_tcp = socket.local_endpoint(ignored).protocol().family() != AF_UNIX;
    if (is_tcp) socket.set_option(tcp::no_delay(true), ignored);
    socket.non_blocking(true, ignored);
    const auto access = is_tcp && users_ ? Access::by_password : Access::open;
    auto connection =
        std::make_shared<Connection>(*this, hub_, std::move(socket), ++last_connection_, access);
    connections_.emplace(connection.get(), connection);
    connection->start();
  }

  void close_all() {
    hub_.is_stopping = true;
    for (auto& [pointer, connection] : connections_) connection->close();
    connections_.clear();
    hub_.store.flush();
  }

  asio::io_context io_{1};
  Hub hub_;
  asio::steady_timer timer_;
  std::optional<SteadyTime> timer_deadline_;
  asio::signal_set signals_;
  std::vector<std::unique_ptr<Acceptor>> acceptors_;
  std::vector<std::string> addresses_;
  std::string unix_path_;
  std::unordered_map<Connection*, std::shared_ptr<Connection>> connections_;
  std::vector<std::weak_ptr<Connection>> sending_, holding_;
  std::array<char, read_size> read_buffer_;
  queue::ConnectionId last_connection_ = 0;
  std::optional<Users> users_;
  std::optional<asio::thread_pool> users_thread_;  ///< nobody else touches users_
  bool is_turn_ = false, is_stopping_ = false;
  std::atomic<bool> is_commit_posted_ = false;
};

Server::Server(queue::Store& store, const Clock& clock, const ServerOptions& options)
    : loop_(std::make_unique<Loop>(store, clock, options)) {}
Server::~Server() = default;
const std::vector<std::string>& Server::addresses() const { return loop_->addresses(); }
void Server::run() { loop_->run(); }
void Server::stop() { loop_->stop(); }
void Server::stop_on_signals(std::initializer_list<int> signals) {
  loop_->stop_on_signals(signals);
}
void Server::store_committed() { loop_->store_committed(); }

}  // namespace daemonz::queue_server
