// Makes a message queue, which the kernel keeps.
// kind: probe
// allowed: OK
// never: it gets one
#define _GNU_SOURCE
#include "probe.h"

#include <fcntl.h>
#include <mqueue.h>

int main(void) {
  const struct mq_attr large = {.mq_maxmsg = 10, .mq_msgsize = 8192};
  must_fail(mq_open("/daemonz-probe", O_RDWR | O_CREAT, 0600, &large), "a message queue");
  mq_unlink("/daemonz-probe");
  return 0;
}
