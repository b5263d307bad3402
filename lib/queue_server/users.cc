#include "queue_server/users.h"

#include <algorithm>
#include <fstream>
#include <sstream>

#include "base/error.h"
#include "base/password.h"
#include "base/random.h"

namespace daemonz::queue_server {
namespace {

constexpr std::string_view hint =
    "A line is NAME:HASH; make the hash with: daemonz-queue --hash, password on its stdin";

std::string_view as_text(const auto& bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

}  // namespace

Users::Users() {
  fill_random(run_key_);
  nobody_ = hash_password(as_text(run_key_));
}

Users Users::load(const std::string& path) {
  std::ifstream file(path);
  std::ostringstream text;
  if (!(text << file.rdbuf()))
    throw Error(ErrorText{.what = "cannot read the users file, or it is empty",
                          .where = path,
                          .hint = "Check queue.users and the file's permissions"});
  return parse(text.str(), path);
}

Users Users::parse(std::string_view text, const std::string& where) {
  Users users;
  std::size_t number = 0;
  const auto fault = [&](const std::string& what) {
    throw Error(ErrorText{
        .what = what, .where = where + ":" + std::to_string(number), .hint = std::string(hint)});
  };
  while (!text.empty()) {
    const auto end = std::min(text.find('\n'), text.size());
    auto line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    ++number;
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (line.empty() || line.front() == '#') continue;
    const auto colon = line.find(':');
    const auto name = line.substr(0, colon);
    if (colon == std::string_view::npos || name.empty() || name.find(' ') != name.npos)
      fault("this is not a user");
    if (!is_password_hash(line.substr(colon + 1)))
      fault("the hash of user " + std::string(name) + " is none");
    if (!users.hashes_.emplace(name, line.substr(colon + 1)).second)
      fault("user " + std::string(name) + " stands here twice");
  }
  if (users.hashes_.empty()) fault("there is no user in this file");
  return users;
}

Sha256Digest Users::digest(std::string_view name, std::string_view password) const {
  return hmac_sha256(as_text(run_key_), std::string(name) + ' ' + std::string(password));
}

bool Users::has(std::string_view name, std::string_view password) {
  const auto proof = digest(name, password);
  const auto proven = proven_.find(name);
  if (proven != proven_.end() && is_equal_constant_time(as_text(proven->second), as_text(proof)))
    return true;
  const auto found = hashes_.find(name);
  const bool is_right = is_password(password, found == hashes_.end() ? nobody_ : found->second);
  if (!is_right || found == hashes_.end()) return false;
  proven_.insert_or_assign(std::string(name), proof);
  return true;
}

}  // namespace daemonz::queue_server
