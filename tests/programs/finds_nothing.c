// Looks for anything that an earlier run of this slot has left. Run after each program, not by
// itself.
// allowed: none
// never: it finds something
#define _GNU_SOURCE
#include "probe.h"

#include <dirent.h>
#include <fcntl.h>
#include <mqueue.h>
#include <signal.h>
#include <sys/ipc.h>
#include <sys/msg.h>
#include <sys/sem.h>
#include <sys/shm.h>

static void nothing_in(const char* folder) {
  DIR* all = opendir(folder);
  for (struct dirent* one = all ? readdir(all) : NULL; one; one = readdir(all))
    if (strcmp(one->d_name, ".") != 0 && strcmp(one->d_name, "..") != 0) escape(one->d_name);
  if (all) closedir(all);
}

int main(void) {
  nothing_in("/box");
  nothing_in("/tmp");
  nothing_in("/program");
  for (int fd = 3; fd < 256; ++fd)
    if (fcntl(fd, F_GETFD) >= 0) escape("a descriptor");
  for (pid_t pid = 2; pid < 300; ++pid)
    if (pid != getpid() && (kill(pid, 0) == 0 || errno == EPERM)) escape("a process");
  if (shmget(0x4a11, 0, 0) >= 0 || msgget(0x4a11, 0) >= 0 || semget(0x4a11, 0, 0) >= 0)
    escape("an ipc object");
  if (mq_open("/daemonz-probe", O_RDONLY) >= 0) escape("a message queue");
  struct sigaction action;
  for (int number = 1; number < 65; ++number)
    if (sigaction(number, NULL, &action) == 0 && action.sa_handler != SIG_DFL)
      escape("a signal that is not at its default");
  return 0;
}
