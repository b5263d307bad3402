#include <algorithm>
#include <array>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string>

#include "fuzz/targets.h"
#include "queue/open_store.h"
#include "queue_server/hub.h"
#include "queue_server/session.h"
#include "support/faulty_disk.h"
#include "support/manual_clock.h"

namespace daemonz::fuzz {
namespace {

constexpr std::size_t reply_size_max = 340;  // queue-protocol.md, "What libmemcached does"
constexpr std::size_t item_size_max = 2'000;
/// One answer may stand on a full buffer: a batch or a list of the largest items.
constexpr std::size_t pending_max = 4 * queue_server::output_size_max;

struct Client final : queue_server::Peer {
  bool is_gone() override { return false; }
  void has_output() override {}
  void authenticate(std::string, std::string) override {}
  std::unique_ptr<queue_server::Session> session;
  std::string output;
};

class Site {
 public:
  Site() {
    queue::QueueOptions options;
    options.max_item_bytes = Bytes{item_size_max};
    options.max_items = 200;
    store_ = queue::open_store({.journal = {.folder = "/data",
                                            .segment_size = kibibytes(64),
                                            .memory = kibibytes(64),
                                            .disk = &disk_,
                                            .by_hand = &by_hand_},
                                .queues = {.defaults = options, .queues = {}}},
                               clock_);
    hub_ = std::make_unique<queue_server::Hub>(*store_, clock_, queue_server::HubOptions{});
    for (auto& client : clients_) begin(client);
  }
  ~Site() {
    for (auto& client : clients_) client.session.reset();
  }

  void send(std::size_t number, std::string_view bytes) {
    auto& client = clients_.at(number);
    if (client.session->is_over()) begin(client);
    if (!client.session->wants_input()) return;
    hub_->begin_turn();
    client.session->receive(bytes);
    end_turn();
  }
  void pass(Milliseconds time) {
    clock_.advance(time);
    hub_->begin_turn();
    end_turn();
  }
  [[nodiscard]] bool is_over(std::size_t number) const {
    return clients_.at(number).session->is_over();
  }
  [[nodiscard]] std::string take_output(std::size_t number) {
    return std::exchange(clients_.at(number).output, {});
  }

 private:
  void begin(Client& client) {
    client.session = std::make_unique<queue_server::Session>(*hub_, client, ++last_connection_);
  }
  void end_turn() {
    hub_->end_turn();
    while (by_hand_.commit()) {
    }
    by_hand_.make_spare();
    for (auto& client : clients_) {
      client.session->release_durable();
      for (;;) {
        const auto output = client.session->output();
        if (output.empty()) break;
        if (output.size() > pending_max) broken("the output is bounded", "");
        client.output += output;
        client.session->sent(output.size());
        client.session->go_on();
      }
    }
    store_->flush();
  }

  tests::ManualClock clock_;
  tests::FaultyDisk disk_;
  journal::ByHand by_hand_;
  std::unique_ptr<queue::Store> store_;
  std::unique_ptr<queue_server::Hub> hub_;
  std::array<Client, 2> clients_;
  queue::ConnectionId last_connection_ = 0;
};

/// Whole lines, but for the bodies of VALUEs.
void check_lines(std::string_view output) {
  while (!output.empty()) {
    const auto end = output.find("\r\n");
    if (end == std::string_view::npos) return;  // a held answer follows
    const auto line = output.substr(0, end);
    if (line.size() > reply_size_max) broken("reply lines have at most 340 bytes", line);
    output.remove_prefix(end + 2);
    if (!line.starts_with("VALUE ")) continue;
    char size[32] = {};
    if (std::sscanf(std::string(line).c_str(), "VALUE %*s %*s %31s", size) != 1)
      broken("a VALUE line has a size", line);
    output.remove_prefix(std::min<std::size_t>(std::strtoul(size, nullptr, 10) + 2, output.size()));
  }
}

/// Of an announced body that is still awaited only small ones can be filled up.
bool has_large_number(std::string_view input) {
  int digits = 0;
  for (const char c : input) {
    digits = c >= '0' && c <= '9' ? digits + 1 : 0;
    if (digits > 3) return true;
  }
  return false;
}

}  // namespace

void broken(const char* promise, std::string_view evidence) {
  std::fprintf(stderr, "broken: %s: %.*s\n", promise, static_cast<int>(evidence.size()),
               evidence.data());
  std::abort();
}

void parse(std::string_view input) {
  Site site;
  std::array<std::string, 2> sent;
  while (!input.empty()) {
    const auto head = static_cast<unsigned char>(input.front());
    const std::size_t client = head & 1u, size = head >> 1;
    const auto piece = input.substr(1, std::max<std::size_t>(size, 1));
    input.remove_prefix(std::min(input.size(), 1 + piece.size()));
    site.send(client, piece);
    sent.at(client) += piece;
    if (size == 0) site.pass(Milliseconds(700));
  }
  for (std::size_t client = 0; client < sent.size(); ++client) {
    site.pass(Milliseconds(31'000));  // longer than any get waits
    check_lines(site.take_output(client));
    if (site.is_over(client) || has_large_number(sent.at(client))) continue;
    constexpr int tries = 200;  // 2,200 bytes: an awaited body, and the rest of a bad one
    std::string output;
    for (int i = 0; i < tries && output.find("VERSION ") == std::string::npos; ++i) {
      site.send(client, "\r\nversion\r\n");
      site.pass(Milliseconds(31'000));  // its last line may be a get that waits
      output += site.take_output(client);
      if (site.is_over(client)) break;
    }
    if (!site.is_over(client) && output.find("VERSION ") == std::string::npos)
      broken("a command behind it all is answered", sent.at(client));
  }
}

}  // namespace daemonz::fuzz
