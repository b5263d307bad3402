// The other slot's program for other_slot: leaves traces everywhere and waits. Not run by itself.
// allowed: none
// never: the other slot sees any of it
#include "probe.h"

#include <fcntl.h>
#include <stddef.h>
#include <sys/ipc.h>
#include <sys/shm.h>
#include <sys/socket.h>
#include <sys/un.h>

int main(int argc, char** argv) {
  const char* name = planted(argc, argv, "neighbour");
  const char* folders[] = {"/box", "/tmp", "/dev/shm"};
  for (size_t i = 0; i < 3; ++i) {
    char path[256];
    snprintf(path, sizeof path, "%s/%s", folders[i], name);
    write(open(path, O_WRONLY | O_CREAT, 0666), "secret", 6);
  }
  shmget(0x0da3, 4096, IPC_CREAT | 0666);
  struct sockaddr_un at = {.sun_family = AF_UNIX};
  strncpy(at.sun_path + 1, name, sizeof at.sun_path - 2);
  const int fd = socket(AF_UNIX, SOCK_STREAM, 0);
  bind(fd, (struct sockaddr*)&at,
       (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + strlen(name)));
  listen(fd, 8);
  puts("ready");
  fflush(stdout);
  for (;;) pause();
}
