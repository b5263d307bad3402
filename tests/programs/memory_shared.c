// Four children read what their parent has written: together they hold it once, within the limit.
// allowed: OK
// never: shared pages count more than once
// limits: memory=64M wall=3s
#include "probe.h"

#include <sys/wait.h>
#include <time.h>

int main(void) {
  const size_t size = 36 << 20;
  volatile char* const block = malloc(size);
  if (!block) return 1;
  memset((char*)block, 1, size);
  for (int i = 0; i < 4; ++i) {
    if (fork() != 0) continue;
    long sum = 0;
    for (size_t at = 0; at < size; at += 4096) sum += block[at];
    const struct timespec a_while = {0, 200 * 1000 * 1000};  // some looks long
    nanosleep(&a_while, NULL);
    _exit(sum == (long)(size / 4096) ? 0 : 1);
  }
  int status = 0, failed = 0;
  while (wait(&status) > 0) failed |= status;
  return failed != 0;
}
