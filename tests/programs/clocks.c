// Sets clocks and the machine's name, and switches things off.
// kind: probe
// allowed: OK
// never: the machine's clock, name or modules change
#define _GNU_SOURCE
#include "probe.h"

#include <sys/reboot.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/timex.h>
#include <time.h>

int main(void) {
  struct timespec now;
  struct timex nothing = {0};
  clock_gettime(CLOCK_REALTIME, &now);
  must_fail(clock_settime(CLOCK_REALTIME, &now), "clock_settime");
  must_fail(adjtimex(&nothing), "adjtimex");
  must_fail(sethostname("x", 1), "sethostname");
  must_fail(reboot(RB_DISABLE_CAD), "reboot");
  must_fail(syscall(SYS_swapoff, "/box/swap"), "swapoff");
  must_fail(syscall(SYS_init_module, "", 0, ""), "init_module");
  must_fail(acct(NULL), "acct");
  return 0;
}
