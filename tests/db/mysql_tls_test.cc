// TLS to a database server, by the options of the URL.
#include <doctest/doctest.h>

#include <cstdlib>
#include <filesystem>

#include "support/mariadb_server.h"
#include "support/temp_dir.h"

using namespace daemonz;

namespace {

/// A key and a certificate that signs itself, for the address that the server listens at.
struct Certificate {
  tests::TempDir folder;
  std::string key = folder / "key.pem", certificate = folder / "certificate.pem";

  Certificate() {
    std::filesystem::permissions(folder.path(), std::filesystem::perms::all);
    const auto command =
        "openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=127.0.0.1 -addext "
        "subjectAltName=IP:127.0.0.1 -keyout " +
        key + " -out " + certificate + " 2>" + (folder / "log");
    REQUIRE(std::system(command.c_str()) == 0);
  }
};

std::string cipher_of(const std::string& url) {
  return db::text(db::connect(url)->query("SHOW STATUS LIKE 'Ssl_cipher'").rows.at(0).at(1));
}

}  // namespace

TEST_CASE("db: TLS as the URL asks for it, and nothing at all where the server cannot") {
  const Certificate own, other;
  tests::MariaDbServer server({"--ssl-cert=" + own.certificate, "--ssl-key=" + own.key});
  const auto url = server.tcp_url(server.new_database_name());
  CHECK_FALSE(cipher_of(url + "?ssl-ca=" + own.certificate).empty());
  CHECK_FALSE(cipher_of(url + "?ssl=required&ssl-verify=no").empty());
  CHECK_THROWS_AS(cipher_of(url + "?ssl-ca=" + other.certificate), db::DatabaseError);
  CHECK_THROWS_AS(cipher_of(url + "?ssl-ca=" + (own.folder / "none.pem")), db::DatabaseError);
  {  // what stays unread of TLS on an idle connection is not taken for its end
    const auto connection = db::connect(url + "?ssl-ca=" + own.certificate);
    const auto id = connection->query("SELECT CONNECTION_ID()").rows;
    for (int i = 0; i < 20; ++i) CHECK(connection->query("SELECT CONNECTION_ID()").rows == id);
    const auto killed = db::integer(id[0][0]).value();
    db::connect(server.root_url())->execute("KILL " + std::to_string(killed));
    CHECK(connection->query("SELECT CONNECTION_ID()").rows != id);
  }
  auto& plain = tests::MariaDbServer::shared();
  const auto plain_url = plain.tcp_url(plain.new_database_name());
  CHECK(cipher_of(plain_url).empty());
  CHECK_THROWS_AS(cipher_of(plain_url + "?ssl=required&ssl-verify=no"), Error);
}
