// Reads a planted secret and other files of the host, by every name it can think of.
// kind: probe
// allowed: OK
// never: it reads it
#define _GNU_SOURCE
#include "probe.h"

#include <fcntl.h>

static void try_path(const char* path) {
  char text[64];
  const int fd = open(path, O_RDONLY | O_CLOEXEC);
  if (fd < 0) return;
  if (read(fd, text, sizeof text) > 0) escape(path);
  close(fd);
}

int main(int argc, char** argv) {
  const char* secret = planted(argc, argv, "secret");
  const char* prefixes[] = {"",
                            "/proc/1/root",
                            "/proc/self/root",
                            "/proc/self/root/..",
                            "/proc/self/cwd/../../..",
                            "../../../..",
                            "/usr/../..",
                            "/proc/self/fd/0/../..",
                            "/proc/self/task/../../1/cwd",
                            "/old_root"};
  for (size_t i = 0; i < sizeof prefixes / sizeof *prefixes; ++i) {
    char path[512];
    snprintf(path, sizeof path, "%s%s", prefixes[i], secret);
    try_path(path);
  }
  try_path("/etc/shadow");
  try_path("/etc/hostname");
  try_path("/etc/machine-id");
  try_path("/root/.bashrc");
  try_path("/root/.profile");
  try_path("/var/log/dpkg.log");
  try_path("/run/utmp");
  try_path("/sys/kernel/notes");
  try_path("/proc/kcore");
  try_path("/proc/kallsyms");
  try_path("/proc/version");
  try_path("/proc/1/environ");
  try_path("/proc/1/cmdline");
  try_path("/proc/1/maps");
  if (chdir("/sys/fs/cgroup") == 0) escape("/sys/fs/cgroup");
  return 0;
}
