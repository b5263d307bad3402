// Judging in the front end's own process: no queue, no tables, no processor, and the same sandbox.
// Not a faster way: for trying a package out. Follows cli.md, `course judge --local`.
#pragma once

#include <string>
#include <vector>

#include "course/front_end.h"
#include "course/store.h"
#include "judge/package.h"
#include "sandbox/run.h"

namespace daemonz::course {

struct LocalOptions {
  std::string state_folder;  ///< holds the slots' locks
  std::string keeper_path;   ///< empty: as sandbox::SlotOptions
  int slots = 1;             ///< how many submissions are judged at once
  sandbox::LimitMode limit_mode = sandbox::LimitMode::automatic;
};

/// Judges `rows` (rows_of), one thread per slot; results in their order. Call it before threads
/// exist. Throws Error: no slot, no time limit, a file that cannot be read.
[[nodiscard]] std::vector<ResultRow> judge_here(const judge::Package& package,
                                                const std::vector<SubmissionRow>& rows,
                                                const LocalOptions& options, const Watch& watch);

}  // namespace daemonz::course
