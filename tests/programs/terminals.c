// Looks for terminals, and makes one.
// kind: probe
// allowed: OK
// never: it gets one
#define _GNU_SOURCE
#include "probe.h"

#include <fcntl.h>
#include <sys/ioctl.h>

int main(void) {
  const char* files[] = {"/dev/tty", "/dev/ptmx", "/dev/console", "/dev/tty0", "/dev/pts/0"};
  for (int i = 0; i < 5; ++i)
    if (open(files[i], O_RDWR | O_NOCTTY) >= 0) escape(files[i]);
  must_fail(posix_openpt(O_RDWR | O_NOCTTY), "a new terminal");
  char byte = 'x';
  if (ioctl(0, TIOCSTI, &byte) == 0 || errno != EPERM) escape("TIOCSTI is looked at");
  return 0;
}
