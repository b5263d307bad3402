#include "base/base64.h"

#include <openssl/evp.h>

#include <algorithm>

namespace daemonz {

std::string to_base64(std::string_view bytes) {
  // EVP_EncodeBlock counts in int: pieces of a multiple of 3 bytes join without padding.
  constexpr std::size_t piece_size = 3 << 20;
  std::string text((bytes.size() + 2) / 3 * 4 + 1, '\0');  // it ends with a NUL of its own
  auto* to = reinterpret_cast<unsigned char*>(text.data());
  while (!bytes.empty()) {
    const auto piece = bytes.substr(0, piece_size);
    to += ::EVP_EncodeBlock(to, reinterpret_cast<const unsigned char*>(piece.data()),
                            static_cast<int>(piece.size()));
    bytes.remove_prefix(piece.size());
  }
  text.pop_back();
  return text;
}

}  // namespace daemonz
