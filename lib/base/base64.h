// Base64 with padding, for bytes that must travel in JSON. Follows RFC 4648, section 4.
// Encoding only: nobody sends us any.
#pragma once

#include <string>
#include <string_view>

namespace daemonz {

/// One line, without breaks. Threads: any.
[[nodiscard]] std::string to_base64(std::string_view bytes);

}  // namespace daemonz
