// Whom a daemon's processes belong to: its keys `user` and `group`, names or numbers, looked up in
// this machine's user database. Not the change of hands itself (process/launch.h). Sources:
// passwd(5), group(5).
#pragma once

#include <sys/types.h>

#include <optional>
#include <string>
#include <vector>

#include "config/daemon.h"

namespace daemonz::supervisor {

struct Owner {
  std::optional<uid_t> uid;            ///< none: the supervisor's
  std::optional<gid_t> gid;            ///< none: the supervisor's
  std::vector<gid_t> groups;           ///< supplementary
  std::string name, home;              ///< empty: a number that the user database does not know
  std::vector<std::string> obstacles;  ///< "user: there is no user x on this machine"
};

[[nodiscard]] Owner owner_of(const config::Daemon& daemon);

}  // namespace daemonz::supervisor
