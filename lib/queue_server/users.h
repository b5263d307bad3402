// Who may use the server over TCP: names and password hashes of the users file. Follows
// queue-protocol.md ("Finishing and steering", authentication). Not the asking: sessions do that.
#pragma once

#include <array>
#include <map>
#include <string>
#include <string_view>

#include "base/hmac.h"

namespace daemonz::queue_server {

/// Threads: one at a time; it may be another one than the loop's, since a check is slow.
class Users {
 public:
  /// NAME:HASH lines (`daemonz-queue --hash` prints the hash); empty ones and # comments are
  /// skipped. Throws Error that names file and line, and on a file without any user.
  [[nodiscard]] static Users load(const std::string& path);
  /// The same from text; `where` names it in messages.
  [[nodiscard]] static Users parse(std::string_view text, const std::string& where);

  /// About 50 ms (base/password.h), whether the name is known or not; at once for a pair that was
  /// right before in this run: sites connect per request.
  [[nodiscard]] bool has(std::string_view name, std::string_view password);

 private:
  Users();
  [[nodiscard]] Sha256Digest digest(std::string_view name, std::string_view password) const;

  std::map<std::string, std::string, std::less<>> hashes_;
  std::map<std::string, Sha256Digest, std::less<>> proven_;  ///< by name, under run_key_
  std::array<unsigned char, 32> run_key_{};
  std::string nobody_;  ///< a hash that no password has: names that are not there cost the same
};

}  // namespace daemonz::queue_server
