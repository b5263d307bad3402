// Sends datagrams to the harness's port and to the world, over both internets.
// kind: probe
// allowed: OK
// never: one leaves
#include "probe.h"

#include <netinet/in.h>
#include <sys/socket.h>

int main(int argc, char** argv) {
  const int port = atoi(planted(argc, argv, "port"));
  struct sockaddr_in four = {.sin_family = AF_INET, .sin_port = htons((unsigned short)port)};
  four.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  struct sockaddr_in6 six = {.sin6_family = AF_INET6, .sin6_port = htons((unsigned short)port)};
  six.sin6_addr = in6addr_loopback;
  must_fail(sendto(socket(AF_INET, SOCK_DGRAM, 0), "x", 1, 0, (void*)&four, sizeof four), "udp");
  must_fail(sendto(socket(AF_INET6, SOCK_DGRAM, 0), "x", 1, 0, (void*)&six, sizeof six), "udp6");
  return 0;
}
