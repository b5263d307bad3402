// A library for LD_PRELOAD: it watches, and where it is told to breaks, what the unchanged program
// does to the disk below one folder. Not a file system: the calls really happen. Power cuts are
// computed from its log (power_cut.py); kill -9 alone never tests a sync.
//
//   DAEMONZ_DISK_FOLDER  the folder that is watched (absolute)
//   DAEMONZ_DISK_LOG     the log of operations, appended to, outside of that folder. A change is
//                        logged before it is done, a sync when it begins and when it is done;
//                        all but the syncs under one lock, so that a sync covers every change that
//                        stands before its begin.
//   DAEMONZ_DISK_FAULT   rules CALL[@NAME]:N[+]:ACTION, separated by commas: what happens at the
//                        N-th such call (+: and at all later ones) on files whose name contains
//                        NAME. CALL: create write sync sync_folder rename truncate allocate unlink
//                        read any. ACTION: EIO, ENOSPC (the call fails and does nothing), short (a
//                        write takes half), die (SIGKILL before the call), forget (a sync that
//                        claims to have synced: not done, not logged).
//
// Log entry: Entry, then name_size bytes of the name relative to the folder, then data_size bytes.
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdarg>

#include "faults/watch.h"

using namespace daemonz::tests;

namespace {

int open_watched(int parent, const char* path, int flags, mode_t mode) {
  auto& watch = Watch::get();
  const auto name = watch.name_of(path);
  if (!name) return NEXT(openat)(parent, path, flags, mode);
  const std::lock_guard lock(watch.mutex);
  struct stat facts {};
  const bool is_new = (flags & O_CREAT) != 0 && ::lstat(path, &facts) < 0;
  if (is_new) {
    if (const auto fault = watch.count(Call::create, *name); fault.action == Action::fail) {
      errno = fault.code;
      return -1;
    }
    watch.log_create(*name);
  }
  const int fd = NEXT(openat)(parent, path, flags, mode);
  if (fd < 0) return fd;
  watch.add(fd, *name, is_new);
  if (!is_new && (flags & O_TRUNC) != 0)
    watch.log({.op = Op::truncate, .file = watch.opened(fd)->file, .number = 0});
  return fd;
}

template <class Write>
ssize_t write_watched(int fd, const iovec* pieces, int count, off_t offset, const Write& write) {
  auto& watch = Watch::get();
  std::unique_lock lock(watch.mutex);
  const auto* opened = watch.is_on() ? watch.opened(fd) : nullptr;
  if (!opened) {
    lock.unlock();
    return write(pieces, count);
  }
  const auto fault = watch.count(Call::write, opened->name);
  if (fault.action == Action::fail) {
    errno = fault.code;
    return -1;
  }
  if (offset < 0)
    offset = ::lseek(fd, 0, (::fcntl(fd, F_GETFL) & O_APPEND) != 0 ? SEEK_END : SEEK_CUR);
  std::vector<iovec> some(pieces, pieces + count);
  if (fault.action == Action::half) {
    some.resize(1);
    some.front().iov_len = (some.front().iov_len + 1) / 2;
  }
  watch.log_write(opened->file, offset, some);
  return write(some.data(), static_cast<int>(some.size()));
}

template <class Sync>
int sync_watched(int fd, const Sync& sync) {
  auto& watch = Watch::get();
  std::unique_lock lock(watch.mutex);
  const auto* found = watch.is_on() ? watch.opened(fd) : nullptr;
  if (!found) {
    lock.unlock();
    return sync();
  }
  const auto opened = *found;
  const auto fault = watch.count(opened.is_folder ? Call::sync_folder : Call::sync, opened.name);
  if (fault.action == Action::forget) return 0;
  if (fault.action == Action::fail) {
    errno = fault.code;
    return -1;
  }
  const auto number = watch.next_number();
  const auto name = opened.is_folder ? opened.name : std::string();
  watch.log({.op = opened.is_folder ? Op::folder_begin : Op::sync_begin,
             .file = opened.file,
             .number = number},
            name);
  lock.unlock();
  const int code = sync();
  if (code != 0) return code;
  lock.lock();
  watch.log({.op = opened.is_folder ? Op::folder_end : Op::sync_end,
             .file = opened.file,
             .number = number},
            name);
  return 0;
}

/// A change of a file's size. `code_of` makes it; 0, or what the caller returns.
template <class Change>
int resize_watched(int fd, Call call, Op op, off_t size, int& failed, const Change& change) {
  auto& watch = Watch::get();
  std::unique_lock lock(watch.mutex);
  const auto* opened = watch.is_on() ? watch.opened(fd) : nullptr;
  if (!opened) {
    lock.unlock();
    return change();
  }
  if (const auto fault = watch.count(call, opened->name); fault.action == Action::fail) {
    failed = fault.code;
    return -1;
  }
  watch.log({.op = op, .file = opened->file, .number = static_cast<std::uint64_t>(size)});
  return change();
}

/// A change of a folder's entries.
template <class Change>
int entry_watched(const char* path, Call call, const Change& change) {
  auto& watch = Watch::get();
  const auto name = watch.name_of(path);
  if (!name) return change(nullptr, std::string());
  const std::lock_guard lock(watch.mutex);
  if (const auto fault = watch.count(call, *name); fault.action == Action::fail) {
    errno = fault.code;
    return -1;
  }
  return change(&watch, *name);
}

}  // namespace

