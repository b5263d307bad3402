#include "processor/http_door.h"

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>

#include <thread>

#include "base/error.h"
#include "base/log.h"
#include "offline_tasks/http_wire.h"
#include "processor/http_answers.h"

namespace daemonz::processor {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;
using asio::ip::tcp;

constexpr Milliseconds look_first{10}, look_max{200};  // as offline_tasks::wait

tcp::endpoint parse_address(const std::string& text) {
  const auto bad = [&](const char* hint) {
    return Error(ErrorText{.what = "\"" + text + "\" is not an address to serve HTTP at",
                           .where = "--http",
                           .hint = hint});
  };
  const auto colon = text.rfind(':');
  if (colon == std::string::npos) throw bad("Allowed: 127.0.0.1:8500, [::1]:8500");
  auto host = text.substr(0, colon);
  if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
  if (host == "localhost") host = "127.0.0.1";
  const auto port = parse_number(text.substr(colon + 1));
  boost::system::error_code code;
  const auto address = asio::ip::make_address(host, code);
  if (code || !port || *port > 65535) throw bad("Allowed: 127.0.0.1:8500, [::1]:8500");
  const auto is_internal = [&] {  // RFC 1918, RFC 4193
    if (address.is_loopback()) return true;
    if (address.is_v6()) return (address.to_v6().to_bytes()[0] & 0xfe) == 0xfc;
    const auto bytes = address.to_v4().to_bytes();
    return bytes[0] == 10 || (bytes[0] == 172 && (bytes[1] & 0xf0) == 16) ||
           (bytes[0] == 192 && bytes[1] == 168);
  };
  if (!is_internal())
    throw bad("It takes jobs from whoever reaches it: give a loopback or internal address");
  return {address, static_cast<std::uint16_t>(*port)};
}

/// What all connections share.
struct Shared {
  HttpDoorOptions options;
  JobTaker taker{options};
  std::size_t connections = 0;
  std::function<void()> on_closed;
};

/// One connection: a request, its answer, the next one. Shared, since each step under way holds it.
class Session : public std::enable_shared_from_this<Session> {
 public:
  Session(tcp::socket socket, Shared& shared)
      : stream_(std::move(socket)), timer_(stream_.get_executor()), shared_(shared) {
    ++shared_.connections;
  }
  ~Session() {
    --shared_.connections;
    shared_.on_closed();
  }
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  void read() {
    parser_.emplace();
    parser_->header_limit(http_header_max);
    parser_->body_limit(http_body_max);
    stream_.expires_after(http_idle_time);
    http::async_read_header(stream_, buffer_, *parser_,
                            [self = shared_from_this()](auto code, auto) {
                              if (code == http::error::header_limit)
                                return self->refuse(431, "the header is too long");
                              if (code == http::error::body_limit)
                                return self->refuse(413, "the body is too long");
                              if (code) return;
                              self->read_body();
                            });
  }

