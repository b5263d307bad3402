#include "judge/files.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>

#include "base/error.h"

namespace daemonz::judge {
namespace {

namespace fs = std::filesystem;

void collect(const fs::path& folder, const fs::path& root, const std::string& prefix, int depth,
             std::vector<Entry>& found) {
  if (depth > folder_depth_max)
    throw Error(ErrorText{
        .what = "folders are nested more than " + std::to_string(folder_depth_max) + " deep",
        .where = folder,
        .hint = "Is there a link to a folder above it?"});
  for (auto& entry : list_folder(folder, root)) {
    const auto name = prefix + entry.name;
    if (entry.is_folder) {
      collect(entry.path, root, name + "/", depth + 1, found);
    } else {
      found.push_back({.name = name, .path = std::move(entry.path), .is_folder = false});
    }
    if (found.size() > folder_entries_max)
      throw Error(ErrorText{.what = "too many files", .where = folder});
  }
}

/// The length of the UTF-8 sequence at the front of `text`, 0 when there is none (RFC 3629).
std::size_t sequence_length(std::string_view text) {
  const auto at = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const auto first = at(0);
  if (first < 0x80) return 1;
  const std::size_t length = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
  if (first < 0xc2 || first > 0xf4 || text.size() < length) return 0;
  for (std::size_t i = 1; i < length; ++i)
    if ((at(i) & 0xc0) != 0x80) return 0;
  // Overlong forms, surrogates, and what lies beyond U+10FFFF.
  if ((first == 0xe0 && at(1) < 0xa0) || (first == 0xed && at(1) > 0x9f)) return 0;
  if ((first == 0xf0 && at(1) < 0x90) || (first == 0xf4 && at(1) > 0x8f)) return 0;
  return length;
}

}  // namespace

bool is_there(const fs::path& path) {
  std::error_code code;
  const auto type = fs::symlink_status(path, code).type();
  if (type == fs::file_type::none)
    throw Error(ErrorText{.what = "cannot be read", .where = path, .code = code.value()});
  return type != fs::file_type::not_found;
}

fs::path inside(const fs::path& path, const fs::path& root) {
  std::error_code code;
  auto real = fs::canonical(path, code);
  if (code)
    throw Error(ErrorText{.what = "cannot be found",
                          .where = path,
                          .hint = fs::is_symlink(path) ? "It is a link that leads nowhere." : "",
                          .code = code.value()});
  // Component by component: "/a/bc" is not inside "/a/b".
  const auto [end, ignored] = std::mismatch(root.begin(), root.end(), real.begin(), real.end());
  if (end != root.end())
    throw Error(ErrorText{.what = "leads out of " + root.string() + " to " + real.string(),
                          .where = path,
                          .hint = "Replace the link by a copy of the file."});
  return real;
}

std::vector<Entry> list_folder(const fs::path& folder, const fs::path& root) {
  std::error_code code;
  fs::directory_iterator entries(folder, code);
  if (code)
    throw Error(ErrorText{.what = "cannot read the folder", .where = folder, .code = code.value()});
  std::vector<Entry> found;
  for (const auto& entry : entries) {
    auto name = entry.path().filename().string();
    if (name.starts_with('.')) continue;
    auto real = inside(entry.path(), root);
    const auto kind = fs::status(real, code).type();
    if (kind != fs::file_type::regular && kind != fs::file_type::directory)
      throw Error(ErrorText{.what = "is neither a file nor a folder", .where = entry.path()});
    found.push_back({.name = std::move(name),
                     .path = std::move(real),
                     .is_folder = kind == fs::file_type::directory});
    if (found.size() > folder_entries_max)
      throw Error(ErrorText{.what = "too many files", .where = folder});
  }
  std::ranges::sort(found, {}, &Entry::name);
  return found;
}

std::vector<Entry> list_files(const fs::path& folder, const fs::path& root) {
  std::vector<Entry> found;
  collect(folder, root, "", 1, found);
  return found;
}

UniqueFd open_file(const fs::path& path) {
  UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!fd.is_open()) throw_errno("cannot open", path);
  return fd;
}

std::string read_file(const fs::path& path, Bytes size_max) {
  const auto fd = open_file(path);
  return read_file(fd.get(), size_max);
}

std::string read_file(int fd, Bytes size_max) {
  std::string text;
  constexpr std::size_t step = 64 * 1024;
  while (text.size() < size_max.count) {
    const auto old = text.size();
    const auto wanted = std::min<std::uint64_t>(step, size_max.count - old);
    text.resize(old + wanted);
    const auto got = ::pread(fd, text.data() + old, wanted, static_cast<off_t>(old));
    if (got < 0 && errno != EINTR) throw_errno("cannot read a file");
    text.resize(old + static_cast<std::size_t>(std::max<ssize_t>(got, 0)));
    if (got == 0) break;
  }
  return text;
}

UniqueFd memory_file(const char* name) {
  UniqueFd fd(::memfd_create(name, MFD_CLOEXEC));
  if (!fd.is_open()) throw_errno("cannot make a file in memory", name);
  return fd;
}

UniqueFd reopen_for_reading(int fd) { return open_file("/proc/self/fd/" + std::to_string(fd)); }

std::string clipped(std::string text, std::size_t size_max) {
  constexpr std::string_view gap = "\n..\n";
  if (text.size() <= size_max) return text;
  const auto kept = size_max - std::min(size_max, gap.size());
  const auto begin = kept - kept / 4;
  text.replace(begin, text.size() - kept, gap.substr(0, size_max - kept));
  return text;
}

std::string printable(std::string_view text, std::size_t size_max) {
  std::string result;
  while (!text.empty()) {
    const auto length = sequence_length(text);
    const auto first = static_cast<unsigned char>(text[0]);
    const bool is_control = (first < 0x20 && first != '\n' && first != '\t') || first == 0x7f;
    const auto taken = std::max<std::size_t>(length, 1);
    const bool is_kept = length > 0 && !is_control;
    if (result.size() + (is_kept ? taken : 1) > size_max) break;
    if (is_kept) {
      result += text.substr(0, taken);
    } else if (first != '\r') {  // CRLF is a line end, not dirt
      result += '?';
    }
    text.remove_prefix(taken);
  }
  return result;
}

}  // namespace daemonz::judge
