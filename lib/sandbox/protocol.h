// What a Slot and its keeper say to each other over a SEQPACKET socket pair: one packet per
// message, descriptors beside it (SCM_RIGHTS). Both ends are of one build and one machine, so
// numbers travel in host order; a packet that does not parse is refused all the same.
// Follows sandbox.md, "Process tree, per slot", point 1. Sources: unix(7), cmsg(3).
#pragma once

#include <sys/socket.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/unique_fd.h"
#include "sandbox/run.h"

namespace daemonz::sandbox {

/// A message must fit the socket's send buffer (212992 bytes by default) in one piece.
inline constexpr std::size_t packet_size_max = 128 * 1024;
/// SCM_MAX_FD is 253: room for image, stdin, stdout, stderr and these.
inline constexpr std::size_t files_max = 200;

enum class MessageType : std::uint8_t { hello, run, cancel, result };

/// The keeper's first words: it is ready, or it cannot isolate a program on this machine.
struct Hello {
  bool is_ready = false;
  std::string stage;   ///< what was refused; ready: the limit mode
  int error = 0;       ///< its errno
  std::string detail;  ///< slot taken: who holds it
};

struct RequestedFile {
  std::string name;
  bool is_executable = false;
};

/// One run. The descriptors follow in the order of the fields that ask for them.
struct Request {
  std::uint64_t number = 0;  ///< names the run in a cancel message
  std::vector<std::string> argv;
  std::vector<std::string> env;
  std::vector<RequestedFile> files;
  std::vector<std::string> collect;
  Limits limits;
  Milliseconds output_patience{0};
  bool is_box_read_only = false;
  bool has_image = false, has_stdin = false, has_stdout = false, has_stderr = false;
};

struct Packet {
  std::string bytes;
  std::vector<UniqueFd> descriptors;
  [[nodiscard]] MessageType type() const { return static_cast<MessageType>(bytes[0]); }
};

[[nodiscard]] std::string encode(const Hello& hello);
[[nodiscard]] std::string encode(const Request& request);
[[nodiscard]] std::string encode(const Result& result);  ///< without its descriptors
[[nodiscard]] std::string encode_cancel(std::uint64_t run);

// nullopt: not such a message.
[[nodiscard]] std::optional<Hello> decode_hello(std::string_view bytes);
[[nodiscard]] std::optional<Request> decode_request(std::string_view bytes);
[[nodiscard]] std::optional<std::uint64_t> decode_cancel(std::string_view bytes);
/// Takes the descriptors of the collected files out of the packet.
[[nodiscard]] std::optional<Result> decode_result(Packet& packet);

/// Room in a message for `count` descriptors; a cmsghdr starts in it.
constexpr std::size_t control_size(std::size_t count) { return CMSG_SPACE(count * sizeof(int)); }
/// Makes them go with `message` (SCM_RIGHTS). `control` has room for them, is aligned for a cmsghdr
/// and lives as long as the message. Allocates nothing.
void attach_descriptors(msghdr& message, char* control, const int* descriptors, std::size_t count);

/// False: errno says why (EMSGSIZE: longer than packet_size_max; EPIPE: the peer is gone).
[[nodiscard]] bool send_packet(int socket, std::string_view bytes,
                               const std::vector<int>& descriptors = {});
/// Waits for one packet. nullopt: the peer is gone, the socket failed, or the packet is longer than
/// `size_max`. Never empty.
[[nodiscard]] std::optional<Packet> receive_packet(int socket,
                                                   std::size_t size_max = packet_size_max);

}  // namespace daemonz::sandbox
