// Where the exception that failed an attempt was thrown, as lines for its last_error: delayed_job
// keeps a traceback there. Not for crashes: a signal unwinds nothing. Follows jobs.md, "errors per
// attempt", and the C++ ABI for exceptions (itanium-cxx-abi.github.io/cxx-abi/abi-eh.html).
//
// The stack is gone when an exception is caught, so throw_watch.cc stands before the C++ library's
// __cxa_throw in every program that holds a processor; what it does costs nothing until something
// is thrown, and one test of a pointer where no ThrowWatch lives on that thread. The library has to
// be the shared one (the compiler's default). Names come from the program's symbol table; where it
// was stripped, from what it exports: all but static functions and unnamed namespaces, as whoever
// links daemonz::processor links with -rdynamic. What has no name is PROGRAM+0xOFFSET, which
// addr2line -Cfe PROGRAM turns into a line.
#pragma once

#include <array>
#include <cstddef>
#include <string>
#include <typeinfo>

namespace daemonz::processor {

inline constexpr std::size_t throw_frames_max = 24;         ///< the innermost ones of one throw
inline constexpr std::size_t throw_line_size_max = 200;     ///< a template's name has no end
inline constexpr std::size_t throw_trace_size_max = 1'900;  ///< with its message an error_size_max

/// Notes each throw on this thread while it lives, in callees of the function that made it. At most
/// one per thread. What a handler's helper threads throw is not seen, so an exception that comes
/// over by std::exception_ptr has no trace. Threads: one.
class ThrowWatch {
 public:
  ThrowWatch();
  ~ThrowWatch();
  ThrowWatch(const ThrowWatch&) = delete;
  ThrowWatch& operator=(const ThrowWatch&) = delete;

  /// To be asked in the catch clause. `thrown`: the most derived object, or nullptr where the
  /// clause cannot know it. "NAME (PROGRAM+0xOFFSET)" per line, innermost first and without an end
  /// of line, our own dispatch left out. An exception that was thrown while another one was handled
  /// is followed by "while handling TYPE:" and where that one came from. Empty: not seen.
  [[nodiscard]] std::string trace_of(const void* thrown) const;

  struct Throw {
    const void* object = nullptr;
    const std::type_info* type = nullptr;
    std::size_t size = 0;
    std::array<const void*, throw_frames_max> frames;  ///< return addresses
  };
  /// By __cxa_throw only. `frame`: its own.
  void note(const void* object, const std::type_info* type, const void* frame) noexcept;

 private:
  const void* entry_;   ///< frames beyond it are the processor's
  Throw first_, last_;  ///< last_: thrown while first_ was handled
};

}  // namespace daemonz::processor
