// Connects to the harness's sockets, by path and abstract, as stream, datagram and packets.
// kind: probe
// allowed: OK
// never: one answers
#include "probe.h"

#include <sys/socket.h>
#include <sys/un.h>

int main(int argc, char** argv) {
  const char* path = planted(argc, argv, "socket");
  const char* name = planted(argc, argv, "abstract");
  const int kinds[] = {SOCK_STREAM, SOCK_DGRAM, SOCK_SEQPACKET};
  for (int i = 0; i < 6; ++i) {
    struct sockaddr_un to = {.sun_family = AF_UNIX};
    const int is_abstract = i % 2;
    strncpy(to.sun_path + is_abstract, is_abstract ? name : path, sizeof to.sun_path - 2);
    const socklen_t size = (socklen_t)(sizeof to.sun_family + (size_t)is_abstract +
                                       strlen(is_abstract ? name : path));
    const int fd = socket(AF_UNIX, kinds[i / 2], 0);
    if (connect(fd, (struct sockaddr*)&to, size) == 0) escape(is_abstract ? "abstract" : "path");
  }
  return 0;
}
