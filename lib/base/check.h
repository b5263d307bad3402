// Bugs: a broken invariant is logged and the process aborts; its supervisor starts it again.
// Not for bad input (base/error.h) and not for outcomes (return values).
#pragma once

namespace daemonz {

/// Writes "file:line: check failed: expression (why)" to stderr and aborts. Async-signal-safe.
[[noreturn]] void check_failed(const char* file, int line, const char* expression,
                               const char* why) noexcept;

}  // namespace daemonz

/// DAEMONZ_CHECK(count > 0, "a released lease was released again")
#define DAEMONZ_CHECK(expression, why)                                                \
  do {                                                                                \
    if (!(expression)) ::daemonz::check_failed(__FILE__, __LINE__, #expression, why); \
  } while (false)
