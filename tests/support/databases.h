// An empty database of each kind, so that one test holds for both:
//
//     TEST_CASE_TEMPLATE("db: what holds", Kind, DAEMONZ_DATABASES) {
//       const Kind made;
//       db::connect(made.url());
//     }
#pragma once

#include <doctest/doctest.h>

#include <string>

#include "support/mariadb_server.h"
#include "support/temp_dir.h"

namespace daemonz::tests {

/// Owns the file.
class Sqlite {
 public:
  static constexpr bool is_mysql = false;
  [[nodiscard]] std::string url() const { return "sqlite:" + (folder_ / "jobs.db"); }

 private:
  TempDir folder_;
};

/// A database on the server that the tests of one program share.
class MariaDb {
 public:
  static constexpr bool is_mysql = true;
  [[nodiscard]] std::string url() const { return url_; }

 private:
  std::string url_ = MariaDbServer::shared().new_database();
};

}  // namespace daemonz::tests

#define DAEMONZ_DATABASES ::daemonz::tests::Sqlite, ::daemonz::tests::MariaDb
TYPE_TO_STRING(daemonz::tests::Sqlite);
TYPE_TO_STRING(daemonz::tests::MariaDb);
