#include "sandbox/protocol.h"

#include <sys/socket.h>

#include <cerrno>
#include <cstring>

namespace daemonz::sandbox {
namespace {

constexpr std::size_t descriptors_max = 253;  // SCM_MAX_FD, unix(7)

class Writer {
 public:
  explicit Writer(MessageType type) { bytes_.push_back(static_cast<char>(type)); }
  void number(std::uint64_t value) {
    char raw[sizeof value];
    std::memcpy(raw, &value, sizeof value);
    bytes_.append(raw, sizeof raw);
  }
  void text(std::string_view value) {
    number(value.size());
    bytes_.append(value);
  }
  void texts(const std::vector<std::string>& values) {
    number(values.size());
    for (const auto& value : values) text(value);
  }
  [[nodiscard]] std::string take() { return std::move(bytes_); }

 private:
  std::string bytes_;
};

// Reads past the end give zeros and leave is_good() false: the caller asks once, at the end.
class Reader {
 public:
  Reader(std::string_view bytes, MessageType type) : rest_(bytes) {
    is_good_ = !rest_.empty() && rest_[0] == static_cast<char>(type);
    if (is_good_) rest_.remove_prefix(1);
  }
  std::uint64_t number() {
    std::uint64_t value = 0;
    if (!is_good_ || rest_.size() < sizeof value) return fail();
    std::memcpy(&value, rest_.data(), sizeof value);
    rest_.remove_prefix(sizeof value);
    return value;
  }
  std::string text() {
    const auto size = number();
    if (!is_good_ || rest_.size() < size) return fail(), std::string();
    std::string value(rest_.substr(0, size));
    rest_.remove_prefix(size);
    return value;
  }
  std::vector<std::string> texts() {
    std::vector<std::string> values;
    for (auto left = number(); left > 0 && is_good_; --left) values.push_back(text());
    return values;
  }
  template <class Number>
  void into(Number& value) {
    value = static_cast<Number>(number());
  }
  [[nodiscard]] bool is_good() const { return is_good_ && rest_.empty(); }

