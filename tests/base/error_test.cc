#include "base/error.h"

#include <doctest/doctest.h>

using namespace daemonz;

TEST_CASE(
    "error: the sentence says where, what, why and what to do, and leaves out what is empty") {
  CHECK(std::string(Error("cannot start").what()) == "cannot start");
  const Error whole(ErrorText{.what = "cannot open the journal",
                              .where = "/data/1.log",
                              .hint = "Is the disk mounted?",
                              .code = ENOENT});
  CHECK(std::string(whole.what()) ==
        "/data/1.log: cannot open the journal: No such file or directory. Is the disk mounted?");
  CHECK(whole.code() == ENOENT);
  CHECK(whole.text().where == "/data/1.log");
}

TEST_CASE("error: throw_errno reads errno before anything can change it") {
  try {
    errno = EACCES;
    throw_errno("cannot read", std::string(100, 'x'), "Ask its owner");
  } catch (const Error& error) {
    CHECK(error.code() == EACCES);
    CHECK(std::string(error.what()).ends_with("cannot read: Permission denied. Ask its owner"));
  }
}
