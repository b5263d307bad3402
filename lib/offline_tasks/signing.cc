#include "offline_tasks/signing.h"

#include <algorithm>

#include "base/error.h"
#include "base/hmac.h"
#include "base/random.h"

namespace daemonz::offline_tasks {
namespace {

constexpr std::size_t key_id_size_max = 32, nonce_bytes = 16;

bool is_key_id(std::string_view id) {
  return is_task_name(id) && id.size() <= key_id_size_max && id.find(':') == std::string_view::npos;
}

std::string mac_of(std::string_view key, std::string_view bytes) {
  return to_hex(hmac_sha256(key, bytes));
}

std::string new_nonce() {
  std::array<unsigned char, nonce_bytes> bytes;
  fill_random(bytes);
  return to_hex(bytes);
}

/// nullptr: none of that name.
const std::string* key_of(const Signing& signing, const std::string& id) {
  const auto found = signing.keys.find(id);
  return found == signing.keys.end() ? nullptr : &found->second;
}

std::string text_in(const json::object& signature, std::string_view field) {
  const auto* found = signature.if_contains(field);
  return found && found->is_string() ? std::string(found->get_string()) : std::string();
}

std::string signing_key_id(const Envelope& job, const Signing& signing) {
  return signing.sign_with.empty() ? text_in(job.signature, "key") : signing.sign_with;
}

}  // namespace

void check(const Signing& signing) {
  for (const auto& [id, secret] : signing.keys) {
    if (!is_key_id(id))
      throw Error(ErrorText{.what = "\"" + id + "\" is not a key id (1..32 of [A-Za-z0-9_.-])",
                            .where = "signing keys"});
    if (secret.size() < signing_key_size_min)
      throw Error(ErrorText{.what = "has " + std::to_string(secret.size()) + " bytes, at least " +
                                    std::to_string(signing_key_size_min) + " are wanted",
                            .where = "signing key " + id,
                            .hint = "Make one: openssl rand -hex 32 >FILE"});
  }
  if (!signing.sign_with.empty() && !key_of(signing, signing.sign_with))
    throw Error(ErrorText{.what = "sign_with names \"" + signing.sign_with +
                                  "\", which is not one of the signing keys"});
  if (signing.lifetime < Milliseconds(1) || signing.lifetime > span_max)
    throw Error("the lifetime of a signature must be in 1 ms..100 years");
}

void sign(Envelope& job, const Signing& signing, WallTime now) {
  const auto id = signing_key_id(job, signing);
  const auto* key = key_of(signing, id);
  if (!key) return;
  job.signature = {
      {"key", id},
      {"time", to_iso8601(now)},
      {"until", to_iso8601(std::max(now, job.run_at.value_or(now)) + signing.lifetime)},
      {"nonce", new_nonce()}};
  job.signature["mac"] = mac_of(*key, canonical_bytes(job.encode()));
}

const char* to_string(Refusal refusal) {
  switch (refusal) {
    case Refusal::not_signed: return "not signed";
    case Refusal::unknown_key: return "unknown key";
    case Refusal::altered: return "altered";
    case Refusal::expired: return "expired";
    case Refusal::replayed: break;
  }
  return "replayed";
}

std::string refused_text(Refusal refusal) {
  switch (refusal) {
    case Refusal::not_signed: return "refused: not signed, and this site signs its jobs";
    case Refusal::unknown_key: return "refused: signed with a key that is not known here";
    case Refusal::altered: return "refused: altered after it was signed";
    case Refusal::expired: return "refused: its signature has expired";
    case Refusal::replayed: break;
  }
  return "refused: replayed, this very job was settled before";
}

std::optional<Refusal> refusal_of(std::string_view body, const Signing& signing, WallTime now) {
  const auto read = json::try_parse(body);
  if (!read || !read->is_object()) return Refusal::not_signed;
  const auto* found = read->get_object().if_contains("sig");
  if (!found || !found->is_object()) return Refusal::not_signed;
  const auto& signature = found->get_object();
  const auto* key = key_of(signing, text_in(signature, "key"));
  if (!key) return Refusal::unknown_key;
  try {
    if (!is_equal_constant_time(mac_of(*key, canonical_bytes(body)), text_in(signature, "mac")))
      return Refusal::altered;
  } catch (const Error&) {  // two members of one name: two readers would see two jobs
    return Refusal::altered;
  }
  const auto until = parse_iso8601(text_in(signature, "until"));
  if (!until || text_in(signature, "nonce").empty()) return Refusal::altered;
  if (*until < now) return Refusal::expired;
  return {};
}

// "s1.KEY.UNTIL.SUBJECT.MAC", the subject in hexadecimal: opaque to whoever carries it.
namespace {

constexpr std::string_view token_version = "s1";

std::string bytes_of_hex(std::string_view text) {
  std::string bytes;
  const auto digit = [](char c) { return c <= '9' ? c - '0' : c - 'a' + 10; };
  for (std::size_t i = 0; i + 1 < text.size(); i += 2)
    bytes += static_cast<char>(digit(text[i]) * 16 + digit(text[i + 1]));
  return bytes;
}

std::span<const unsigned char> as_bytes(std::string_view text) {
  return {reinterpret_cast<const unsigned char*>(text.data()), text.size()};
}

std::vector<std::string> split(std::string_view text, char at) {
  std::vector<std::string> parts(1);
  for (const char c : text) c == at ? parts.emplace_back().size() : (parts.back() += c).size();
  return parts;
}

}  // namespace

std::string session_token(std::string_view subject, Milliseconds lifetime, const Signing& signing,
                          WallTime now) {
  const auto* key = key_of(signing, signing.sign_with);
  if (!key) throw Error("a session token needs a key to sign with (push: sign_with)");
  // A key id may hold a dot, so it goes last but one: the parts before it never do.
  const auto token = std::string(token_version) + "." +
                     std::to_string(unix_milliseconds(now + lifetime)) + "." +
                     to_hex(as_bytes(subject)) + "." + signing.sign_with;
  return token + "." + mac_of(*key, token);
}

std::optional<std::string> session_subject(const json::object& job_context, const Signing& signing,
                                           WallTime now) {
  const auto token = text_in(job_context, "session");
  const auto mac_at = token.rfind('.');
  const auto parts = split(token, '.');
  if (parts.size() < 5 || parts[0] != token_version) return {};
  const auto key_at = parts[0].size() + parts[1].size() + parts[2].size() + 3;
  const auto* key = key_of(signing, token.substr(key_at, mac_at - key_at));
  if (!key ||
      !is_equal_constant_time(mac_of(*key, token.substr(0, mac_at)), token.substr(mac_at + 1)))
    return {};
  if (static_cast<std::int64_t>(parse_number(parts[1]).value_or(0)) < unix_milliseconds(now))
    return {};
  return bytes_of_hex(parts[2]);
}

}  // namespace daemonz::offline_tasks
