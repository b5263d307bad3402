#include "journal/memory_disk.h"

#include <algorithm>
#include <cstring>

#include "base/error.h"

namespace daemonz::journal {
namespace {

class MemoryFile final : public DiskFile {
 public:
  explicit MemoryFile(std::shared_ptr<MemoryContent> content) : content_(std::move(content)) {}

  void write_at(std::uint64_t offset, std::span<const iovec> pieces) override {
    const std::lock_guard lock(content_->mutex);
    auto& bytes = content_->bytes;
    for (const auto& piece : pieces) {
      if (piece.iov_len == 0) continue;
      if (bytes.size() < offset + piece.iov_len) bytes.resize(offset + piece.iov_len);
      std::memcpy(bytes.data() + offset, piece.iov_base, piece.iov_len);
      offset += piece.iov_len;
    }
  }
  std::size_t read_at(std::uint64_t offset, char* to, std::size_t size) const override {
    const std::lock_guard lock(content_->mutex);
    const auto& bytes = content_->bytes;
    if (offset >= bytes.size()) return 0;
    const auto count = std::min<std::size_t>(size, bytes.size() - offset);
    std::memcpy(to, bytes.data() + offset, count);
    return count;
  }
  void sync() override {}
  void allocate(std::uint64_t) override {}  // grows as it is written: RAM is not reserved
  void truncate(std::uint64_t size) override {
    const std::lock_guard lock(content_->mutex);
    content_->bytes.resize(size);
  }
  std::uint64_t size() const override {
    const std::lock_guard lock(content_->mutex);
    return content_->bytes.size();
  }

 private:
  std::shared_ptr<MemoryContent> content_;  // see MemoryContent
};

}  // namespace

std::unique_ptr<DiskFile> MemoryDisk::open(const std::string& path, Open how) {
  const std::lock_guard lock(mutex_);
  auto& content = files_[path];
  if (how == Open::create_new) content = std::make_shared<MemoryContent>();
  if (content) return std::make_unique<MemoryFile>(content);
  files_.erase(path);
  throw_errno("cannot open", path, {}, ENOENT);
}

std::vector<std::string> MemoryDisk::list(const std::string& folder) {
  const std::lock_guard lock(mutex_);
  std::vector<std::string> names;
  for (const auto& [path, content] : files_)
    if (path.starts_with(folder + "/")) names.push_back(path.substr(folder.size() + 1));
  return names;
}

void MemoryDisk::rename(const std::string& from, const std::string& to) {
  const std::lock_guard lock(mutex_);
  auto moved = files_.extract(from);
  if (moved.empty()) throw_errno("cannot rename", from, {}, ENOENT);
  files_[to] = std::move(moved.mapped());
}

void MemoryDisk::remove(const std::string& path) {
  const std::lock_guard lock(mutex_);
  files_.erase(path);
}

}  // namespace daemonz::journal