extern "C" {

int open(const char* path, int flags, ...) {
  va_list more;
  va_start(more, flags);
  const mode_t mode = (flags & O_CREAT) != 0 ? va_arg(more, mode_t) : 0;
  va_end(more);
  return open_watched(AT_FDCWD, path, flags, mode);
}
int open64(const char* path, int flags, ...) __attribute__((alias("open")));

int openat(int parent, const char* path, int flags, ...) {
  va_list more;
  va_start(more, flags);
  const mode_t mode = (flags & O_CREAT) != 0 ? va_arg(more, mode_t) : 0;
  va_end(more);
  if (parent != AT_FDCWD && path[0] != '/') return NEXT(openat)(parent, path, flags, mode);
  return open_watched(parent, path, flags, mode);
}
int openat64(int parent, const char* path, int flags, ...) __attribute__((alias("openat")));

int close(int fd) {
  auto& watch = Watch::get();
  if (watch.is_on()) {
    const std::lock_guard lock(watch.mutex);
    watch.closed(fd);
  }
  return NEXT(close)(fd);
}

ssize_t pwritev(int fd, const iovec* pieces, int count, off_t offset) {
  return write_watched(fd, pieces, count, offset, [&](const iovec* some, int left) {
    return NEXT(pwritev)(fd, some, left, offset);
  });
}
ssize_t pwritev64(int, const iovec*, int, off_t) __attribute__((alias("pwritev")));

ssize_t writev(int fd, const iovec* pieces, int count) {
  return write_watched(fd, pieces, count, -1,
                       [&](const iovec* some, int left) { return NEXT(writev)(fd, some, left); });
}

ssize_t pwrite(int fd, const void* bytes, size_t size, off_t offset) {
  const iovec piece{const_cast<void*>(bytes), size};
  return write_watched(fd, &piece, 1, offset, [&](const iovec* some, int) {
    return NEXT(pwrite)(fd, bytes, some->iov_len, offset);
  });
}
ssize_t pwrite64(int, const void*, size_t, off_t) __attribute__((alias("pwrite")));

ssize_t write(int fd, const void* bytes, size_t size) {
  const iovec piece{const_cast<void*>(bytes), size};
  return write_watched(fd, &piece, 1, -1, [&](const iovec* some, int) {
    return NEXT(write)(fd, bytes, some->iov_len);
  });
}

ssize_t pread(int fd, void* to, size_t size, off_t offset) {
  auto& watch = Watch::get();
  if (watch.is_on()) {
    const std::lock_guard lock(watch.mutex);
    const auto* opened = watch.opened(fd);
    if (opened != nullptr) {
      if (const auto fault = watch.count(Call::read, opened->name); fault.action == Action::fail) {
        errno = fault.code;
        return -1;
      }
    }
  }
  return NEXT(pread)(fd, to, size, offset);
}
ssize_t pread64(int, void*, size_t, off_t) __attribute__((alias("pread")));

int fdatasync(int fd) {
  return sync_watched(fd, [&] { return NEXT(fdatasync)(fd); });
}
int fsync(int fd) {
  return sync_watched(fd, [&] { return NEXT(fsync)(fd); });
}

int ftruncate(int fd, off_t size) noexcept {
  int failed = 0;
  const int code = resize_watched(fd, Call::truncate, Op::truncate, size, failed,
                                  [&] { return NEXT(ftruncate)(fd, size); });
  if (failed != 0) errno = failed;
  return code;
}
int ftruncate64(int, off_t) noexcept __attribute__((alias("ftruncate")));

int posix_fallocate(int fd, off_t offset, off_t size) {
  int failed = 0;
  const int code = resize_watched(fd, Call::allocate, Op::allocate, offset + size, failed,
                                  [&] { return NEXT(posix_fallocate)(fd, offset, size); });
  return failed != 0 ? failed : code;
}
int posix_fallocate64(int, off_t, off_t) __attribute__((alias("posix_fallocate")));

int fallocate(int fd, int mode, off_t offset, off_t size) {
  int failed = 0;
  const int code = resize_watched(fd, Call::allocate, Op::allocate, offset + size, failed,
                                  [&] { return NEXT(fallocate)(fd, mode, offset, size); });
  if (failed != 0) errno = failed;
  return code;
}
int fallocate64(int, int, off_t, off_t) __attribute__((alias("fallocate")));

int rename(const char* from, const char* to) noexcept {
  return entry_watched(from, Call::rename, [&](Watch* watch, const std::string& name) {
    if (watch != nullptr) watch->log_rename(name, watch->name_of(to).value_or("?"));
    return NEXT(rename)(from, to);
  });
}

int unlink(const char* path) noexcept {
  return entry_watched(path, Call::unlink, [&](Watch* watch, const std::string& name) {
    struct stat facts {};
    if (watch != nullptr && ::lstat(path, &facts) == 0) watch->log_unlink(name);
    return NEXT(unlink)(path);
  });
}

int mkdir(const char* path, mode_t mode) noexcept {
  return entry_watched(path, Call::create, [&](Watch* watch, const std::string& name) {
    struct stat facts {};
    if (watch != nullptr && ::lstat(path, &facts) < 0) watch->log({.op = Op::mkdir}, name);
    return NEXT(mkdir)(path, mode);
  });
}

}  // extern "C"
