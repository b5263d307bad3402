// Looks for processes beyond its own run: by number, and in /proc.
// kind: probe
// allowed: OK
// never: it sees one
#include "probe.h"

#include <dirent.h>
#include <signal.h>

int main(int argc, char** argv) {
  const int harness = atoi(planted(argc, argv, "pid"));
  char text[64];
  // EPERM says that it exists as much as success does.
  if (harness > 1 && harness != getpid() && (kill(harness, 0) == 0 || errno == EPERM))
    escape("the harness is in sight");
  for (int pid = 2; pid < 40000; ++pid) {
    if (pid == getpid() || (kill(pid, 0) != 0 && errno == ESRCH)) continue;
    snprintf(text, sizeof text, "process %d is in sight", pid);
    escape(text);
    break;
  }
  if (getppid() != 1 && getppid() != 0) escape("the parent is not init");
  DIR* folder = opendir("/proc");
  for (struct dirent* entry; folder && (entry = readdir(folder));) {
    const int pid = atoi(entry->d_name);
    if (pid == 0 || pid == getpid()) continue;
    snprintf(text, sizeof text, "/proc/%d is in sight", pid);
    escape(text);
  }
  return 0;
}
