#include "base/password.h"

#include <openssl/evp.h>

#include <array>
#include <optional>
#include <vector>

#include "base/error.h"
#include "base/hmac.h"
#include "base/random.h"
#include "base/units.h"

namespace daemonz {
namespace {

constexpr std::string_view scheme = "scrypt";
constexpr std::size_t salt_size = 16, hash_size = 32, salt_size_max = 64;
constexpr std::uint64_t memory_max = 256ull << 20;  // of one check, 128 * N * r

struct Cost {
  std::uint64_t log2_n = 14, r = 8, p = 1;  // 16 MiB: many checks a day, no burden for a server
};

struct Parsed {
  Cost cost;
  std::string salt, hash;
};

using Key = std::array<unsigned char, hash_size>;

Key derive(std::string_view password, std::string_view salt, const Cost& cost) {
  Key key{};
  const auto* salt_bytes = reinterpret_cast<const unsigned char*>(salt.data());
  const char* text = password.empty() ? "" : password.data();  // null would mean "no password"
  if (::EVP_PBE_scrypt(text, password.size(), salt_bytes, salt.size(), 1ull << cost.log2_n, cost.r,
                       cost.p, memory_max + (1 << 20), key.data(), key.size()) != 1)
    throw Error("cannot compute a scrypt hash");
  return key;
}

std::optional<std::string> from_hex(std::string_view text) {
  const auto digit = [](char c) -> int {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    return -1;
  };
  std::string bytes;
  if (text.size() % 2 != 0) return std::nullopt;
  for (std::size_t i = 0; i < text.size(); i += 2) {
    const int high = digit(text[i]), low = digit(text[i + 1]);
    if (high < 0 || low < 0) return std::nullopt;
    bytes += static_cast<char>(high << 4 | low);
  }
  return bytes;
}

std::optional<Parsed> parse(std::string_view text) {
  std::vector<std::string_view> parts;
  for (std::size_t at = 0; at <= text.size();) {
    const auto end = std::min(text.find('$', at), text.size());
    parts.push_back(text.substr(at, end - at));
    at = end + 1;
  }
  if (parts.size() != 6 || parts[0] != scheme) return std::nullopt;
  const auto log2_n = parse_number(parts[1]), r = parse_number(parts[2]),
             p = parse_number(parts[3]);
  auto salt = from_hex(parts[4]), hash = from_hex(parts[5]);
  if (!log2_n || !r || !p || !salt || !hash) return std::nullopt;
  const bool is_cheap_enough = *log2_n >= 1 && *log2_n <= 24 && *r >= 1 && *r <= 64 && *p >= 1 &&
                               *p <= 16 && (128 * *r << *log2_n) <= memory_max;
  if (!is_cheap_enough || salt->empty() || salt->size() > salt_size_max ||
      hash->size() != hash_size)
    return std::nullopt;
  return Parsed{{*log2_n, *r, *p}, *std::move(salt), *std::move(hash)};
}

std::string_view as_text(std::span<const unsigned char> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

}  // namespace

std::string hash_password(std::string_view password) {
  std::array<unsigned char, salt_size> salt{};
  fill_random(salt);
  const Cost cost;
  const auto key = derive(password, as_text(salt), cost);
  return std::string(scheme) + "$" + std::to_string(cost.log2_n) + "$" + std::to_string(cost.r) +
         "$" + std::to_string(cost.p) + "$" + to_hex(salt) + "$" + to_hex(key);
}

bool is_password_hash(std::string_view text) { return parse(text).has_value(); }

bool is_password(std::string_view password, std::string_view hash) {
  const auto parsed = parse(hash);
  if (!parsed) return false;
  const auto key = derive(password, parsed->salt, parsed->cost);
  return is_equal_constant_time(as_text(key), parsed->hash);
}

}  // namespace daemonz
