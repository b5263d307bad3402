// Opens devices, and pushes input into a terminal.
// kind: probe
// allowed: OK
// never: a device beyond the five answers
#include "probe.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/ioctl.h>

int main(void) {
  const char* paths[] = {"/dev/mem",  "/dev/kmsg", "/dev/sda",          "/dev/vda",
                         "/dev/tty",  "/dev/tty0", "/dev/ptmx",         "/dev/console",
                         "/dev/fuse", "/dev/kvm",  "/dev/loop-control", "/dev/net/tun"};
  for (size_t i = 0; i < sizeof paths / sizeof *paths; ++i)
    must_fail(open(paths[i], O_RDWR | O_NOCTTY), paths[i]);
  must_fail(ioctl(0, TIOCSTI, "x"), "TIOCSTI");
  int count = 0;
  DIR* folder = opendir("/dev");
  while (folder && readdir(folder)) ++count;
  if (count > 12) escape("more devices than the list");
  return 0;
}
