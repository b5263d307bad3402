#include "offline_tasks/signing.h"

#include <doctest/doctest.h>

#include "base/error.h"
#include "base/hmac.h"
#include "db/connection.h"
#include "process/run.h"
#include "support/temp_dir.h"

using namespace daemonz;
using namespace std::chrono_literals;
using namespace offline_tasks;

namespace {

const WallTime now = from_unix_milliseconds(1'700'000'000'000);
const Signing signing{.keys = {{"k1", std::string(32, 'a')}, {"k2", std::string(32, 'b')}},
                      .sign_with = "k2",
                      .lifetime = 1h};

Envelope signed_job(const Signing& with = signing) {
  Envelope job;
  job.id = new_job_id(now);
  job.task = "pay";
  job.args = {{"euros", 12.5}, {"to", "Zo\u00eb \"x\""}};
  job.queue = "pushes";
  job.created = now;
  sign(job, with, now);
  return job;
}

std::string replaced(std::string text, const std::string& what, const std::string& by) {
  const auto at = text.find(what);
  REQUIRE(at != std::string::npos);
  return text.replace(at, what.size(), by);
}

}  // namespace

TEST_CASE("offline_tasks: canonical bytes are sorted, without blanks and without the mac") {
  CHECK(canonical_bytes(R"( { "b" : [ 1.50 , {"d":"x, }","c":null} ] , "a" : -1e2,
        "sig":{"mac":"m","key":"k"},"x":{"sig":{"mac":1}} } )") ==
        R"({"a":-1e2,"b":[1.50,{"c":null,"d":"x, }"}],"sig":{"key":"k"},"x":{"sig":{"mac":1}}})");
  CHECK(canonical_bytes(R"({"a":"\"\\","b":[],"c":{}})") == R"({"a":"\"\\","b":[],"c":{}})");
  CHECK_THROWS_AS((void)canonical_bytes(R"({"a":1,"a":2})"), Error);
  CHECK_THROWS_AS((void)canonical_bytes("[1]"), Error);
}

TEST_CASE("offline_tasks: a signed job is accepted, and every change of it is refused") {
  const auto body = signed_job().encode();
  CHECK_FALSE(refusal_of(body, signing, now));
  CHECK_FALSE(refusal_of(body, signing, now + 59min));
  CHECK(refusal_of(body, signing, now + 61min) == Refusal::expired);
  for (const auto& [what, by] : std::map<std::string, std::string>{
           {"12.5", "99.5"},
           {"1.25E1", "9.95E1"},
           {"\"pay\"", "\"pax\""},
           {"\"attempt\":0", "\"attempt\":1"},
           {"\"max_attempts\":25", "\"max_attempts\":26"},
           {"\"v\":1,", "\"v\":1,\"on_done\":[{\"exec\":[\"rm\"]}],"},
           {"\"until\":\"2", "\"until\":\"3"}}) {
    if (body.find(what) == std::string::npos) continue;  // one of the two spellings of 12.5
    CAPTURE(what);
    CHECK(refusal_of(replaced(body, what, by), signing, now) == Refusal::altered);
  }
}

TEST_CASE("offline_tasks: an unsigned job and one of a foreign key are told apart") {
  auto job = signed_job();
  job.signature = {};
  CHECK(refusal_of(job.encode(), signing, now) == Refusal::not_signed);
  CHECK(refusal_of("no envelope", signing, now) == Refusal::not_signed);
  const auto body = signed_job({.keys = {{"k9", std::string(32, 'z')}}, .sign_with = "k9"});
  CHECK(refusal_of(body.encode(), signing, now) == Refusal::unknown_key);
}

TEST_CASE("offline_tasks: a delayed job is valid for a lifetime from when it is due") {
  auto job = signed_job();
  job.run_at = now + 5h;
  sign(job, signing, now);
  CHECK_FALSE(refusal_of(job.encode(), signing, now + 5h + 30min));
  CHECK(refusal_of(job.encode(), signing, now + 7h) == Refusal::expired);
}

TEST_CASE(
    "offline_tasks: a successor is signed anew, with the key of the job where none is named") {
  auto job = signed_job();
  const auto first = job.signature;
  job = after_failure(job, "no", now);
  CHECK(refusal_of(job.encode(), signing, now) == Refusal::altered);
  auto checks_only = signing;
  checks_only.sign_with.clear();
  sign(job, checks_only, now);
  CHECK_FALSE(refusal_of(job.encode(), checks_only, now));
  CHECK(job.signature.at("key") == "k2");
  CHECK(job.signature.at("nonce") != first.at("nonce"));
}

