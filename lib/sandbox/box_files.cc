#include "sandbox/box_files.h"

#include <dirent.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <memory>

#include "base/error.h"
#include "sandbox/system.h"

namespace daemonz::sandbox {
namespace {

UniqueFd open_beneath(int folder, const std::string& name, std::uint64_t flags,
                      std::uint64_t mode = 0) {
  open_how how{};
  how.flags = flags | O_CLOEXEC | O_NOFOLLOW;
  how.mode = mode;
  how.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS | RESOLVE_NO_XDEV;
  return UniqueFd(static_cast<int>(::syscall(SYS_openat2, folder, name.c_str(), &how, sizeof how)));
}

void make_parents(int folder, const std::string& name) {
  for (auto slash = name.find('/'); slash != std::string::npos; slash = name.find('/', slash + 1))
    if (::mkdirat(folder, name.substr(0, slash).c_str(), 0755) != 0 && errno != EEXIST)
      throw_errno("file " + name);
}

/// The entries of a folder, sorted. Empty: there is no such folder.
std::vector<std::string> names_in(int folder, const std::string& name) {
  auto fd = open_beneath(folder, name, O_RDONLY | O_DIRECTORY);
  if (!fd.is_open()) return {};
  const std::unique_ptr<DIR, int (*)(DIR*)> stream(::fdopendir(fd.get()), ::closedir);
  if (!stream) throw_errno("collect " + name);
  static_cast<void>(fd.release());
  std::vector<std::string> names;
  while (const auto* entry = ::readdir(stream.get())) {
    const std::string_view one = entry->d_name;
    if (one == "." || one == "..") continue;
    names.emplace_back(one);
    if (names.size() > collected_files_max) throw_errno("too many files in " + name, {}, {}, E2BIG);
  }
  std::ranges::sort(names);
  return names;
}

void collect_below(int folder, const std::string& name, Bytes size_max,
                   std::vector<CollectedFile>& files, int depth) {
  if (depth > collected_depth_max) throw_errno("too deep: " + name, {}, {}, ELOOP);
  for (const auto& one : names_in(folder, name)) {
    const auto path = name + one;
    auto file = collect_file(folder, path, size_max);
    if (file.fd.is_open()) {
      if (files.size() == collected_files_max)
        throw_errno("too many files in " + name, {}, {}, E2BIG);
      files.push_back({.name = path, .fd = std::move(file.fd), .size = file.size});
    } else {
      collect_below(folder, path + "/", size_max, files, depth + 1);
    }
  }
}

}  // namespace

bool is_box_name(std::string_view name) {
  if (name.empty() || name.size() > file_name_size_max) return false;
  if (name.find('\0') != std::string_view::npos) return false;
  for (std::size_t start = 0; start <= name.size();) {
    const auto end = std::min(name.find('/', start), name.size());
    const auto part = name.substr(start, end - start);
    if (part.empty() || part == "." || part == "..") return false;
    start = end + 1;
  }
  return true;
}

void place_file(int folder, const std::string& name, int from, bool is_executable) {
  const auto stage = "file " + name;
  make_parents(folder, name);
  const auto file = open_beneath(folder, name, O_WRONLY | O_CREAT | O_EXCL, 0644);
  if (!file.is_open()) throw_errno(stage);
  struct stat found {};
  if (::fstat(from, &found) != 0) throw_errno(stage);
  if (!S_ISREG(found.st_mode)) throw_errno(stage, {}, {}, EINVAL);
  copy_bytes(from, file.get(), static_cast<std::uint64_t>(found.st_size), stage.c_str());
  // Not by open's mode: the umask of the caller's caller would take part.
  if (::fchmod(file.get(), is_executable ? 0755 : 0644) != 0) throw_errno(stage);
}

Collected collect_file(int folder, const std::string& name, Bytes size_max) {
  // O_NONBLOCK: a FIFO under this name must not hold the keeper.
  const auto file = open_beneath(folder, name, O_RDONLY | O_NONBLOCK);
  struct stat found {};
  if (!file.is_open() || ::fstat(file.get(), &found) != 0) return {};
  const Bytes size(static_cast<std::uint64_t>(found.st_size));
  if (!S_ISREG(found.st_mode) || size > size_max) return {};
  return {.fd = sealed_copy(file.get(), size.count, "collected", "collect"), .size = size};
}

void collect_folder(int folder, const std::string& name, Bytes size_max,
                    std::vector<CollectedFile>& files) {
  if (!is_box_name(std::string_view(name).substr(0, name.size() - 1))) return;
  collect_below(folder, name, size_max, files, 1);
}

}  // namespace daemonz::sandbox
