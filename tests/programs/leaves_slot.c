// Leaves its core and its class of service.
// kind: probe
// allowed: OK
// never: it runs on another core or before others
#define _GNU_SOURCE
#include "probe.h"

#include <sched.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>

int main(void) {
  cpu_set_t all;
  memset(&all, 0xff, sizeof all);
  const struct sched_param first = {.sched_priority = 1};
  must_fail(sched_setaffinity(0, sizeof all, &all), "sched_setaffinity");
  must_fail(sched_setscheduler(0, SCHED_FIFO, &first), "real-time scheduling");
  must_fail(setpriority(PRIO_PROCESS, 0, -5), "a better priority");
  must_fail(mlockall(MCL_FUTURE), "mlockall");
  const struct rlimit more = {1 << 20, 1 << 20};
  must_fail(setrlimit(RLIMIT_NOFILE, &more), "more descriptors");
  must_fail(setrlimit(RLIMIT_NPROC, &more), "more processes");
  return 0;
}
