// System calls that no course program needs.
// kind: probe
// allowed: OK
// never: one of them is done
#define _GNU_SOURCE
#include "probe.h"

#include <linux/perf_event.h>
#include <sys/personality.h>
#include <sys/syscall.h>

int main(void) {
  char parameters[256] = {0};
  struct perf_event_attr event = {.type = PERF_TYPE_SOFTWARE, .size = sizeof event};
  must_fail(syscall(SYS_io_uring_setup, 4, parameters), "io_uring");
  must_fail(syscall(SYS_bpf, 0, parameters, sizeof parameters), "bpf");
  must_fail(syscall(SYS_perf_event_open, &event, 0, -1, -1, 0), "perf_event_open");
  must_fail(syscall(SYS_userfaultfd, 1), "userfaultfd");
  must_fail(syscall(SYS_memfd_secret, 0), "memfd_secret");
  must_fail(syscall(SYS_fanotify_init, 0, 0), "fanotify_init");
  must_fail(syscall(SYS_open_by_handle_at, -100, parameters, 0), "open_by_handle_at");
  must_fail(syscall(SYS_modify_ldt, 0, parameters, 16), "modify_ldt");
  must_fail(personality(ADDR_NO_RANDOMIZE), "personality");
  must_fail(syscall(SYS_syslog, 3, parameters, 10), "the kernel's log");
  must_fail(syscall(462, parameters, 0, 0), "a call newer than the filter");
  return 0;
}
