// HMAC-SHA256, for signed jobs and tokens. Follows RFC 2104 and RFC 6234.
// Not a key store: keys come from the caller.
#pragma once

#include <array>
#include <cstddef>
#include <string_view>

namespace daemonz {

using Sha256Digest = std::array<unsigned char, 32>;

/// Throws Error when the library refuses (never seen). Threads: any.
[[nodiscard]] Sha256Digest hmac_sha256(std::string_view key, std::string_view message);

/// Compares in constant time. Different sizes: false.
[[nodiscard]] bool is_equal_constant_time(std::string_view a, std::string_view b);

}  // namespace daemonz
