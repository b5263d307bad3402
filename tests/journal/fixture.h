// What the journal's tests have in common: the words, and where the log stands. Not the logs in
// verbs: each file has its own.
#pragma once

#include <doctest/doctest.h>

#include <string>

#include "base/error.h"
#include "journal/journal.h"
#include "journal/recovery.h"
#include "support/faulty_disk.h"
#include "support/seed.h"

namespace daemonz::tests {

using journal::Commit;
using journal::Journal;

inline constexpr journal::RecordType note = 5;
inline const std::string folder = "/log";

}  // namespace daemonz::tests
