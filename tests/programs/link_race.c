// Swaps the file that is to be collected for a link to the secret and back, as fast as it can, and
// ends in the middle.
// allowed: OK
// never: the secret is collected
// collect: result
// limits: cpu=2s
#define _GNU_SOURCE
#include "probe.h"

#include <fcntl.h>

int main(int argc, char** argv) {
  const char* secret = planted(argc, argv, "secret");
  symlink(secret, "/box/link");
  close(open("/box/file", O_WRONLY | O_CREAT, 0644));
  for (int i = 0; i < 4; ++i)
    if (fork() == 0)
      for (;;) {
        link("/box/file", "/box/result");
        rename("/box/link", "/box/result");
        symlink(secret, "/box/link");
        unlink("/box/result");
      }
  usleep(50000);
  return 0;
}
