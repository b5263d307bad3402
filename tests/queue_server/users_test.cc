#include "queue_server/users.h"

#include <doctest/doctest.h>

#include "base/error.h"
#include "base/password.h"

using namespace daemonz;
using queue_server::Users;

namespace {

std::string fault(const std::string& text) {
  try {
    static_cast<void>(Users::parse(text, "queue.users"));
  } catch (const Error& error) {
    return error.what();
  }
  return "";
}

}  // namespace

TEST_CASE("queue_server: a user is who knows the password, the second time too") {
  auto users = Users::parse("# who may push\n\nada:" + hash_password("open sesame") +
                                "\nbob:" + hash_password("x") + "\r\n",
                            "queue.users");
  for (int i = 0; i < 2; ++i) {
    CHECK(users.has("ada", "open sesame"));
    CHECK(users.has("bob", "x"));
    CHECK_FALSE(users.has("ada", "x"));
    CHECK_FALSE(users.has("ada", ""));
    CHECK_FALSE(users.has("bob", "open sesame"));
    CHECK_FALSE(users.has("eve", "open sesame"));
    CHECK_FALSE(users.has("", ""));
  }
}

TEST_CASE("queue_server: a users file is read whole, or its line is named") {
  const auto good = "ada:" + hash_password("x") + "\n";
  CHECK(fault(good) == "");
  CHECK(fault(good + "bob").find("queue.users:2") != std::string::npos);
  CHECK(fault(good + "bob:secret").find("the hash of user bob is none") != std::string::npos);
  CHECK(fault(good + good).find("user ada stands here twice") != std::string::npos);
  CHECK(fault(":" + hash_password("x")).find("this is not a user") != std::string::npos);
  CHECK(fault("# nobody\n").find("there is no user") != std::string::npos);
  CHECK(fault("").find("daemonz-queue --hash") != std::string::npos);
  CHECK(fault(good + "bob:secret").find("secret") == std::string::npos);
  CHECK_THROWS_AS(static_cast<void>(Users::load("/nowhere/queue.users")), Error);
}
