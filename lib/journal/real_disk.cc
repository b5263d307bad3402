// The disk of POSIX.
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <filesystem>

#include "base/error.h"
#include "base/unique_fd.h"
#include "journal/disk.h"

namespace daemonz::journal {
namespace {

constexpr const char* free_space = "Free space on the disk of the data folder";
constexpr mode_t file_mode = 0640;  // bodies are private to the site's user and group

class RealFile final : public DiskFile {
 public:
  RealFile(UniqueFd fd, std::string path) : fd_(std::move(fd)), path_(std::move(path)) {}

  void write_at(std::uint64_t offset, std::span<const iovec> pieces) override {
    std::vector<iovec> left(pieces.begin(), pieces.end());
    auto next = left.begin();
    while (next != left.end()) {
      const auto count = static_cast<int>(left.end() - next);
      const ssize_t done = ::pwritev(fd_.get(), &*next, count, static_cast<off_t>(offset));
      if (done < 0 && errno == EINTR) continue;
      if (done < 0) throw_errno("cannot write", path_);
      offset += static_cast<std::uint64_t>(done);
      auto taken = static_cast<std::size_t>(done);
      while (next != left.end() && taken >= next->iov_len) taken -= (next++)->iov_len;
      if (next == left.end()) break;
      next->iov_base = static_cast<char*>(next->iov_base) + taken;
      next->iov_len -= taken;
    }
  }

  std::size_t read_at(std::uint64_t offset, char* to, std::size_t size) const override {
    std::size_t have = 0;
    while (have < size) {
      const ssize_t got =
          ::pread(fd_.get(), to + have, size - have, static_cast<off_t>(offset + have));
      if (got < 0 && errno == EINTR) continue;
      if (got < 0) throw_errno("cannot read", path_);
      if (got == 0) break;
      have += static_cast<std::size_t>(got);
    }
    return have;
  }

  void sync() override {
    if (::fdatasync(fd_.get()) < 0) throw_errno("cannot sync", path_);
  }

  void allocate(std::uint64_t size) override {
    if (const int code = ::posix_fallocate(fd_.get(), 0, static_cast<off_t>(size)); code != 0)
      throw_errno("cannot reserve space", path_, code == ENOSPC ? free_space : "", code);
  }

  void truncate(std::uint64_t size) override {
    if (::ftruncate(fd_.get(), static_cast<off_t>(size)) < 0) throw_errno("cannot cut", path_);
  }

  std::uint64_t size() const override {
    struct stat facts {};
    if (::fstat(fd_.get(), &facts) < 0) throw_errno("cannot look at", path_);
    return static_cast<std::uint64_t>(facts.st_size);
  }

  void moved_to(const std::string& path) override { path_ = path; }

 private:
  UniqueFd fd_;
  std::string path_;
};

class RealDisk final : public Disk {
 public:
  std::unique_ptr<DiskFile> open(const std::string& path, Open how) override {
    const int flags = O_RDWR | O_CLOEXEC | (how == Open::create_new ? O_CREAT | O_TRUNC : 0);
    UniqueFd fd(::open(path.c_str(), flags, file_mode));
    if (!fd.is_open()) throw_errno("cannot open", path);
    return std::make_unique<RealFile>(std::move(fd), path);
  }

  std::vector<std::string> list(const std::string& folder) override {
    std::error_code code;
    std::vector<std::string> names;
    for (const auto& entry : std::filesystem::directory_iterator(folder, code))
      names.push_back(entry.path().filename().string());
    if (code) throw_errno("cannot list", folder, {}, code.value());
    return names;
  }

  void make_folder(const std::string& folder) override {
    std::error_code code;
    if (std::filesystem::is_directory(folder, code)) return;
    const auto parent = std::filesystem::absolute(folder).parent_path();
    make_folder(parent);
    std::filesystem::create_directory(folder, code);
    if (code)
      throw_errno("cannot make the data folder", folder,
                  "Choose another folder (--dir) or give this user the right to write there",
                  code.value());
    sync_folder(parent);  // else a power cut takes the folder with all that is in it
  }

  void rename(const std::string& from, const std::string& to) override {
    if (::rename(from.c_str(), to.c_str()) < 0) throw_errno("cannot rename", from);
  }

  void remove(const std::string& path) override {
    if (::unlink(path.c_str()) < 0 && errno != ENOENT) throw_errno("cannot remove", path);
  }

  void sync_folder(const std::string& folder) override {
    const UniqueFd fd(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (!fd.is_open()) throw_errno("cannot open", folder);
    if (::fsync(fd.get()) < 0) throw_errno("cannot sync", folder);
  }

  DiskSpace space(const std::string& folder) override {
    struct statvfs facts {};
    if (::statvfs(folder.c_str(), &facts) < 0) throw_errno("cannot look at", folder);
    return {.total = std::uint64_t{facts.f_blocks} * facts.f_frsize,
            .available = std::uint64_t{facts.f_bavail} * facts.f_frsize};
  }

  UniqueFd lock(const std::string& folder) override {
    const auto path = folder + "/lock";
    UniqueFd fd(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, file_mode));
    if (!fd.is_open())
      throw_errno("cannot open", path, "Give this user the right to write in the data folder");
    char pid[24] = {};
    if (::flock(fd.get(), LOCK_EX | LOCK_NB) < 0) {
      const int code = errno;
      if (code != EWOULDBLOCK) throw_errno("cannot lock", path, {}, code);
      const ssize_t got = ::pread(fd.get(), pid, sizeof pid - 1, 0);
      const std::string holder(pid, got > 0 ? static_cast<std::size_t>(got) : 0);
      throw Error({.what = "the data folder is in use by pid " + holder,
                   .where = folder,
                   .hint = "Stop that server first, or choose another folder (--dir)"});
    }
    const auto own = std::to_string(::getpid());
    if (::ftruncate(fd.get(), 0) < 0 || ::pwrite(fd.get(), own.data(), own.size(), 0) < 0)
      throw_errno("cannot write", path, free_space);
    return fd;
  }
};

}  // namespace

void fill_with_zeros(DiskFile& file, std::uint64_t size) {
  static constexpr std::array<char, 64 * 1024> zeros{};
  for (std::uint64_t at = 0; at < size; at += zeros.size()) {
    const auto part = std::min<std::uint64_t>(zeros.size(), size - at);
    const iovec piece{const_cast<char*>(zeros.data()), part};  // pwritev(2) only reads it
    file.write_at(at, {&piece, 1});
  }
}

Disk& real_disk() {
  static RealDisk disk;
  return disk;
}

}  // namespace daemonz::journal
