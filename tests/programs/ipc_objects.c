// Leaves System V objects behind: a segment, a queue, semaphores.
// allowed: OK
// never: the next run finds them
#define _GNU_SOURCE
#include "probe.h"

#include <sys/ipc.h>
#include <sys/msg.h>
#include <sys/sem.h>
#include <sys/shm.h>

int main(void) {
  shmget(0x4a11, 4096, IPC_CREAT | 0666);
  msgget(0x4a11, IPC_CREAT | 0666);
  semget(0x4a11, 1, IPC_CREAT | 0666);
  return 0;
}
