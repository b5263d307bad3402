// System calls that leave errno alone: it belongs to the keeper too, whose memory init shares.
// Source: syscall(2), "Architecture calling conventions".
#pragma once

#include <sys/syscall.h>

namespace daemonz::sandbox {

/// The kernel's own answer: a result, or -errno.
inline long raw_call_of(long number, long a, long b, long c, long d, long e) noexcept {
#if defined(__x86_64__)
  register long fourth asm("r10") = d;
  register long fifth asm("r8") = e;
  asm volatile("syscall"
               : "+a"(number)
               : "D"(a), "S"(b), "d"(c), "r"(fourth), "r"(fifth)
               : "rcx", "r11", "memory");
  return number;
#elif defined(__aarch64__)
  register long call asm("x8") = number;
  register long first asm("x0") = a;
  register long second asm("x1") = b;
  register long third asm("x2") = c;
  register long fourth asm("x3") = d;
  register long fifth asm("x4") = e;
  asm volatile("svc 0"
               : "+r"(first)
               : "r"(call), "r"(second), "r"(third), "r"(fourth), "r"(fifth)
               : "memory");
  return first;
#else
#error "raw_call: how does a system call look on this architecture?"
#endif
}

inline long raw_argument(long number) noexcept { return number; }
inline long raw_argument(const void* address) noexcept { return reinterpret_cast<long>(address); }

/// Numbers and pointers, at most five.
template <class... Arguments>
long raw_call(long number, Arguments... arguments) noexcept {
  const long all[5] = {raw_argument(arguments)...};
  return raw_call_of(number, all[0], all[1], all[2], all[3], all[4]);
}

}  // namespace daemonz::sandbox
