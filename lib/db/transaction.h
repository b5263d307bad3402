// What both drivers share: one transaction with its retries. Of this room only.
#pragma once

#include <functional>

#include "db/connection.h"

namespace daemonz::db {

inline constexpr Milliseconds retry_wait_first{10};  ///< doubled at each try
inline constexpr Milliseconds retry_wait_max{500};

/// `begin` is the dialect's statement. See Connection::transaction.
void run_transaction(Connection& connection, std::string_view begin,
                     const std::function<void(Connection&)>& body);

}  // namespace daemonz::db
