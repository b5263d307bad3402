// Writes where a program has nothing to write: the system's folders, its own image.
// kind: probe
// allowed: OK
// never: it writes
#include "probe.h"

#include <fcntl.h>
#include <sys/stat.h>

int main(void) {
  const char* paths[] = {"/x",          "/usr/x",       "/usr/bin/x",   "/etc/x",       "/dev/x",
                         "/program/x",  "/proc/x",      "/usr/local/x", "/bin/x",       "/lib/x",
                         "/etc/passwd", "/usr/bin/env", "/var/x",       "/dev/shm/../x",
                         "/var/tmp/daemonz-probe"};
  for (size_t i = 0; i < sizeof paths / sizeof *paths; ++i)
    must_fail(open(paths[i], O_WRONLY | O_CREAT, 0600), paths[i]);
  unlink("/var/tmp/daemonz-probe");
  const int image = open("/proc/self/exe", O_WRONLY);
  if (image >= 0 && write(image, "x", 1) == 1) escape("its own image");
  must_fail(chmod("/usr", 0777), "chmod /usr");
  must_fail(chmod("/box/..", 0777), "chmod /");
  must_fail(unlink("/etc/passwd"), "unlink /etc/passwd");
  must_fail(rename("/usr/bin", "/usr/x"), "rename /usr/bin");
  return 0;
}