 private:
  void read_body() {
    stream_.expires_after(http_request_time);
    http::async_read(stream_, buffer_, *parser_, [self = shared_from_this()](auto code, auto) {
      if (code == http::error::body_limit) return self->refuse(413, "the body is too long");
      if (code) return;
      self->handle();
    });
  }
  void handle() {
    const auto& request = parser_->get();
    const std::string_view target(request.target().data(), request.target().size());
    try {
      if (request.method() == http::verb::post) {
        if (target != offline_tasks::http_path)
          return answer(error(404, "not a path of this server"));
        return answer(shared_.taker.take(request.body()));
      }
      if (request.method() != http::verb::get) return answer(error(405, "POST and GET only"));
      if (const auto question = parse_job_question(target)) return look(*question);
      answer(error(404, "not a path of this server: /jobs/ID?wait=SECONDS"));
    } catch (const Error& problem) {
      answer(error(500, problem.what()));
    }
  }
  void look(const JobQuestion& question) {
    question_ = question;
    until_ = real_clock().steady() + question.wait;
    pause_ = look_first;
    stream_.expires_never();
    look_again();
  }
  void look_again() {
    const auto status = shared_.options.status(question_.id);
    const auto left = until_ - real_clock().steady();
    if (status.is_over() || left <= Milliseconds(0)) return answer(answer_of(status));
    timer_.expires_after(std::min<SteadyTime::duration>(pause_, left));
    pause_ = std::min(pause_ * 2, look_max);
    timer_.async_wait([self = shared_from_this()](auto code) {
      if (code) return;
      try {
        self->look_again();
      } catch (const Error& problem) {
        self->answer(error(500, problem.what()));
      }
    });
  }
  static HttpAnswer error(int status, std::string why) {
    return {status, {{"error", std::move(why)}}, {}};
  }
  void refuse(int status, std::string why) {  // the rest of the request was not read
    is_last_ = true;
    answer(error(status, std::move(why)));
  }
  void answer(const HttpAnswer& given) {
    response_ = {};
    response_.result(static_cast<unsigned>(given.status));
    response_.version(11);
    response_.set(http::field::content_type, "application/json");
    if (given.retry_after)
      response_.set(http::field::retry_after, std::to_string(*given.retry_after));
    response_.body() = json::serialize(given.body) + "\n";
    response_.keep_alive(!is_last_ && parser_->get().keep_alive());
    response_.prepare_payload();
    stream_.expires_after(http_request_time);
    http::async_write(stream_, response_, [self = shared_from_this()](auto code, auto) {
      if (code || !self->response_.keep_alive()) return self->close();
      self->read();
    });
  }
  void close() {
    beast::error_code ignored;
    stream_.socket().shutdown(tcp::socket::shutdown_send, ignored);
  }

  beast::tcp_stream stream_;
  asio::steady_timer timer_;
  Shared& shared_;
  beast::flat_buffer buffer_;
  std::optional<http::request_parser<http::string_body>> parser_;
  http::response<http::string_body> response_;
  JobQuestion question_;
  SteadyTime until_{};
  Milliseconds pause_{0};
  bool is_last_ = false;
};

}  // namespace

struct HttpDoor::Parts {
  explicit Parts(HttpDoorOptions given) : shared{.options = std::move(given)} {
    shared.on_closed = [this] { accept(); };
  }
  void accept() {
    if (is_accepting || !acceptor.is_open() || shared.connections >= http_connections_max) return;
    is_accepting = true;
    acceptor.async_accept([this](auto code, tcp::socket socket) {
      is_accepting = false;
      if (!code) std::make_shared<Session>(std::move(socket), shared)->read();
      if (code != asio::error::operation_aborted) accept();
    });
  }
  Shared shared;
  asio::io_context io{1};
  tcp::acceptor acceptor{io};
  bool is_accepting = false;
  std::thread thread;
};

HttpDoor::HttpDoor(HttpDoorOptions options) : parts_(std::make_unique<Parts>(std::move(options))) {
  const auto endpoint = parse_address(parts_->shared.options.address);
  auto& acceptor = parts_->acceptor;
  try {
    acceptor.open(endpoint.protocol());
    acceptor.set_option(tcp::acceptor::reuse_address(true));
    acceptor.bind(endpoint);
    acceptor.listen();
  } catch (const boost::system::system_error& problem) {
    throw Error(ErrorText{.what = "cannot serve HTTP: " + problem.code().message(),
                          .where = parts_->shared.options.address,
                          .hint = "Does another program listen there?"});
  }
  parts_->accept();
  parts_->thread = std::thread([this] { parts_->io.run(); });
  log::info("processor", "serving HTTP",
            {{"address", endpoint.address().to_string() + ":" + std::to_string(port())}});
}

HttpDoor::~HttpDoor() {
  parts_->io.stop();
  if (parts_->thread.joinable()) parts_->thread.join();
  parts_->shared.on_closed = [] {};  // sessions that were under way end with the io_context
}

std::uint16_t HttpDoor::port() const { return parts_->acceptor.local_endpoint().port(); }

}  // namespace daemonz::processor
