// What is fuzzed, as plain functions: libFuzzer calls them with what it makes up (libfuzzer.cc), a
// test with the kept corpus (fuzz_test.cc). A broken promise aborts the process with its reason.
#pragma once

#include <string_view>

namespace daemonz::fuzz {

/// Two clients send arbitrary bytes in arbitrary pieces: bounded output, short reply lines, and a
/// `version` behind it all is answered. Bytes: pieces of (1 byte: 1 bit client, 7 bits size; size
/// bytes).
void parse(std::string_view input);

/// A data folder with arbitrary changes, also well-sealed records of arbitrary fields: the store
/// opens or throws Error; what opens can be drained and opened again. Bytes: see recovery.cc.
void recover(std::string_view input);

[[noreturn]] void broken(const char* promise, std::string_view evidence);

}  // namespace daemonz::fuzz
