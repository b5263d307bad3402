#include "sandbox/protocol.h"

#include <sys/socket.h>

#include <doctest/doctest.h>

using namespace daemonz;
using namespace daemonz::sandbox;

namespace {

Request example() {
  Request request{.number = 7,
                  .argv = {"program", "", "with blank"},
                  .env = {"A=1"},
                  .files = {{.name = "a/b.h", .is_executable = true}},
                  .collect = {"a.out"},
                  .is_box_read_only = true,
                  .has_stdout = true};
  request.limits.cpu = Milliseconds(1234);
  request.limits.descriptors = 5;
  return request;
}

}  // namespace

TEST_CASE("sandbox: a request comes out of the wire as it went in") {
  const auto decoded = decode_request(encode(example()));
  REQUIRE(decoded);
  CHECK(decoded->number == 7);
  CHECK(decoded->argv == example().argv);
  CHECK(decoded->env == example().env);
  REQUIRE(decoded->files.size() == 1);
  CHECK(decoded->files[0].name == "a/b.h");
  CHECK(decoded->files[0].is_executable);
  CHECK(decoded->collect == example().collect);
  CHECK(decoded->limits.cpu == Milliseconds(1234));
  CHECK(decoded->limits.descriptors == 5);
  CHECK(decoded->is_box_read_only);
  CHECK(decoded->has_stdout);
  CHECK_FALSE(decoded->has_image);
}

TEST_CASE("sandbox: a request that is cut off at any byte, or longer, is refused") {
  const auto whole = encode(example());
  for (std::size_t size = 0; size < whole.size(); ++size)
    CHECK_FALSE(decode_request(std::string_view(whole).substr(0, size)));
  CHECK_FALSE(decode_request(whole + "x"));
  CHECK_FALSE(decode_cancel(whole));
}

TEST_CASE("sandbox: numbers that lie about what follows are refused") {
  auto lying = encode(example());
  for (std::size_t at = 1; at + 8 <= lying.size(); ++at) {
    auto copy = lying;
    copy.replace(at, 8, 8, '\xff');
    const auto decoded = decode_request(copy);  // must end, whatever it says
    if (decoded) CHECK(decoded->files.size() <= files_max);
  }
}

TEST_CASE("sandbox: a result carries its figures and the collected files") {
  int ends[2];
  REQUIRE(::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) == 0);
  const UniqueFd left(ends[0]), right(ends[1]);
  Result result{.verdict = Verdict::RE, .exit_code = 0, .stage = "exec", .errno_value = 8};
  result.collected.push_back({.name = "a.out", .fd = UniqueFd(::dup(0)), .size = Bytes(9)});
  REQUIRE(send_packet(left.get(), encode(result), {result.collected[0].fd.get()}));
  auto packet = receive_packet(right.get());
  REQUIRE(packet);
  const auto decoded = decode_result(*packet);
  REQUIRE(decoded);
  CHECK(decoded->verdict == Verdict::RE);
  CHECK(decoded->exit_code == 0);
  CHECK_FALSE(decoded->signal);
  CHECK(decoded->stage == "exec");
  REQUIRE(decoded->collected.size() == 1);
  CHECK(decoded->collected[0].size == Bytes(9));
  CHECK(decoded->collected[0].fd.is_open());
}

TEST_CASE("sandbox: a message that is too long is refused before it is sent") {
  int ends[2];
  REQUIRE(::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) == 0);
  const UniqueFd left(ends[0]), right(ends[1]);
  CHECK_FALSE(send_packet(left.get(), std::string(packet_size_max + 1, 'x')));
  CHECK(errno == EMSGSIZE);
  CHECK(send_packet(left.get(), std::string(packet_size_max, 'x')));
  CHECK(receive_packet(right.get())->bytes.size() == packet_size_max);
}