 private:
  std::uint64_t fail() {
    is_good_ = false;
    return 0;
  }
  std::string_view rest_;
  bool is_good_ = false;
};

std::uint64_t number_of(const std::optional<int>& value) {
  return value ? static_cast<std::uint64_t>(*value) + 1 : 0;  // 0: nothing
}

std::optional<int> optional_of(std::uint64_t value) {
  if (value == 0) return std::nullopt;
  return static_cast<int>(value - 1);
}

void write_limits(Writer& out, const Limits& limits) {
  out.number(static_cast<std::uint64_t>(limits.cpu.count()));
  out.number(static_cast<std::uint64_t>(limits.wall.count()));
  out.number(limits.memory.count);
  out.number(limits.processes);
  out.number(limits.stdout_max.count);
  out.number(limits.stderr_max.count);
  out.number(limits.file_size.count);
  out.number(limits.scratch.count);
  out.number(limits.inodes);
  out.number(limits.descriptors);
}

Limits read_limits(Reader& in) {
  Limits limits;
  limits.cpu = Milliseconds(static_cast<std::int64_t>(in.number()));
  limits.wall = Milliseconds(static_cast<std::int64_t>(in.number()));
  limits.memory = Bytes(in.number());
  in.into(limits.processes);
  limits.stdout_max = Bytes(in.number());
  limits.stderr_max = Bytes(in.number());
  limits.file_size = Bytes(in.number());
  limits.scratch = Bytes(in.number());
  in.into(limits.inodes);
  in.into(limits.descriptors);
  return limits;
}

}  // namespace

std::string encode(const Hello& hello) {
  Writer out(MessageType::hello);
  out.number(hello.is_ready);
  out.text(hello.stage);
  out.number(static_cast<std::uint64_t>(hello.error));
  out.text(hello.detail);
  return out.take();
}

std::optional<Hello> decode_hello(std::string_view bytes) {
  Reader in(bytes, MessageType::hello);
  Hello hello;
  hello.is_ready = in.number() != 0;
  hello.stage = in.text();
  in.into(hello.error);
  hello.detail = in.text();
  if (!in.is_good()) return std::nullopt;
  return hello;
}

std::string encode(const Request& request) {
  Writer out(MessageType::run);
  out.number(request.number);
  out.texts(request.argv);
  out.texts(request.env);
  out.number(request.files.size());
  for (const auto& file : request.files) {
    out.text(file.name);
    out.number(file.is_executable);
  }
  out.texts(request.collect);
  write_limits(out, request.limits);
  out.number(static_cast<std::uint64_t>(request.output_patience.count()));
  for (const bool flag : {request.is_box_read_only, request.has_image, request.has_stdin,
                          request.has_stdout, request.has_stderr})
    out.number(flag);
  return out.take();
}

std::optional<Request> decode_request(std::string_view bytes) {
  Reader in(bytes, MessageType::run);
  Request request;
  request.number = in.number();
  request.argv = in.texts();
  request.env = in.texts();
  for (auto left = in.number(); left > 0 && left <= files_max; --left) {
    auto name = in.text();
    request.files.push_back({.name = std::move(name), .is_executable = in.number() != 0});
  }
  request.collect = in.texts();
  request.limits = read_limits(in);
  request.output_patience = Milliseconds(static_cast<std::int64_t>(in.number()));
  for (bool* flag : {&request.is_box_read_only, &request.has_image, &request.has_stdin,
                     &request.has_stdout, &request.has_stderr})
    *flag = in.number() != 0;
  if (!in.is_good() || request.argv.empty()) return std::nullopt;
  return request;
}

std::string encode_cancel(std::uint64_t run) {
  Writer out(MessageType::cancel);
  out.number(run);
  return out.take();
}

std::optional<std::uint64_t> decode_cancel(std::string_view bytes) {
  Reader in(bytes, MessageType::cancel);
  const auto run = in.number();
  if (!in.is_good()) return std::nullopt;
  return run;
}

std::string encode(const Result& result) {
  Writer out(MessageType::result);
  out.number(static_cast<std::uint64_t>(result.verdict));
  out.number(number_of(result.exit_code));
  out.number(number_of(result.signal));
  out.text(result.killed_by);
  out.text(result.stage);
  out.number(static_cast<std::uint64_t>(result.errno_value));
  for (const auto time : {result.cpu, result.user, result.system, result.wall})
    out.number(static_cast<std::uint64_t>(time.count()));
  out.number(result.is_idle);
  out.number(result.peak_kib);
  out.text(result.peak_source);
  out.number(result.processes_peak);
  for (const auto count : {result.switches_voluntary, result.switches_forced, result.stdout_bytes,
                           result.stderr_bytes})
    out.number(count);
  out.number(result.is_stdout_cut);
  out.number(result.is_stderr_cut);
  out.text(result.limits);
  out.number(static_cast<std::uint64_t>(result.ended.time_since_epoch().count()));
  out.number(static_cast<std::uint64_t>(result.setup.count()));
  out.number(static_cast<std::uint64_t>(result.teardown.count()));
  out.number(result.collected.size());
  for (const auto& file : result.collected) {
    out.text(file.name);
    out.number(file.size.count);
  }
  return out.take();
}

std::optional<Result> decode_result(Packet& packet) {
  Reader in(packet.bytes, MessageType::result);
  Result result;
  in.into(result.verdict);
  result.exit_code = optional_of(in.number());
  result.signal = optional_of(in.number());
  result.killed_by = in.text();
  result.stage = in.text();
  in.into(result.errno_value);
  for (auto* time : {&result.cpu, &result.user, &result.system, &result.wall})
    *time = Milliseconds(static_cast<std::int64_t>(in.number()));
  result.is_idle = in.number() != 0;
  in.into(result.peak_kib);
  result.peak_source = in.text();
  in.into(result.processes_peak);
  for (auto* count : {&result.switches_voluntary, &result.switches_forced, &result.stdout_bytes,
                      &result.stderr_bytes})
    in.into(*count);
  result.is_stdout_cut = in.number() != 0;
  result.is_stderr_cut = in.number() != 0;
  result.limits = in.text();
  result.ended = SteadyTime(SteadyTime::duration(static_cast<std::int64_t>(in.number())));
  result.setup = Microseconds(static_cast<std::int64_t>(in.number()));
  result.teardown = Microseconds(static_cast<std::int64_t>(in.number()));
  const auto collected = in.number();
  if (collected != packet.descriptors.size()) return std::nullopt;
  for (auto& descriptor : packet.descriptors) {
    auto name = in.text();
    result.collected.push_back(
        {.name = std::move(name), .fd = std::move(descriptor), .size = Bytes(in.number())});
  }
  if (!in.is_good()) return std::nullopt;
  return result;
}

void attach_descriptors(msghdr& message, char* control, const int* descriptors, std::size_t count) {
  message.msg_control = control;
  message.msg_controllen = control_size(count);
  std::memset(control, 0, message.msg_controllen);
  auto* header = CMSG_FIRSTHDR(&message);
  header->cmsg_level = SOL_SOCKET;
  header->cmsg_type = SCM_RIGHTS;
  header->cmsg_len = CMSG_LEN(count * sizeof(int));
  std::memcpy(CMSG_DATA(header), descriptors, count * sizeof(int));
}

bool send_packet(int socket, std::string_view bytes, const std::vector<int>& descriptors) {
  if (bytes.size() > packet_size_max || descriptors.size() > descriptors_max) {
    errno = EMSGSIZE;
    return false;
  }
  iovec body{const_cast<char*>(bytes.data()), bytes.size()};
  msghdr message{};
  message.msg_iov = &body;
  message.msg_iovlen = 1;
  alignas(cmsghdr) char control[control_size(descriptors_max)];
  if (!descriptors.empty())
    attach_descriptors(message, control, descriptors.data(), descriptors.size());
  ssize_t sent = -1;
  do {
    sent = ::sendmsg(socket, &message, MSG_NOSIGNAL);
  } while (sent < 0 && errno == EINTR);
  return sent == static_cast<ssize_t>(bytes.size());
}

std::optional<Packet> receive_packet(int socket, std::size_t size_max) {
  // Its size first: a buffer for the largest costs more than many a step of a run.
  ssize_t size = -1;
  do {
    size = ::recv(socket, nullptr, 0, MSG_PEEK | MSG_TRUNC);
  } while (size < 0 && errno == EINTR);
  if (size <= 0 || static_cast<std::size_t>(size) > size_max) return std::nullopt;
  Packet packet;
  packet.bytes.resize(static_cast<std::size_t>(size));
  alignas(cmsghdr) char control[control_size(descriptors_max)];
  iovec body{packet.bytes.data(), packet.bytes.size()};
  msghdr message{};
  message.msg_iov = &body;
  message.msg_iovlen = 1;
  message.msg_control = control;
  message.msg_controllen = sizeof control;
  do {
    size = ::recvmsg(socket, &message, MSG_CMSG_CLOEXEC);
  } while (size < 0 && errno == EINTR);
  if (size <= 0) return std::nullopt;
  for (auto* header = CMSG_FIRSTHDR(&message); header; header = CMSG_NXTHDR(&message, header)) {
    if (header->cmsg_level != SOL_SOCKET || header->cmsg_type != SCM_RIGHTS) continue;
    const auto count = (header->cmsg_len - CMSG_LEN(0)) / sizeof(int);
    for (std::size_t i = 0; i < count; ++i) {
      int fd = -1;
      std::memcpy(&fd, CMSG_DATA(header) + i * sizeof(int), sizeof fd);
      packet.descriptors.emplace_back(fd);
    }
  }
  return packet;
}

}  // namespace daemonz::sandbox
