// The entry that libFuzzer calls; DAEMONZ_FUZZ_TARGET is one of targets.h.
#include <cstddef>
#include <cstdint>

#include "base/log.h"
#include "fuzz/targets.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const bool is_silent = (daemonz::log::set_level(daemonz::log::Level::off), true);
  if (!is_silent) return 0;
  daemonz::fuzz::DAEMONZ_FUZZ_TARGET({reinterpret_cast<const char*>(data), size});
  return 0;
}
