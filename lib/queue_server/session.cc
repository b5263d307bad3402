#include "queue_server/session.h"

#include <algorithm>

namespace daemonz::queue_server {
namespace {

constexpr std::string_view line_end = "\r\n";
/// Commands of a client that waits, or does not read: so much is kept, then its socket fills.
constexpr std::size_t input_size_max = 64 * 1024;
/// Unused room of a buffer that is kept for the next message (1000 idle connections cost little).
constexpr std::size_t idle_buffer_max = 4 * 1024;

void forget_front(std::string& buffer, std::size_t size) {
  if (size < buffer.size()) {
    buffer.erase(0, size);
  } else if (buffer.capacity() > idle_buffer_max) {
    std::string().swap(buffer);
  } else {
    buffer.clear();
  }
}

/// Authentication, as memcached does it over its text protocol.
constexpr std::string_view login_key = "auth";
constexpr std::size_t login_size_max = 1'024;
constexpr std::string_view unauthenticated = "CLIENT_ERROR unauthenticated";

/// Whether a body of `size` bytes is here, and its line end or what stands in its place.
bool has_body(std::string_view left, std::size_t size) {
  return left.size() > size && left.substr(size) != "\r";
}

bool is_get(std::string_view line) { return line.starts_with("get ") || line.starts_with("gets "); }

}  // namespace

Session::Session(Hub& hub, Peer& peer, queue::ConnectionId id, Access access)
    : hub_(hub), peer_(peer), id_(id), is_stranger_(access == Access::by_password) {
  ++hub_.counters.connections_now;
  ++hub_.counters.connections_total;
}

Session::~Session() {
  hub_.waiters.remove(*this);
  std::erase(hub_.unwritten, this);
  // The newest first: each goes to the head of its queue.
  for (auto held = held_.rbegin(); held != held_.rend(); ++held)
    for (auto pop = held->pops.rbegin(); pop != held->pops.rend(); ++pop) hub_.store.unsent(*pop);
  for (auto mark = marks_.rbegin(); mark != marks_.rend(); ++mark) hub_.store.unsent(mark->pop);
  if (!hub_.is_stopping) hub_.store.connection_lost(id_);
  --hub_.counters.connections_now;
}

void Session::receive(std::string_view bytes) {
  hub_.counters.bytes_read += bytes.size();
  if (is_over_) return;
  if (input_.empty()) {  // the usual case: whole commands, no copy
    auto left = bytes;
    while (run_one(left)) {
    }
    if (!is_over_) input_.assign(left);
  } else {
    input_.append(bytes);
    run();
  }
}

void Session::run() {
  std::string_view left = input_;
  while (run_one(left)) {
  }
  forget_front(input_, is_over_ ? input_.size() : input_.size() - left.size());
}

void Session::go_on() {
  if (!input_.empty() || !rest_.empty()) run();
  if (has_ended_ && !is_over_ && !is_authenticating_ && !is_full()) is_over_ = true;
}

void Session::end_of_input() {
  has_ended_ = true;
  if (waiting_) {
    // Nobody waits any more. With commands behind it, it is answered: answers keep their order.
    if (input_.empty())
      stop_waiting();
    else
      return give_up_waiting();
  }
  go_on();
}

bool Session::wants_input() const {
  const bool is_reading_body = command_.has_value() && !waiting_;
  return !is_over_ && !is_full() && (input_.size() < input_size_max || is_reading_body);
}

/// Runs what is complete at the start of `left` and takes it off. False: nothing can be done.
bool Session::run_one(std::string_view& left) {
  if (is_over_ || waiting_ || is_authenticating_ || is_full()) return false;
  if (!rest_.empty()) return run_line(std::exchange(rest_, {}), left);
  if (skip_bytes_ > 0 || skips_line_) return skip(left);
  if (command_) {
    if (!has_body(left, *command_->body_size)) return false;
    run_body(*std::exchange(command_, std::nullopt), left);
    return true;
  }
  const auto end = left.find('\n');
  const auto line_size_limit = is_get(left) ? get_line_size_max : line_size_max;
  if (end == std::string_view::npos) {
    if (left.size() - (left.ends_with('\r') ? 1 : 0) > line_size_limit) hang_up();
    return false;
  }
  auto line = left.substr(0, end);
  left.remove_prefix(end + 1);
  if (line.ends_with('\r')) line.remove_suffix(1);
  return run_line(line, left);
}

/// `left`: what came behind the line. False: the conversation is over.
bool Session::run_line(std::string_view line, std::string_view& left) {
  if (is_get(line) && line.size() > get_line_size_max) {
    hang_up();
    return false;
  }
  auto command = parse_command(line);
  if (command.body_size) {
    begin_body(command, line, left);
    return true;
  }
  const bool may_run = !is_stranger_ || command.verb == Verb::quit || command.verb == Verb::hang_up;
  if (may_run)
    execute(command);
  else if (!command.is_silent)
    answer(unauthenticated);
  return true;
}

/// A body follows: it is kept, or eaten where the answer does not depend on it.
void Session::begin_body(const Command& command, std::string_view line, std::string_view& left) {
  const auto size = *command.body_size;
  const bool is_set = command.verb == Verb::set;
  const bool is_login =
      is_stranger_ && is_set && command.keys.front().text == login_key && size <= login_size_max;
  if (is_login || (is_set && !is_stranger_ && size <= body_size_max(command))) {
    if (has_body(left, size)) return run_body(command, left);
    line_.assign(line);  // the body comes later, when `line` is gone
    command_ = parse_command(line_);
    return;
  }
  if (!command.is_silent)
    answer(is_stranger_                              ? unauthenticated
           : is_set                                  ? "SERVER_ERROR object too large for cache"
           : command.verb == Verb::unsupported_store ? "ERROR"
                                                     : std::string_view(command.fault));
  skip_bytes_ = size;
  skips_line_ = true;
}

bool Session::skip(std::string_view& left) {
  const auto size = std::min<std::uint64_t>(skip_bytes_, left.size());
  left.remove_prefix(size);
  skip_bytes_ -= size;
  if (skip_bytes_ > 0) return false;
  const auto end = left.find('\n');
  if (end == std::string_view::npos) {
    left = {};
    return false;
  }
  left.remove_prefix(end + 1);
  skips_line_ = false;
  return true;
}

void Session::run_body(const Command& command, std::string_view& left) {
  const std::size_t size = *command.body_size;
  const auto body = left.substr(0, size);
  left.remove_prefix(size);
  const bool is_ended = left.starts_with(line_end) || left.starts_with('\n');
  if (!is_ended) {
    if (!command.is_silent) answer("CLIENT_ERROR bad data chunk");
    skips_line_ = true;
    return;
  }
  left.remove_prefix(left.front() == '\n' ? 1 : line_end.size());
  if (is_stranger_) return log_in(body);
  if (command.keys.front().has(Option::many))
    execute_set_many(command, body);
  else
    execute_set(command, body);
}

void Session::log_in(std::string_view body) {
  is_authenticating_ = true;
  const auto space = std::min(body.find(' '), body.size());
  peer_.authenticate(std::string(body.substr(0, space)),
                     std::string(body.substr(std::min(space + 1, body.size()))));
}

void Session::authenticated(bool is_user) {
  is_authenticating_ = false;
  is_stranger_ = !is_user;
  answer(is_user ? "STORED" : unauthenticated);
  go_on();
}

void Session::hang_up() {
  is_over_ = true;
  input_.clear();
}

void Session::answer(std::string_view reply, queue::Sequence wait_for) {
  std::string bytes;
  bytes.reserve(reply.size() + line_end.size());
  bytes.append(reply).append(line_end);
  emit(std::move(bytes), wait_for, {});
}

void Session::emit(std::string bytes, queue::Sequence wait_for, std::vector<queue::Unsent> pops) {
  if (held_.empty() && wait_for <= hub_.store.durable()) {
    rest_on_unwritten();
    return emit_now(bytes, pops);
  }
  // Behind an answer that waits: what it rests on is durable with that one, or not at all.
  if (hub_.store.has_unwritten()) wait_for = hub_.store.appended();
  held_size_ += bytes.size();
  held_.push_back({wait_for, std::move(bytes), std::move(pops)});
}

/// What is emitted from here on may go out once this turn's records are written.
void Session::rest_on_unwritten() {
  if (!hub_.store.has_unwritten() || hub_.is_read_only || unwritten_at_) return;
  unwritten_at_ = output_.size();
  hub_.unwritten.push_back(this);
}

void Session::take_back_unwritten() {
  const auto size = output_.size() - *unwritten_at_;
  output_.resize(*unwritten_at_);
  emitted_ -= size;
  // Its item stays where the log has it: nothing is put back on a failed disk.
  while (!marks_.empty() && marks_.back().position > emitted_) marks_.pop_back();
  held_.clear();  // they stand behind what was taken back
  held_size_ = 0;
  stop_waiting();
  hang_up();
  peer_.has_output();  // none, but it is over
}

void Session::emit_now(std::string_view bytes, const std::vector<queue::Unsent>& pops) {
  output_.append(bytes);
  emitted_ += bytes.size();
  for (const auto& pop : pops) marks_.push_back({emitted_, pop});
  peer_.has_output();
}

void Session::sent(std::size_t size) {
  hub_.counters.bytes_written += size;
  sent_ += size;
  output_start_ += size;
  if (output_start_ == output_.size()) {
    forget_front(output_, output_.size());
    output_start_ = 0;
    has_ended_wait_ = false;
  }
  for (; !marks_.empty() && marks_.front().position <= sent_; marks_.pop_front())
    hub_.store.sent(marks_.front().pop);
}

void Session::release_durable() {
  const bool is_failed = hub_.store.is_failed();
  const auto durable = hub_.store.durable();
  while (!held_.empty() && (held_.front().wait_for <= durable || is_failed)) {
    auto held = std::move(held_.front());
    held_.pop_front();
    held_size_ -= held.bytes.size();
    if (held.wait_for > durable) held = {0, "SERVER_ERROR storage failed\r\n", {}};
    emit_now(held.bytes, held.pops);
  }
}

}  // namespace daemonz::queue_server
