#include "broker/own_socket.h"

#include <dirent.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include <cstdlib>
#include <cstring>
#include <memory>
#include <mutex>
#include <set>
#include <vector>

namespace daemonz::broker {
namespace {

/// (descriptor, inode): a number that was closed and opened again in between is a new socket.
using Sockets = std::set<std::pair<int, ino_t>>;

Sockets sockets_of_this_process() {
  Sockets sockets;
  const std::unique_ptr<DIR, int (*)(DIR*)> folder(::opendir("/proc/self/fd"), ::closedir);
  if (!folder) return sockets;
  while (const dirent* entry = ::readdir(folder.get())) {
    if (entry->d_name[0] == '.') continue;
    const int fd = std::atoi(entry->d_name);
    struct stat facts {};
    if (::fstat(fd, &facts) == 0 && S_ISSOCK(facts.st_mode)) sockets.emplace(fd, facts.st_ino);
  }
  return sockets;
}

bool is_connected_to(int fd, const Address& address) {
  sockaddr_storage peer{};
  socklen_t size = sizeof peer;
  if (::getpeername(fd, reinterpret_cast<sockaddr*>(&peer), &size) != 0) return false;
  if (peer.ss_family == AF_UNIX) {
    const auto* name = reinterpret_cast<const sockaddr_un*>(&peer);
    return address.is_unix() && address.socket_path == name->sun_path;
  }
  if (address.is_unix()) return false;
  if (peer.ss_family == AF_INET)
    return ntohs(reinterpret_cast<const sockaddr_in*>(&peer)->sin_port) == address.port;
  if (peer.ss_family == AF_INET6)
    return ntohs(reinterpret_cast<const sockaddr_in6*>(&peer)->sin6_port) == address.port;
  return false;
}

std::timed_mutex one_at_a_time;

}  // namespace

Found find_own_socket(const Address& address, Milliseconds patience,
                      const std::function<bool()>& connect) {
  const std::unique_lock lock(one_at_a_time, patience);
  if (!lock) return {.is_connected = connect(), .socket = {}};
  const auto before = sockets_of_this_process();
  if (!connect()) return {};
  std::vector<int> fresh;
  for (const auto& socket : sockets_of_this_process())
    if (!before.contains(socket) && is_connected_to(socket.first, address))
      fresh.push_back(socket.first);
  if (fresh.size() != 1)
    return {.is_connected = true, .socket = {}};  // another library's: who knows
  return {.is_connected = true, .socket = UniqueFd(::fcntl(fresh[0], F_DUPFD_CLOEXEC, 0))};
}

}  // namespace daemonz::broker
