// Writes to the kernel's knobs in /proc, its own among them.
// kind: probe
// allowed: OK
// never: a knob moves
#include "probe.h"

#include <fcntl.h>

int main(void) {
  const char* paths[] = {"/proc/self/oom_score_adj",
                         "/proc/self/mem",
                         "/proc/self/coredump_filter",
                         "/proc/self/clear_refs",
                         "/proc/self/comm",
                         "/proc/self/uid_map",
                         "/proc/self/setgroups",
                         "/proc/sys/kernel/core_pattern",
                         "/proc/sys/user/max_user_namespaces",
                         "/proc/sysrq-trigger"};
  for (size_t i = 0; i < sizeof paths / sizeof *paths; ++i)
    must_fail(open(paths[i], O_WRONLY), paths[i]);
  return 0;
}
