// Leaves files, shared memory and an abstract socket, and reports those of an earlier run.
// allowed: OK
// never: the next run finds them
#include "probe.h"

#include <fcntl.h>
#include <stddef.h>
#include <sys/ipc.h>
#include <sys/shm.h>
#include <sys/socket.h>
#include <sys/un.h>

int main(void) {
  const char* paths[] = {"/box/trace", "/tmp/trace", "/dev/shm/trace"};
  must_fail(shmget(0x7ace, 1, 0), "shared memory of an earlier run");
  for (size_t i = 0; i < 2; ++i) must_fail(open(paths[i], O_RDONLY), paths[i]);
  for (size_t i = 0; i < 3; ++i) write(open(paths[i], O_WRONLY | O_CREAT, 0666), "x", 1);
  shmget(0x7ace, 4096, IPC_CREAT | 0666);
  struct sockaddr_un at = {.sun_family = AF_UNIX};
  strcpy(at.sun_path + 1, "trace");
  const int fd = socket(AF_UNIX, SOCK_STREAM, 0);
  if (bind(fd, (struct sockaddr*)&at, offsetof(struct sockaddr_un, sun_path) + 6) != 0)
    escape("the abstract socket of an earlier run");
  if (fork() == 0)
    for (;;) pause();
  return 0;
}
