// Random bytes and their text, for ids, tokens and nonces. Not a fast generator for simulations.
// Source: getrandom(2).
#pragma once

#include <span>
#include <string>

namespace daemonz {

/// Lower-case hexadecimal, two digits a byte.
[[nodiscard]] std::string to_hex(std::span<const unsigned char> bytes);

/// Fills from the kernel's generator (getrandom). Throws Error when it fails.
void fill_random(std::span<unsigned char> bytes);

}  // namespace daemonz
