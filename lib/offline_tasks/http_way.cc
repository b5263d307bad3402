#include "offline_tasks/http_way.h"

#include <boost/asio/ip/tcp.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>

#include <mutex>

#include "base/error.h"
#include "base/json.h"
#include "offline_tasks/http_wire.h"

namespace daemonz::offline_tasks {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;
using asio::ip::tcp;
using broker::PushResult;
using broker::PushState;

constexpr std::uint64_t answer_size_max = 64 << 10;  // a batch's ids; more is no receiver of ours
constexpr std::size_t quoted_max = 200;              // of a stranger's answer in a message
constexpr Seconds lookup_again{30};

[[noreturn]] void bad_url(const std::string& url, std::string hint) {
  throw Error(ErrorText{.what = "\"" + url + "\" is not the URL of processors",
                        .where = "strategy http",
                        .hint = std::move(hint)});
}

std::vector<tcp::endpoint> look_up(const HttpTarget& target) {
  asio::io_context io;
  boost::system::error_code problem;
  const auto found = tcp::resolver(io).resolve(target.host, std::to_string(target.port), problem);
  if (problem)
    throw Error(ErrorText{.what = "cannot look up " + target.host + ": " + problem.message(),
                          .where = "strategy http"});
  std::vector<tcp::endpoint> endpoints;
  for (const auto& entry : found) endpoints.push_back(entry.endpoint());
  return endpoints;
}

/// What the receiver says, or the beginning of what a stranger says.
std::string words_of(const http::response<http::string_body>& answer) {
  const auto read = json::try_parse(answer.body());
  const auto* said = read && read->is_object() ? read->get_object().if_contains("error") : nullptr;
  if (said && said->is_string()) return std::string(said->get_string());
  return std::to_string(answer.result_int()) + " " + answer.body().substr(0, quoted_max);
}

/// One request over a connection of its own; each step under the same deadline.
class Exchange {
 public:
  explicit Exchange(Milliseconds patience) { stream_.expires_after(patience); }

  PushResult run(const std::vector<tcp::endpoint>& endpoints,
                 const http::request<http::string_body>& request) {
    stream_.async_connect(endpoints, [this](auto problem, const auto&) { problem_ = problem; });
    if (!step()) return {PushState::unreachable, words("cannot connect")};
    http::async_write(stream_, request, [this](auto problem, auto) { problem_ = problem; });
    if (!step()) return {PushState::unknown, words("the request was cut off")};
    http::response_parser<http::string_body> parser;
    parser.body_limit(answer_size_max);
    http::async_read(stream_, buffer_, parser, [this](auto problem, auto) { problem_ = problem; });
    if (!step()) return {PushState::unknown, words("no whole answer")};
    const auto& answer = parser.get();
    const auto state = push_state_of(static_cast<int>(answer.result_int()));
    return {state, state == PushState::confirmed ? std::string() : words_of(answer)};
  }

 private:
  bool step() {
    io_.restart();
    io_.run();
    return !problem_;
  }
  [[nodiscard]] std::string words(const std::string& what) const {
    return what + " (" + problem_.message() + ")";
  }

  asio::io_context io_{1};
  beast::tcp_stream stream_{io_};
  beast::flat_buffer buffer_;
  boost::system::error_code problem_;
};

}  // namespace

struct HttpWay::Addresses {
  std::mutex guard;
  std::vector<tcp::endpoint> endpoints;
  SteadyTime good_at;  // looked up, or reached
};

HttpTarget HttpTarget::parse(const std::string& url) {
  constexpr std::string_view scheme = "http://", secure = "https://";
  if (url.starts_with(secure))
    bad_url(url, "TLS is not spoken here: let a proxy of this machine do it, and name that");
  if (!url.starts_with(scheme)) bad_url(url, "Write http://HOST:PORT/offline_tasks");
  const auto rest = url.substr(scheme.size());
  HttpTarget target;
  const auto slash = rest.find('/');
  if (slash != std::string::npos) target.path = rest.substr(slash);
  auto address = rest.substr(0, slash);
  const auto bracket = address.rfind(']');
  const auto colon = address.rfind(':');
  if (colon != std::string::npos && (bracket == std::string::npos || colon > bracket)) {
    const auto port = parse_number(address.substr(colon + 1));
    if (!port || *port < 1 || *port > 65535) bad_url(url, "The port is in 1..65535");
    target.port = static_cast<std::uint16_t>(*port);
    address.resize(colon);
  }
  if (address.starts_with('[') && address.ends_with(']'))
    address = address.substr(1, address.size() - 2);
  if (address.empty() || url.find_first_of(" \r\n") != std::string::npos)
    bad_url(url, "Write http://HOST:PORT/offline_tasks");
  target.host = std::move(address);
  return target;
}

HttpWay::HttpWay(const std::string& url)
    : target_(HttpTarget::parse(url)), addresses_(std::make_unique<Addresses>()) {
  addresses_->endpoints = look_up(target_);
  addresses_->good_at = real_clock().steady();
}

HttpWay::~HttpWay() = default;

PushResult HttpWay::take(const Parcel& parcel, Milliseconds patience) {
  if (parcel.jobs.size() > http_batch_max)
    return {PushState::refused,
            "at most " + std::to_string(http_batch_max) + " jobs travel at once"};
  http::request<http::string_body> request(http::verb::post, target_.path, 11);
  request.set(http::field::host, target_.host + ":" + std::to_string(target_.port));
  request.set(http::field::content_type, "application/json");
  request.set(http::field::connection, "close");
  for (const auto& body : parcel.bodies)
    request.body() += (request.body().empty() ? "" : ",") + body;
  if (parcel.bodies.size() > 1) request.body() = "[" + request.body() + "]";
  request.prepare_payload();

  std::unique_lock lock(addresses_->guard);
  if (real_clock().steady() - addresses_->good_at > lookup_again) {
    addresses_->good_at = real_clock().steady();
    try {
      addresses_->endpoints = look_up(target_);
    } catch (const Error& problem) {
      return {PushState::unreachable, problem.what()};
    }
  }
  const auto endpoints = addresses_->endpoints;
  lock.unlock();
  auto result = Exchange(patience).run(endpoints, request);
  if (result.state == PushState::unreachable) return result;
  lock.lock();
  addresses_->good_at = real_clock().steady();
  return result;
}

}  // namespace daemonz::offline_tasks
