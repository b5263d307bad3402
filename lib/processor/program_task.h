// A job performed by any program: the envelope on stdin, the result as the last line of stdout,
// progress on descriptor 3, and the exit code as the outcome. Follows jobs.md, "Isolation per
// task".
//
//     tasks:
//       resize_picture: {exec: [bin/resize, --fast]}          # daemonz.yml
//
//     envelope = json.load(sys.stdin)                          # bin/resize, in Python
//     os.write(3, b'{"done": 1, "total": 2, "note": "read"}\n')
//     print(json.dumps({"width": 640}))                        # the result
//     sys.exit(0)                                              # 75: again, 65: kill, other: fail
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "offline_tasks/outcome.h"
#include "process/warm_process.h"
#include "processor/child_watch.h"

namespace daemonz::processor {

// sysexits.h
inline constexpr int exit_again = 75;  ///< EX_TEMPFAIL: not now, no attempt is counted
inline constexpr int exit_kill = 65;   ///< EX_DATAERR: never with this data, dead at once
/// A program cannot say when: so long after an exit_again.
inline constexpr Milliseconds program_again_wait{15'000};
inline constexpr std::size_t result_line_max = 256 << 10;  ///< of stdout's last line
inline constexpr std::size_t progress_line_max = 64
                                                 << 10;  ///< of descriptor 3; the rest is skipped

/// At its soft limit it gets SIGTERM, at its hard one its whole tree SIGKILL; a processor that
/// stops leaves it alone until the grace is over. Why it failed is the end of its stderr.
/// Throws as ChildWatch::wait.
[[nodiscard]] offline_tasks::Outcome perform_by_program(process::WarmProcess& warm,
                                                        const std::vector<std::string>& command,
                                                        const ChildWork& work);

/// One line of descriptor 3: {"done":1,"total":10,"note":"read"}, or "1 10 read". nullopt: neither.
[[nodiscard]] std::optional<offline_tasks::Progress> parse_progress(std::string_view line);

}  // namespace daemonz::processor
