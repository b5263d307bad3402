// Leaves a grandchild that writes when the program itself has ended.
// allowed: OK
// never: the late words are in the output
// expect: stdout_bytes=6 stdout_cut=0
#define _GNU_SOURCE
#include "probe.h"

int main(void) {
  if (fork() == 0) {
    setsid();
    if (fork() == 0) {
      usleep(100000);
      write(1, "late", 4);
      _exit(0);
    }
    _exit(0);
  }
  write(1, "early\n", 6);
  return 0;
}
