#include "base/utf8.h"

namespace daemonz {
namespace {

/// Bytes of the character that `text` begins with; 0: not a character.
std::size_t character_size(std::string_view text) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned lead = byte(0);
  if (lead < 0x80) return 1;
  const std::size_t size = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : 2;
  if (lead < 0xc2 || lead > 0xf4 || text.size() < size) return 0;
  for (std::size_t i = 1; i < size; ++i)
    if ((byte(i) & 0xc0) != 0x80) return 0;
  // Longer forms than needed, surrogates, and what lies above U+10FFFF show in the second byte.
  if (lead == 0xe0 && byte(1) < 0xa0) return 0;
  if (lead == 0xed && byte(1) > 0x9f) return 0;
  if (lead == 0xf0 && byte(1) < 0x90) return 0;
  if (lead == 0xf4 && byte(1) > 0x8f) return 0;
  return size;
}

}  // namespace

bool is_utf8(std::string_view text) {
  while (!text.empty()) {
    const auto size = character_size(text);
    if (size == 0) return false;
    text.remove_prefix(size);
  }
  return true;
}

std::string to_utf8(std::string_view text, std::size_t size_max) {
  std::string clean;
  while (!text.empty()) {
    const auto size = character_size(text);
    const auto taken = size == 0 ? 1 : size;
    if (clean.size() + taken > size_max) break;
    if (size == 0)
      clean += '?';
    else
      clean += text.substr(0, size);
    text.remove_prefix(taken);
  }
  return clean;
}

}  // namespace daemonz
