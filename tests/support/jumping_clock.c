// In front of libc: the system's clock is ahead by the seconds that stand in the file CLOCK_OFFSET.
// With CLOCK_ALSO the monotonic one is, too: the control, a program that trusts the wrong clock.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>
int clock_gettime(clockid_t id, struct timespec* now) {
  static int (*real)(clockid_t, struct timespec*);
  if (!real) real = (int (*)(clockid_t, struct timespec*))dlsym(RTLD_NEXT, "clock_gettime");
  const int result = real(id, now);
  const char* also = getenv("CLOCK_ALSO");
  if (id == CLOCK_REALTIME || (id == CLOCK_MONOTONIC && also && *also)) {
    char text[32] = {0};
    const int fd = open(getenv("CLOCK_OFFSET"), O_RDONLY | O_CLOEXEC);
    if (fd >= 0 && read(fd, text, sizeof text - 1) > 0) now->tv_sec += atol(text);
    if (fd >= 0) close(fd);
  }
  return result;
}
