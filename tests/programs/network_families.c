// Makes sockets of every family there is.
// kind: probe
// allowed: OK
// never: it gets one that is not unix or internet
#include "probe.h"

#include <sys/socket.h>

int main(void) {
  for (int family = 0; family < 64; ++family) {
    if (family == AF_UNIX || family == AF_INET || family == AF_INET6) continue;
    const int kinds[] = {SOCK_STREAM, SOCK_DGRAM, SOCK_RAW, SOCK_SEQPACKET};
    for (int i = 0; i < 4; ++i)
      if (socket(family, kinds[i], 0) >= 0) {
        printf("ESCAPE family %d\n", family);
        break;
      }
  }
  return 0;
}
