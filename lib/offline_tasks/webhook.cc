// One POST of JSON over HTTP/1.1, with a deadline for all of it. Not https: a proxy of the site's
// own, or a command (curl) speaks that.
#include <boost/asio/connect.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>

#include "base/error.h"
#include "offline_tasks/hooks.h"

namespace daemonz::offline_tasks {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;

constexpr std::uint64_t answer_size_max = 64 << 10;  // nobody reads it

struct Address {
  std::string host, port, path;
};

Address parse(std::string_view url) {
  constexpr std::string_view scheme = "http://";
  const auto bad = [&]() -> Error {
    return Error(ErrorText{.what = "\"" + std::string(url) + "\" is not a webhook",
                           .hint = "Allowed: http://HOST[:PORT]/PATH"});
  };
  if (!url.starts_with(scheme)) throw bad();
  auto rest = url.substr(scheme.size());
  const auto slash = rest.find('/');
  const auto path = slash == std::string_view::npos ? "/" : rest.substr(slash);
  rest = rest.substr(0, slash);
  const auto colon = rest.rfind(':');
  const auto port = colon == std::string_view::npos ? "80" : rest.substr(colon + 1);
  const auto host = rest.substr(0, colon);
  const auto number = parse_number(port);
  const bool is_plain = url.find_first_of(" \r\n") == std::string_view::npos;
  if (host.empty() || !is_plain || !number || *number < 1 || *number > 65535) throw bad();
  return {std::string(host), std::string(port), std::string(path)};
}

/// Owns one call; its steps follow one another until the answer or the first error.
class Post {
 public:
  Post(const Address& to, const std::string& body) : stream_(io_) {
    request_.method(http::verb::post);
    request_.target(to.path);
    request_.version(11);
    request_.set(http::field::host, to.host + ":" + to.port);
    request_.set(http::field::user_agent, "daemonz");
    request_.set(http::field::content_type, "application/json");
    request_.set(http::field::connection, "close");
    request_.body() = body;
    request_.prepare_payload();
    parser_.body_limit(answer_size_max);
  }
  int run(const asio::ip::tcp::resolver::results_type& places, Milliseconds patience) {
    stream_.expires_after(patience);
    stream_.async_connect(places, [this](auto code, auto) {
      if (goes_on(code)) write();
    });
    io_.run();
    if (failed_ && !parser_.is_header_done())
      throw Error("no answer from the webhook: " + failed_.message());
    return static_cast<int>(parser_.get().result_int());
  }

 private:
  bool goes_on(beast::error_code code) {
    failed_ = code;
    return !code;
  }
  void write() {
    http::async_write(stream_, request_, [this](auto code, auto) {
      if (goes_on(code)) read();
    });
  }
  void read() {
    http::async_read_header(stream_, buffer_, parser_,
                            [this](auto code, auto) { (void)goes_on(code); });
  }

  asio::io_context io_;
  beast::tcp_stream stream_;
  http::request<http::string_body> request_;
  http::response_parser<http::string_body> parser_;
  beast::flat_buffer buffer_;
  beast::error_code failed_;
};

}  // namespace

void check_webhook(std::string_view url) { (void)parse(url); }

int post_json(std::string_view url, const std::string& body, Milliseconds patience) {
  const auto address = parse(url);
  asio::io_context io;
  boost::system::error_code code;
  const auto places = asio::ip::tcp::resolver(io).resolve(address.host, address.port, code);
  if (code) throw Error("cannot find " + address.host + ": " + code.message());
  return Post(address, body).run(places, patience);
}

}  // namespace daemonz::offline_tasks
