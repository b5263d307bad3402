// Looking at a folder that a teacher or a student sent: sorted, symbolic links followed inside the
// root and refused out of it. Reads only; nothing here ever writes.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "base/unique_fd.h"
#include "base/units.h"

namespace daemonz::judge {

inline constexpr int folder_depth_max = 16;         ///< deeper is a loop of links or a mistake
inline constexpr int folder_entries_max = 100'000;  ///< the largest public packages have some 1,000

/// One entry of a folder. `path` is canonical: no links left in it.
struct Entry {
  std::string name;
  std::filesystem::path path;
  bool is_folder = false;
};

/// The entries of `folder`, sorted by name as bytes; hidden ones (".name") are left out. Throws
/// Error when one leads out of `root` (a canonical path), leads nowhere, or is no file or folder.
[[nodiscard]] std::vector<Entry> list_folder(const std::filesystem::path& folder,
                                             const std::filesystem::path& root);

/// All files below `folder`; names are relative to it ("a/b.h"). The same errors.
[[nodiscard]] std::vector<Entry> list_files(const std::filesystem::path& folder,
                                            const std::filesystem::path& root);

/// Something has this name; of a link, wherever it leads. Throws Error when that cannot be seen.
[[nodiscard]] bool is_there(const std::filesystem::path& path);

/// Canonical form of `path`, which must exist in `root`. Throws Error as above.
[[nodiscard]] std::filesystem::path inside(const std::filesystem::path& path,
                                           const std::filesystem::path& root);

/// Opens for reading, close-on-exec. Throws Error with errno.
[[nodiscard]] UniqueFd open_file(const std::filesystem::path& path);

/// The first `size_max` bytes of a file, or of an open one from offset 0 (its offset stays).
[[nodiscard]] std::string read_file(const std::filesystem::path& path, Bytes size_max);
[[nodiscard]] std::string read_file(int fd, Bytes size_max);

/// An anonymous file in memory for one run's output. `name` shows in /proc only.
[[nodiscard]] UniqueFd memory_file(const char* name);

/// The same open file once more, for reading only and from offset 0 (proc(5), /proc/self/fd).
[[nodiscard]] UniqueFd reopen_for_reading(int fd);

/// At most `size_max` bytes of a long text: its beginning and its end, with ".." between them.
[[nodiscard]] std::string clipped(std::string text, std::size_t size_max);

/// Text that may be printed, stored and put into JSON: at most `size_max` bytes of valid UTF-8,
/// without control characters but newline and tab; what does not fit is replaced by '?'.
[[nodiscard]] std::string printable(std::string_view text, std::size_t size_max);

}  // namespace daemonz::judge
