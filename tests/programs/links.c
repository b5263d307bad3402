// Makes links to what it must not read, and reads through them.
// kind: probe
// allowed: OK
// never: it reads the secret
#include "probe.h"

#include <fcntl.h>

int main(int argc, char** argv) {
  const char* secret = planted(argc, argv, "secret");
  char text[64] = "";
  symlink(secret, "/tmp/soft");
  link(secret, "/tmp/hard");
  symlink("/proc/self/root", "/tmp/root");
  symlink("/proc/1/root", "/tmp/init");
  char through[4200];
  const char* ways[] = {"/tmp/soft", "/tmp/hard"};
  for (int i = 0; i < 2; ++i) {
    const int fd = open(ways[i], O_RDONLY);
    if (fd >= 0 && read(fd, text, sizeof text - 1) > 0) escape(ways[i]);
  }
  for (int i = 0; i < 2; ++i) {
    snprintf(through, sizeof through, "%s%s", i ? "/tmp/init" : "/tmp/root", secret);
    if (open(through, O_RDONLY) >= 0) escape(through);
  }
  unlink("/tmp/soft");
  unlink("/tmp/hard");
  unlink("/tmp/root");
  unlink("/tmp/init");
  return 0;
}