TEST_CASE("offline_tasks: keys rotate: new ones are checked before they sign") {
  auto old_front = signing, new_front = signing;
  old_front.sign_with = "k1";
  CHECK_FALSE(refusal_of(signed_job(old_front).encode(), signing, now));
  CHECK_FALSE(refusal_of(signed_job(new_front).encode(), signing, now));
  auto later = signing;
  later.keys.erase("k1");
  CHECK(refusal_of(signed_job(old_front).encode(), later, now) == Refusal::unknown_key);
}

TEST_CASE("offline_tasks: Python signs in three lines") {
  const std::string script = R"(
import hashlib, hmac, json, sys
job = {"v": 1, "task": "pay", "args": {"euros": 1e16, "to": "Zo\u00eb"}, "sig": {"key": "k1",
       "time": "2023-11-14T22:13:20.000Z", "until": "2023-11-14T23:13:20.000Z", "nonce": "n1"}}
text = json.dumps(job, sort_keys=True, separators=(",", ":"))
job["sig"]["mac"] = hmac.new(b"a" * 32, text.encode(), hashlib.sha256).hexdigest()
print(json.dumps(job), end="")
)";
  const auto said = process::run({.argv = {"python3", "-c", script}, .time_limit = 1min});
  REQUIRE(said.status.is_success());
  CHECK_FALSE(refusal_of(said.output, signing, now));
}

TEST_CASE(
    "offline_tasks: a redelivery is no replay, what was settled is one, and both are counted") {
  tests::TempDir dir;
  const auto database = db::connect("sqlite:" + (dir.path() / "t.db").string());
  SignatureGate::migrate(*database);
  for (auto* connection : {static_cast<db::Connection*>(nullptr), database.get()}) {
    CAPTURE(connection == nullptr);
    SignatureGate gate(signing);
    const auto job = signed_job();
    const auto body = job.encode();
    CHECK_FALSE(gate.refuse(body, job, connection, now));
    CHECK_FALSE(gate.refuse(body, job, connection, now));  // its processor was killed
    gate.settled(job, connection, now);
    CHECK(gate.refuse(body, job, connection, now) == Refusal::replayed);
    CHECK(gate.refuse(body, job, connection, now) == Refusal::replayed);
    CHECK(gate.refuse(replaced(body, "pay", "pax"), job, connection, now) == Refusal::altered);
    CHECK(gate.refused(Refusal::replayed) == 2);
    CHECK(gate.refused(Refusal::altered) == 1);
    CHECK(gate.refused(Refusal::expired) == 0);
    const auto retry = [&] {
      auto next = after_failure(job, "no", now);
      sign(next, signing, now);
      return next;
    }();
    CHECK_FALSE(gate.refuse(retry.encode(), retry, connection, now));
  }
  const auto rows = database->query("SELECT reason, count FROM daemonz_refused ORDER BY reason");
  REQUIRE(rows.rows.size() == 2);
  CHECK(db::text(rows.rows[1][0]) == "replayed");
  CHECK(db::integer(rows.rows[1][1]) == 2);
  CHECK_FALSE(SignatureGate(Signing{}).refuse("{}", Envelope{}, nullptr, now));
}

TEST_CASE("offline_tasks: bad keys are refused with what to do") {
  CHECK_THROWS_WITH_AS(SignatureGate({.keys = {{"k1", "short"}}}),
                       doctest::Contains("openssl rand -hex 32"), Error);
  CHECK_THROWS_WITH_AS(SignatureGate({.keys = {{"a b", std::string(32, 'a')}}}),
                       doctest::Contains("not a key id"), Error);
  CHECK_THROWS_WITH_AS(SignatureGate({.keys = {{"k1", std::string(32, 'a')}}, .sign_with = "k2"}),
                       doctest::Contains("\"k2\""), Error);
}

TEST_CASE("offline_tasks: a session travels as a token that expires and cannot be made up") {
  const auto token = session_token("user 42", 1h, signing, now);
  CHECK(token.find("user") == std::string::npos);
  CHECK(session_subject({{"session", token}}, signing, now + 59min) == "user 42");
  CHECK_FALSE(session_subject({{"session", token}}, signing, now + 61min));
  CHECK_FALSE(session_subject({}, signing, now));
  CHECK_FALSE(session_subject({{"session", "s1...."}}, signing, now));
  CHECK_FALSE(session_subject({{"session", replaced(token, ".17", ".18")}}, signing, now));
  CHECK_FALSE(session_subject({{"session", replaced(token, "k2", "k1")}}, signing, now));
  CHECK_THROWS_AS((void)session_token("u", 1h, Signing{}), Error);
}
