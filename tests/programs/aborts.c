// Gives up by abort(3), and asks for a core file.
// allowed: SG
// never: the signal is taken for a limit of ours
// expect: signal=6
#include "probe.h"

#include <sys/resource.h>

int main(void) {
  const struct rlimit much = {1 << 20, 1 << 20};
  if (setrlimit(RLIMIT_CORE, &much) == 0) escape("a core file may be written");
  abort();
}
