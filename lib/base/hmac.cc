#include "base/hmac.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include "base/error.h"

namespace daemonz {

Sha256Digest hmac_sha256(std::string_view key, std::string_view message) {
  Sha256Digest digest{};
  unsigned size = 0;
  const auto* data = reinterpret_cast<const unsigned char*>(message.data());
  // OpenSSL takes a null key for "the key of last time": an empty one must point somewhere.
  const char* const key_data = key.empty() ? "" : key.data();
  if (!::HMAC(::EVP_sha256(), key_data, static_cast<int>(key.size()), data, message.size(),
              digest.data(), &size))
    throw Error("cannot compute an HMAC-SHA256");
  return digest;
}

bool is_equal_constant_time(std::string_view a, std::string_view b) {
  return a.size() == b.size() && ::CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

}  // namespace daemonz
