// Makes files whose names no program likes.
// allowed: OK
// never: anything outside stumbles over them
#include "probe.h"

#include <fcntl.h>

int main(void) {
  char name[300];
  memset(name, 'n', sizeof name);
  name[255] = '\0';
  const char* names[] = {"a\nb", "-rf", "*", " ", "\x80\xff", "\033[2J", "..a", "$(id)", name};
  for (size_t i = 0; i < sizeof names / sizeof *names; ++i) {
    const int fd = open(names[i], O_WRONLY | O_CREAT, 0);
    if (fd < 0) return 1;
    close(fd);
  }
  return 0;
}
