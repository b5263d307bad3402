// Rows of the job table for people and for scripts. Follows cli.md, `daemonz-jobs`. Where the text
// goes is the caller's.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/json.h"
#include "job_table/table.h"

namespace daemonz::job_table {

/// Every fact that is there; times as text, JSON facts as JSON.
[[nodiscard]] json::object to_json(const Job& job);

/// The first line, of printable characters, cut to `width` bytes: what a handler threw must not
/// steer a terminal.
[[nodiscard]] std::string one_line(std::string_view text, std::size_t width);

/// Aligned columns with a head line; the last error is cut to one line.
[[nodiscard]] std::string table_text(const std::vector<Job>& jobs, WallTime now);

/// All facts of one job, one a line.
[[nodiscard]] std::string details_text(const Job& job);

}  // namespace daemonz::job_table
