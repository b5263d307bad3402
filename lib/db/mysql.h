// The MySQL and MariaDB driver. Of this room only: others call db::connect.
#pragma once

#include <memory>

#include "db/connection.h"
#include "db/mysql_url.h"

namespace daemonz::db {

[[nodiscard]] std::unique_ptr<Connection> connect_mysql(MysqlUrl url, Milliseconds patience);

}  // namespace daemonz::db
