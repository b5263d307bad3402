// Passwords as salted, slow hashes: scrypt. Follows RFC 7914 and OpenSSL's EVP_PBE_scrypt(3).
// Not a list of users: whoever has one keeps the hashes.
#pragma once

#include <string>
#include <string_view>

namespace daemonz {

/// "scrypt$LOG2N$R$P$SALT$HASH", salt and hash in hexadecimal; never the same twice. Takes about
/// 50 ms and 16 MiB for that time: what an attacker pays for each guess. Threads: any.
[[nodiscard]] std::string hash_password(std::string_view password);

/// Whether it has that form, with a cost that this machine can bear.
[[nodiscard]] bool is_password_hash(std::string_view text);

/// As slow as hash_password; compares in constant time. False on what is no hash. Threads: any.
[[nodiscard]] bool is_password(std::string_view password, std::string_view hash);

}  // namespace daemonz
