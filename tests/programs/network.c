// Connects to what the harness listens on, and to the rest of the world.
// kind: probe
// allowed: OK
// never: anything answers, or leaves
#define _GNU_SOURCE
#include "probe.h"

#include <arpa/inet.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <netinet/in.h>
#include <stddef.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/un.h>

static void try_inet(int kind, const char* address, int port) {
  struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons((unsigned short)port)};
  inet_pton(AF_INET, address, &to.sin_addr);
  const int fd = socket(AF_INET, kind | SOCK_NONBLOCK, 0);
  if (fd < 0) return;
  const int result = connect(fd, (struct sockaddr*)&to, sizeof to);
  if (result == 0 || errno == EINPROGRESS || errno == ECONNREFUSED) escape(address);
  if (kind == SOCK_DGRAM && sendto(fd, "x", 1, 0, (struct sockaddr*)&to, sizeof to) > 0)
    escape("a datagram was sent");
  close(fd);
}

static void try_unix(const char* name, int is_abstract) {
  struct sockaddr_un to = {.sun_family = AF_UNIX};
  strncpy(to.sun_path + is_abstract, name, sizeof to.sun_path - 2);
  const int fd = socket(AF_UNIX, SOCK_STREAM, 0);
  const socklen_t size =
      (socklen_t)(offsetof(struct sockaddr_un, sun_path) + (size_t)is_abstract + strlen(name));
  if (fd >= 0 && *name && connect(fd, (struct sockaddr*)&to, size) == 0) escape(name);
  if (fd >= 0) close(fd);
}

int main(int argc, char** argv) {
  const int port = atoi(planted(argc, argv, "port"));
  try_inet(SOCK_STREAM, "127.0.0.1", port);
  try_inet(SOCK_DGRAM, "127.0.0.1", port);
  try_inet(SOCK_STREAM, "192.0.2.1", 80);
  try_inet(SOCK_DGRAM, "8.8.8.8", 53);
  try_unix(planted(argc, argv, "abstract"), 1);
  try_unix(planted(argc, argv, "socket"), 0);
  must_fail(socket(AF_INET, SOCK_RAW, IPPROTO_ICMP), "a raw socket");
  must_fail(socket(AF_PACKET, SOCK_RAW, 0), "a packet socket");
  must_fail(socket(AF_NETLINK, SOCK_RAW, 0), "a netlink socket");
  must_fail(socket(AF_VSOCK, SOCK_STREAM, 0), "a vsock socket");
  must_fail(socket(AF_ALG, SOCK_SEQPACKET, 0), "an AF_ALG socket");
  return 0;
}
