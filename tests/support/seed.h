// The seed of a test run: DAEMONZ_SEED, or a fresh one. Printed by test_main.
#pragma once

#include <cstdint>
#include <cstdlib>
#include <random>

namespace daemonz::tests {

inline std::uint64_t seed() {
  static const std::uint64_t chosen = [] {
    if (const char* given = std::getenv("DAEMONZ_SEED")) return std::strtoull(given, nullptr, 10);
    return static_cast<unsigned long long>(std::random_device{}());
  }();
  return chosen;
}

}  // namespace daemonz::tests
