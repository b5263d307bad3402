// Talks to itself over the loopback address.
// kind: probe
// allowed: OK
// never: there is a network at all
#include "probe.h"

#include <netinet/in.h>
#include <sys/socket.h>

int main(void) {
  struct sockaddr_in here = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  socklen_t size = sizeof here;
  const int server = socket(AF_INET, SOCK_STREAM, 0);
  const int client = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
  if (bind(server, (struct sockaddr*)&here, size) == 0) {
    listen(server, 1);
    getsockname(server, (struct sockaddr*)&here, &size);
    if (connect(client, (struct sockaddr*)&here, size) == 0 || errno == EINPROGRESS)
      escape("loopback");
  }
  return 0;
}
