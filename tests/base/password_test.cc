#include "base/password.h"

#include <doctest/doctest.h>

#include "base/base64.h"
#include "base/utf8.h"

using namespace daemonz;

TEST_CASE("password: only the right one fits its hash, and no two hashes are the same") {
  const auto hash = hash_password("open sesame");
  CHECK(is_password_hash(hash));
  CHECK(is_password("open sesame", hash));
  CHECK_FALSE(is_password("open sesame ", hash));
  CHECK_FALSE(is_password("", hash));
  CHECK(hash != hash_password("open sesame"));
}

TEST_CASE("password: scrypt as in RFC 7914, section 12") {
  // P="pleaseletmein", S="SodiumChloride", N=16384, r=8, p=1: the first 32 bytes.
  CHECK(is_password("pleaseletmein",
                    "scrypt$14$8$1$536f6469756d43686c6f72696465$"
                    "7023bdcb3afd7348461c06cd81fd38ebfda8fbba904f8e3ea9b543f6545da1f2"));
}

TEST_CASE("password: what is no hash, or costs too much, fits nothing") {
  const std::string zeros(64, '0');
  const auto with = [&](const std::string& start) { return start + "$00$" + zeros; };
  CHECK(is_password_hash(with("scrypt$14$8$1")));
  std::vector<std::string> none = {"", "open sesame", "scrypt$14$8$1$$" + zeros};
  for (const auto* start : {"scrypt$14$8", "scrypt$40$8$1", "scrypt$22$8$1", "scrypt$0$8$1",
                            "bcrypt$14$8$1", "scrypt$14$8$1$"})
    none.push_back(with(start));
  none.push_back(with("scrypt$14$8$1") + "0");
  none.push_back(with("scrypt$14$8$1") + "$");
  for (const auto& text : none) {
    CAPTURE(text);
    CHECK_FALSE(is_password_hash(text));
    CHECK_FALSE(is_password("x", text));
  }
}

TEST_CASE("base: to_base64 fits the test vectors of RFC 4648, section 10, and a long text") {
  CHECK(to_base64("") == "");
  CHECK(to_base64("f") == "Zg==");
  CHECK(to_base64("fo") == "Zm8=");
  CHECK(to_base64("foo") == "Zm9v");
  CHECK(to_base64("foob") == "Zm9vYg==");
  CHECK(to_base64("foobar") == "Zm9vYmFy");
  const auto text = to_base64(std::string(10'000'000, '\0'));
  CHECK(text.size() == 13'333'336);
  CHECK(text.find_first_not_of('A') == text.size() - 2);
}

TEST_CASE("base: is_utf8 knows characters, and what only looks like them") {
  CHECK(is_utf8("caf\xc3\xa9 \xe2\x82\xac \xf0\x9f\x98\x80"));
  for (const auto* text : {"\xff", "\xc3", "\xc0\x80", "\xed\xa0\x80", "\xf4\x90\x80\x80"}) {
    CAPTURE(text);
    CHECK_FALSE(is_utf8(text));
  }
}
