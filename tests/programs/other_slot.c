// Looks for what a program in another slot has in its box while both run.
// kind: probe
// allowed: OK
// never: it finds anything
#include "probe.h"

#include <dirent.h>
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
    must_fail(open(path, O_RDONLY), path);
    DIR* folder = opendir(folders[i]);
    int count = 0;
    while (folder && readdir(folder)) ++count;
    if (count > 2) escape("files of somebody else");
  }
  must_fail(shmget(0x0da3, 1, 0), "shared memory of another run");
  struct sockaddr_un to = {.sun_family = AF_UNIX};
  strncpy(to.sun_path + 1, name, sizeof to.sun_path - 2);
  const int fd = socket(AF_UNIX, SOCK_STREAM, 0);
  must_fail(connect(fd, (struct sockaddr*)&to,
                    (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + strlen(name))),
            "an abstract socket of another run");
  return 0;
}
