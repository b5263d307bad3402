#include "processor/channel.h"

#include <sys/socket.h>

#include "base/error.h"

namespace daemonz::processor {

void Channel::send(const json::object& line) {
  const auto text = json::serialize(line) + "\n";
  std::string_view rest = text;
  while (!rest.empty()) {
    const auto size = ::send(socket_.get(), rest.data(), rest.size(), MSG_NOSIGNAL);
    if (size < 0 && errno != EINTR) return;
    if (size > 0) rest.remove_prefix(static_cast<std::size_t>(size));
  }
}

bool Channel::receive(int flags) {
  char bytes[65536];
  const auto size = ::recv(socket_.get(), bytes, sizeof bytes, flags);
  if (size < 0) return errno == EAGAIN || errno == EINTR;
  buffer_.append(bytes, static_cast<std::size_t>(size));
  if (buffer_.size() > channel_line_max)
    throw Error("more than " + std::to_string(channel_line_max) + " bytes in one line of a job");
  return size > 0;
}

bool Channel::fill() { return receive(MSG_DONTWAIT); }

std::optional<json::object> Channel::next() {
  const auto end = buffer_.find('\n');
  if (end == std::string::npos) return std::nullopt;
  auto line = json::parse(std::string_view(buffer_).substr(0, end), "a line of a forked job");
  buffer_.erase(0, end + 1);
  return line.as_object();
}

json::object Channel::wait_for_line() {
  for (;;) {
    if (auto line = next()) return std::move(*line);
    if (!receive(0)) throw Error("the processor has gone");
  }
}

}  // namespace daemonz::processor
