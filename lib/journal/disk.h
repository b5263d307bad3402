// The seam between the journal and the disk: files written at offsets, synced, renamed, removed.
// Not a general file library: only what a log needs. The real one is real_disk(); MemoryDisk keeps
// everything in RAM; tests put a disk in between that drops unsynced bytes, tears or fails.
#pragma once

#include <sys/uio.h>

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/unique_fd.h"

namespace daemonz::journal {

/// One open file. Threads: any for sync(); one for the rest. Every function throws Error with errno
/// in code() when the disk refuses (ENOSPC, EIO, ..).
class DiskFile {
 public:
  virtual ~DiskFile() = default;
  /// All bytes of all pieces at `offset` (short writes are continued). pwritev(2).
  virtual void write_at(std::uint64_t offset, std::span<const iovec> pieces) = 0;
  /// Up to `size` bytes; fewer only at the end of the file. pread(2).
  [[nodiscard]] virtual std::size_t read_at(std::uint64_t offset, char* to,
                                            std::size_t size) const = 0;
  /// What was written survives a power cut when this returns. fdatasync(2).
  virtual void sync() = 0;
  /// Reserves space for the first `size` bytes (they read as zeros). posix_fallocate(3).
  virtual void allocate(std::uint64_t size) = 0;
  virtual void truncate(std::uint64_t size) = 0;
  [[nodiscard]] virtual std::uint64_t size() const = 0;
  /// Disk::rename() has moved it: errors name the new path from here on.
  virtual void moved_to(const std::string&) {}
};

/// Writes `size` zeros at the start: space that later writes need no new metadata for.
void fill_with_zeros(DiskFile& file, std::uint64_t size);

/// Of the file system below a folder, in bytes.
struct DiskSpace {
  std::uint64_t total = UINT64_MAX;
  std::uint64_t available = UINT64_MAX;  ///< for this user
};

/// The files of one machine. Threads: any. Functions throw Error with errno in code().
class Disk {
 public:
  virtual ~Disk() = default;
  enum class Open { existing, create_new };  ///< create_new: an old file of that name is emptied
  [[nodiscard]] virtual std::unique_ptr<DiskFile> open(const std::string& path, Open how) = 0;
  /// The names (not paths) of the files in `folder`, in any order.
  [[nodiscard]] virtual std::vector<std::string> list(const std::string& folder) = 0;
  virtual void make_folder(const std::string& folder) = 0;  ///< parents too; fine if it is there
  virtual void rename(const std::string& from, const std::string& to) = 0;
  virtual void remove(const std::string& path) = 0;
  /// Makes creations, renames and removals in `folder` survive a power cut. fsync(2) of a folder.
  virtual void sync_folder(const std::string& folder) = 0;
  [[nodiscard]] virtual DiskSpace space(const std::string& folder) = 0;  ///< statvfs(3)
  /// Keeps other processes out of `folder` while the descriptor lives (flock(2)). Throws Error that
  /// names the pid of the one that holds it.
  [[nodiscard]] virtual UniqueFd lock(const std::string& folder) = 0;
};

/// POSIX files. Lives for the whole process.
[[nodiscard]] Disk& real_disk();

}  // namespace daemonz::journal
