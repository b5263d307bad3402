// Does what its arguments say, for random runs whose verdicts are known beforehand
// (tests/shown/sandbox/02_two_slots): exit N, signal N, print BYTES, touch MIB, work ROUNDS, spin,
// wait, children N. Without arguments it does nothing.
// allowed: none
// never: a verdict other than the one that is due
#include "probe.h"

#include <signal.h>
#include <sys/wait.h>

// A student's kind of work: arithmetic over a table that fits the first cache.
static unsigned work(long rounds) {
  static unsigned table[4096];
  unsigned sum = 1;
  for (long round = 0; round < rounds; ++round)
    for (unsigned i = 0; i < 4096; ++i) {
      sum = sum * 1664525 + 1013904223;
      table[(sum >> 16) & 4095] += sum ^ table[i];
    }
  return sum + table[sum & 4095];
}

static void print(long size) {
  static char block[4096];
  memset(block, 'x', sizeof block);
  while (size > 0) {
    const size_t part = size < (long)sizeof block ? (size_t)size : sizeof block;
    const ssize_t written = write(1, block, part);
    if (written <= 0) return;
    size -= written;
  }
}

int main(int argc, char** argv) {
  const char* what = argc > 1 ? argv[1] : "";
  const long number = argc > 2 ? atol(argv[2]) : 0;
  if (strcmp(what, "exit") == 0) return (int)number;
  if (strcmp(what, "signal") == 0) return raise((int)number);
  if (strcmp(what, "print") == 0) print(number);
  if (strcmp(what, "touch") == 0) memset(malloc((size_t)number << 20), 1, (size_t)number << 20);
  if (strcmp(what, "work") == 0) return work(number) == 42;
  if (strcmp(what, "wait") == 0) pause();
  while (strcmp(what, "spin") == 0) {
  }
  if (strcmp(what, "children") == 0) {
    for (long i = 0; i < number; ++i)
      if (fork() == 0) _exit(work(10) == 42);
    while (wait(NULL) > 0) {
    }
  }
  return 0;
}
