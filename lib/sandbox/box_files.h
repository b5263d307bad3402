// Files into /box before a run, and out of it afterwards. Names come from task packages and
// students: a name is checked before it is used, and nothing is followed out of the box.
// Follows sandbox.md, point 9. Sources: openat2(2).
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/unique_fd.h"
#include "base/units.h"
#include "sandbox/run.h"

namespace daemonz::sandbox {

inline constexpr std::size_t file_name_size_max = 1024;  ///< far below PATH_MAX, deep enough
inline constexpr std::size_t collected_files_max = 64;   ///< of one run; each is a descriptor
inline constexpr int collected_depth_max = 8;            ///< folders in a collected one

/// Relative, no empty, "." or ".." component, no NUL, not too long.
[[nodiscard]] bool is_box_name(std::string_view name);

/// Writes the regular file `from` as `name` below `folder`, with the folders that the name needs.
/// Throws Error "file NAME" (EEXIST, ENOSPC: the scratch limit, ..).
void place_file(int folder, const std::string& name, int from, bool is_executable);

/// The regular file `name` below `folder`, as a sealed memfd; nothing is followed out of it. Not
/// open: there is no such file, or it is longer than `size_max`. Throws Error "collect" when the
/// copy fails.
struct Collected {
  UniqueFd fd;
  Bytes size;
};
[[nodiscard]] Collected collect_file(int folder, const std::string& name, Bytes size_max);

/// The same for every regular file below `name` ("feedback/"), appended to `files`. Throws Error
/// when that makes more than collected_files_max, or folders lie too deep: half of it is no use.
void collect_folder(int folder, const std::string& name, Bytes size_max,
                    std::vector<CollectedFile>& files);

}  // namespace daemonz::sandbox
