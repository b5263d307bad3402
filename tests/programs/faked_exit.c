// A child ends with 0 while the program itself dies.
// allowed: SG
// never: the child's end is taken for the program's
// expect: signal=7
#include "probe.h"

#include <signal.h>
#include <sys/wait.h>

int main(void) {
  if (fork() == 0) _exit(0);
  wait(NULL);
  raise(SIGBUS);
  return 0;
}
