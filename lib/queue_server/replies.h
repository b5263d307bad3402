// Replies that several commands give, and the form of a VALUE. Follows queue-protocol.md.
// Private to the room.
#pragma once

#include <charconv>
#include <cstdint>
#include <string>
#include <string_view>

namespace daemonz::queue_server {

inline constexpr std::string_view end_reply = "END";
inline constexpr std::string_view storage_failed = "SERVER_ERROR storage failed";
inline constexpr std::string_view no_space = "SERVER_ERROR out of memory storing object";
/// The same as the answer to a get: libmemcached takes the text above for a miss there.
inline constexpr std::string_view no_space_for_get = "SERVER_ERROR the disk is full";

inline void append_number(std::string& to, std::uint64_t number) {
  char digits[20];
  const auto end = std::to_chars(digits, digits + sizeof digits, number).ptr;
  to.append(digits, end);
}

struct Value {
  std::string_view key;
  std::uint32_t flags = 0;
  std::uint64_t id = 0;  ///< 0: not shown (get); else the cas field (gets)
  std::string_view body;
};

/// VALUE q FLAGS n [ID] and the body.
inline void append_value(std::string& to, const Value& value) {
  to.reserve(to.size() + value.key.size() + value.body.size() + 64);
  to.append("VALUE ").append(value.key).push_back(' ');
  append_number(to, value.flags);
  to.push_back(' ');
  append_number(to, value.body.size());
  if (value.id != 0) {
    to.push_back(' ');
    append_number(to, value.id);
  }
  to.append("\r\n").append(value.body).append("\r\n");
}

}  // namespace daemonz::queue_server
