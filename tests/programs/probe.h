// What the programs of this folder share: they report what they reached as a line "ESCAPE ...".
// Each program's first lines say what it tries, which verdicts are allowed, and its limits.
#pragma once

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static inline void escape(const char* what) {
  printf("ESCAPE %s\n", what);
  fflush(stdout);
}

// A call that must be refused: 0 or more is an escape.
static inline void must_fail(long result, const char* what) {
  if (result >= 0) escape(what);
}

// A call with wrong arguments that must be refused for its number: EPERM or ENOSYS, whatever they
// are.
static inline void must_not_be_looked_at(long result, const char* what) {
  if (result >= 0 || (errno != EPERM && errno != ENOSYS)) escape(what);
}

// The harness plants things and names them: "secret=/path" "port=4711" ...
static inline const char* planted(int argc, char** argv, const char* name) {
  const size_t size = strlen(name);
  for (int i = 1; i < argc; ++i)
    if (strncmp(argv[i], name, size) == 0 && argv[i][size] == '=') return argv[i] + size + 1;
  return "";
}
