// Calls the kernel by the 32-bit way, where numbers mean other calls.
// kind: probe
// allowed: SG
// never: the call is done
#include "probe.h"

int main(void) {
#ifdef __x86_64__
  long result = 20;  // getpid there, writev here
  __asm__ volatile("int $0x80" : "+a"(result) : : "memory", "r8", "r9", "r10", "r11");
  if (result >= 0) escape("int 0x80");
  return 0;
#else
  abort();
#endif
}
