#include "base/check.h"

#include <unistd.h>

#include <cstdio>
#include <cstdlib>

namespace daemonz {

void check_failed(const char* file, int line, const char* expression, const char* why) noexcept {
  char text[512];
  const int size = std::snprintf(text, sizeof text, "%s:%d: check failed: %s (%s)\n", file, line,
                                 expression, why);
  if (size > 0) {
    const auto length =
        static_cast<unsigned>(size) < sizeof text ? static_cast<unsigned>(size) : sizeof text - 1;
    [[maybe_unused]] const auto written = ::write(STDERR_FILENO, text, length);
  }
  std::abort();
}

}  // namespace daemonz
