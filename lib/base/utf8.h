// Is it UTF-8, and making it so. JSON texts must be (RFC 8259, 8.1), error texts of handlers and
// bytes of strangers need not. Source: RFC 3629.
#pragma once

#include <string>
#include <string_view>

namespace daemonz {

[[nodiscard]] bool is_utf8(std::string_view text);

/// At most `size_max` bytes, cut between characters; bytes that are not UTF-8 become '?'.
[[nodiscard]] std::string to_utf8(std::string_view text, std::size_t size_max);

}  // namespace daemonz
