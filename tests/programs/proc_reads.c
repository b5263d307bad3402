// Reads what /proc tells of the machine and of others.
// kind: probe
// allowed: OK
// never: it learns anything of them
#include "probe.h"

#include <fcntl.h>

int main(void) {
  const char* files[] = {"/proc/kallsyms",      "/proc/cpuinfo",     "/proc/meminfo",
                         "/proc/modules",       "/proc/version",     "/proc/sys/kernel/hostname",
                         "/proc/net/unix",      "/proc/cmdline",     "/proc/uptime",
                         "/proc/sched_debug",   "/proc/interrupts",  "/proc/sysvipc/shm",
                         "/proc/keys",          "/proc/partitions",  "/proc/loadavg"};
  for (size_t i = 0; i < sizeof files / sizeof *files; ++i)
    if (open(files[i], O_RDONLY) >= 0) escape(files[i]);
  return 0;
}
