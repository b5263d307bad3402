#include "base/hmac.h"
#include "base/random.h"

#include <doctest/doctest.h>

#include <set>

using namespace daemonz;

namespace {

std::string hex_of(std::string_view key, std::string_view message) {
  return to_hex(hmac_sha256(key, message));
}

}  // namespace

TEST_CASE("hmac: the test vectors of RFC 4231, section 4") {
  CHECK(hex_of(std::string(20, '\x0b'), "Hi There") ==
        "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7");
  CHECK(hex_of("Jefe", "what do ya want for nothing?") ==
        "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
  CHECK(hex_of(std::string(20, '\xaa'), std::string(50, '\xdd')) ==
        "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe");
  std::string counting;
  for (char c = 1; c <= 25; ++c) counting += c;
  CHECK(hex_of(counting, std::string(50, '\xcd')) ==
        "82558a389a443c0ea4cc819899f2083a85f0faa3e578f8077a2e3ff46729665b");
  CHECK(
      hex_of(std::string(131, '\xaa'), "Test Using Larger Than Block-Size Key - Hash Key First") ==
      "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
  CHECK(hex_of(std::string(131, '\xaa'),
               "This is a test using a larger than block-size key and a larger than block-size "
               "data. The key needs to be hashed before being used by the HMAC algorithm.") ==
        "9b09ffa71b942fcb27635fbcd5b0e944bfdc63644f0713938a7f51535c3a35e2");
}

TEST_CASE("hmac: an empty key and an empty message are allowed") {
  CHECK(hex_of("", "") == "b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad");
  CHECK(hex_of({}, {}) == hex_of("", ""));
}

TEST_CASE("hmac: equality holds for equal bytes of equal size alone") {
  CHECK(is_equal_constant_time("", ""));
  CHECK(is_equal_constant_time("abc", "abc"));
  CHECK_FALSE(is_equal_constant_time("abc", "abd"));
  CHECK_FALSE(is_equal_constant_time("abc", "abcd"));
  CHECK_FALSE(is_equal_constant_time(std::string_view("a\0b", 3), std::string_view("a\0c", 3)));
}

TEST_CASE("hmac: random bytes differ from call to call") {
  std::set<std::string> seen;
  for (int i = 0; i < 100; ++i) {
    std::array<unsigned char, 16> bytes{};
    fill_random(bytes);
    seen.insert(to_hex(bytes));
  }
  CHECK(seen.size() == 100);
}
