// Enters namespaces by their files.
// kind: probe
// allowed: OK
// never: the kernel looks at more than the number of the call
#define _GNU_SOURCE
#include "probe.h"

#include <fcntl.h>
#include <sched.h>

int main(void) {
  const char* files[] = {"/proc/self/ns/net", "/proc/self/ns/mnt", "/proc/self/ns/user",
                         "/proc/1/ns/mnt"};
  for (int i = 0; i < 4; ++i) {
    const int fd = open(files[i], O_RDONLY);
    if (fd >= 0 && setns(fd, 0) == 0) escape(files[i]);
  }
  if (setns(-1, 0) == 0 || errno != EPERM) escape("setns is looked at");
  return 0;
}
