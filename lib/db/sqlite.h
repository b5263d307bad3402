// The SQLite driver. Of this room only: others call db::connect.
#pragma once

#include <memory>
#include <string>

#include "db/connection.h"

namespace daemonz::db {

[[nodiscard]] std::unique_ptr<Connection> connect_sqlite(const std::string& path,
                                                         Milliseconds patience);

}  // namespace daemonz::db
