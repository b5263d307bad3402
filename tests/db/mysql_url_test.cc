#include "db/mysql_url.h"

#include <doctest/doctest.h>

#include "base/error.h"
#include "db/mysql_error.h"
#include "db/sql_word.h"

using namespace daemonz;
using db::parse_mysql_url;

TEST_CASE("db: a mysql URL is taken apart") {
  const auto url = parse_mysql_url(
      "mysql://si%40te:p%3Aw@d@db.example.com:3307/shop?ssl-ca=/etc/ca.pem&ssl-verify=no&"
      "read-timeout=10m&connect-timeout=1.5s");
  CHECK(url.user == "si@te");
  CHECK(url.password == "p:w@d");
  CHECK(url.host == "db.example.com");
  CHECK(url.port == 3307);
  CHECK(url.database == "shop");
  CHECK(url.ssl_ca == "/etc/ca.pem");
  CHECK(url.is_ssl);
  CHECK_FALSE(url.is_ssl_verified);
  CHECK(url.read_timeout == Seconds(600));
  CHECK(url.connect_timeout == Seconds(2));
  CHECK(url.shown() == "mysql://si@te@db.example.com:3307/shop");
  const auto local = parse_mysql_url("mysql://root@/x?socket=/run/my%20sql");
  CHECK(local.socket == "/run/my sql");
  CHECK(local.password.empty());
  CHECK_FALSE(local.is_ssl);
  CHECK(parse_mysql_url("mysql://root@[::1]:3306/x").host == "::1");
}

TEST_CASE("db: a mysql URL that is none is refused with what is wrong, without its password") {
  const std::vector<std::pair<const char*, const char*>> bad{
      {"mysql://db/site", "no USER@"},
      {"mysql://@db/site", "no USER@"},
      {"mysql://u@db", "no /DATABASE"},
      {"mysql://u@db/", "no /DATABASE"},
      {"mysql://u@/site", "no host"},
      {"mysql://u@db:70000/site", "is not a port"},
      {"mysql://u@db:/site", "is not a port"},
      {"mysql://u@[::1/site", "without its"},
      {"mysql://u%4@db/site", "hexadecimal"},
      {"mysql://u:s3cret?s3cret@db/site", "no USER@"},
      {"mysql://u:s3cret@db/site?color=red", "\"color\" is no option"},
      {"mysql://u:s3cret@db/site?socket", "has no value"},
      {"mysql://u:s3cret@db/site?read-timeout=5", "is not a time"},
      {"mysql://u:s3cret@db/site?read-timeout=2d", "is not a time"},
      {"mysql://u:s3cret@db/site?ssl=perhaps", "is not `required`"},
      {"mysql://u:s3cret@db/site?ssl-verify=perhaps", "is not `yes` or `no`"},
  };
  for (const auto& [url, what] : bad) {
    CAPTURE(url);
    try {
      (void)parse_mysql_url(url);
      FAIL_CHECK("was accepted");
    } catch (const Error& problem) {
      CHECK(std::string(problem.what()).find(what) != std::string::npos);
      CHECK(std::string(problem.what()).find("s3cret") == std::string::npos);
    }
  }
}

TEST_CASE("db: statements are known by their first words") {
  using db::sql_word;
  using db::SqlWord;
  CHECK(sql_word("begin") == SqlWord::begin);
  CHECK(sql_word(" START \n TRANSACTION READ ONLY") == SqlWord::begin);
  CHECK(sql_word("commit ;") == SqlWord::commit);
  CHECK(sql_word("ROLLBACK") == SqlWord::rollback);
  CHECK(sql_word("ROLLBACK TO here") == SqlWord::other);
  CHECK(sql_word("(select 1) union (select 2)") == SqlWord::read);
  CHECK(sql_word("SELECT* FROM t") == SqlWord::read);
  CHECK(sql_word("SELECTED") == SqlWord::other);
  CHECK(sql_word("WITH x AS (..) DELETE") == SqlWord::other);
  CHECK(sql_word("") == SqlWord::other);
}

TEST_CASE("db: error numbers are told apart") {
  using db::Failure;
  using db::mysql_failure;
  for (const unsigned code : {2002, 2003, 2006, 2013, 4031, 1927, 1053, 1040})
    CHECK(mysql_failure(code, "") == Failure::gone);
  for (const unsigned code : {1205, 1213}) CHECK(mysql_failure(code, "") == Failure::busy);
  CHECK(mysql_failure(1836, "") == Failure::read_only);
  CHECK(mysql_failure(1290, "running with the --read-only option") == Failure::read_only);
  CHECK(mysql_failure(1290, "running with the --secure-file-priv option") == Failure::other);
  for (const unsigned code : {1062, 1048, 1451, 1452})
    CHECK(mysql_failure(code, "") == Failure::constraint);
  CHECK(mysql_failure(1064, "") == Failure::other);
}
