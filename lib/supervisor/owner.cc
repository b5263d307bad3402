#include "supervisor/owner.h"

#include <grp.h>
#include <pwd.h>
#include <unistd.h>

#include <algorithm>

#include "base/units.h"

namespace daemonz::supervisor {
namespace {

constexpr int groups_max = 256;  // of one user; more than a sane machine has

std::vector<gid_t> groups_of(const passwd& user) {
  int count = groups_max;
  std::vector<gid_t> groups(groups_max);
  if (::getgrouplist(user.pw_name, user.pw_gid, groups.data(), &count) < 0)
    count = groups_max;  // what has found no room is left out; zeros would be the group of root
  groups.resize(static_cast<std::size_t>(count));
  return groups;
}

void look_up_user(const std::string& text, Owner& owner) {
  const auto number = parse_number(text);
  const auto* user = number ? ::getpwuid(static_cast<uid_t>(*number)) : ::getpwnam(text.c_str());
  if (user) {
    owner.uid = user->pw_uid;
    owner.gid = user->pw_gid;
    owner.name = user->pw_name;
    owner.home = user->pw_dir;
    owner.groups = groups_of(*user);
  } else if (number) {
    owner.uid = static_cast<uid_t>(*number);
  } else {
    owner.obstacles.push_back("user: there is no user " + text + " on this machine");
  }
}

void look_up_group(const std::string& text, Owner& owner) {
  if (const auto number = parse_number(text))
    owner.gid = static_cast<gid_t>(*number);
  else if (const auto* group = ::getgrnam(text.c_str()))
    owner.gid = group->gr_gid;
  else
    owner.obstacles.push_back("group: there is no group " + text + " on this machine");
}

}  // namespace

Owner owner_of(const config::Daemon& daemon) {
  Owner owner;
  if (!daemon.user.empty()) look_up_user(daemon.user, owner);
  if (!daemon.group.empty()) look_up_group(daemon.group, owner);
  // Without one it would keep the supervisor's: that of root.
  if (owner.uid && !owner.gid && daemon.group.empty())
    owner.obstacles.push_back("user: " + daemon.user +
                              " has no entry in this machine's user database: name its `group`, "
                              "too");
  if ((!daemon.user.empty() || !daemon.group.empty()) && ::geteuid() != 0)
    owner.obstacles.push_back("user: only root may start a daemon as somebody else");
  return owner;
}

}  // namespace daemonz::supervisor
