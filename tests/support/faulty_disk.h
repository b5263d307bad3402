// A disk that fails like disks do: it drops what was not synced, tears the last write, runs full,
// or stops working. Everything is in RAM; a "power cut" is an object one can look at.
#pragma once

#include <algorithm>
#include <cstring>
#include <map>
#include <memory>
#include <mutex>
#include <random>
#include <string>
#include <vector>

#include "base/error.h"
#include "journal/disk.h"

namespace daemonz::tests {

/// Threads: any. Copies of its state are plain values: see Image.
class FaultyDisk final : public journal::Disk {
 public:
  using Image = std::map<std::string, std::string>;  ///< path -> bytes

  FaultyDisk() = default;
  explicit FaultyDisk(const Image& image) {
    for (const auto& [path, bytes] : image) {
      auto file = std::make_shared<Content>();
      file->bytes = file->synced = bytes;
      files_[path] = synced_names_[path] = file;
    }
  }

  // --- what the test turns
  void fail_writes(int code) { set(write_code_, code); }  ///< 0: they work again
  void fail_syncs(int code) { set(sync_code_, code); }
  /// So many bytes can still be reserved.
  void limit_space(std::uint64_t bytes) {
    const std::lock_guard lock(mutex_);
    space_left_ = bytes;
  }
  /// Syncs wait until resumed: what is written meanwhile is not durable.
  void hold_syncs() { set(is_holding_, true); }
  void resume_syncs() {
    set(is_holding_, false);
    resumed_.notify_all();
  }

  // --- what is there
  /// As a crash of the process leaves it.
  [[nodiscard]] Image as_written() {
    const std::lock_guard lock(mutex_);
    Image image;
    for (const auto& [path, file] : files_) image[path] = file->bytes;
    return image;
  }
  /// As a power cut leaves it: synced bytes, and of the others any 8-byte piece or not.
  template <class Random>
  [[nodiscard]] Image after_power_cut(Random& random) {
    const std::lock_guard lock(mutex_);
    Image image;
    for (const auto& [path, file] : synced_names_) {
      auto& bytes = image[path] = file->synced;
      std::size_t at = 0;
      for (; at + piece_size <= file->bytes.size(); at += piece_size) {
        if (at + piece_size > bytes.size()) bytes.resize(at + piece_size);
        const bool differs = std::memcmp(&bytes[at], &file->bytes[at], piece_size) != 0;
        if (differs && random() % 2 == 0) std::memcpy(&bytes[at], &file->bytes[at], piece_size);
      }
    }
    return image;
  }

  // --- journal::Disk
  std::unique_ptr<journal::DiskFile> open(const std::string& path, Open how) override {
    const std::lock_guard lock(mutex_);
    if (how == Open::create_new) files_[path] = std::make_shared<Content>();
    const auto found = files_.find(path);
    if (found == files_.end()) throw_errno("cannot open", path, {}, ENOENT);
    return std::make_unique<File>(*this, found->second, path);
  }
  std::vector<std::string> list(const std::string& folder) override {
    const std::lock_guard lock(mutex_);
    std::vector<std::string> names;
    for (const auto& [path, file] : files_)
      if (path.starts_with(folder + "/")) names.push_back(path.substr(folder.size() + 1));
    return names;
  }
  void make_folder(const std::string&) override {}
  void rename(const std::string& from, const std::string& to) override {
    const std::lock_guard lock(mutex_);
    files_[to] = files_.at(from);
    files_.erase(from);
  }
  void remove(const std::string& path) override {
    const std::lock_guard lock(mutex_);
    files_.erase(path);
  }
  void sync_folder(const std::string&) override {
    const std::lock_guard lock(mutex_);
    if (sync_code_ != 0) throw_errno("cannot sync", "folder", {}, sync_code_);
    synced_names_ = files_;
  }
  UniqueFd lock(const std::string&) override { return UniqueFd(); }

 private:
  static constexpr std::size_t piece_size = 8;

  struct Content {
    std::string bytes, synced;
  };

  class File final : public journal::DiskFile {
   public:
    File(FaultyDisk& disk, std::shared_ptr<Content> content, std::string path)
        : disk_(disk), content_(std::move(content)), path_(std::move(path)) {}

    void write_at(std::uint64_t offset, std::span<const iovec> pieces) override {
      const std::lock_guard lock(disk_.mutex_);
      auto& bytes = content_->bytes;
      for (const auto& piece : pieces) {
        auto size = piece.iov_len;
        if (disk_.write_code_ != 0) size /= 2;  // a short write before the fault
        if (bytes.size() < offset + size) {
          disk_.take_space(offset + size - bytes.size(), path_);
          bytes.resize(offset + size);
        }
        if (size > 0) std::memcpy(bytes.data() + offset, piece.iov_base, size);
        if (disk_.write_code_ != 0) throw_errno("cannot write", path_, {}, disk_.write_code_);
        offset += size;
      }
    }
    std::size_t read_at(std::uint64_t offset, char* to, std::size_t size) const override {
      const std::lock_guard lock(disk_.mutex_);
      const auto& bytes = content_->bytes;
      if (offset >= bytes.size()) return 0;
      const auto count = std::min<std::size_t>(size, bytes.size() - offset);
      std::memcpy(to, bytes.data() + offset, count);
      return count;
    }
    void sync() override {
      std::unique_lock lock(disk_.mutex_);
      const auto bytes = content_->bytes;
      disk_.resumed_.wait(lock, [this] { return !disk_.is_holding_; });
      if (disk_.sync_code_ != 0) throw_errno("cannot sync", path_, {}, disk_.sync_code_);
      content_->synced = bytes;
    }
    void allocate(std::uint64_t size) override {
      const std::lock_guard lock(disk_.mutex_);
      auto& bytes = content_->bytes;
      if (size <= bytes.size()) return;
      disk_.take_space(size - bytes.size(), path_);
      bytes.resize(size);
    }
    void truncate(std::uint64_t size) override {
      const std::lock_guard lock(disk_.mutex_);
      content_->bytes.resize(size);
    }
    std::uint64_t size() const override {
      const std::lock_guard lock(disk_.mutex_);
      return content_->bytes.size();
    }

   private:
    FaultyDisk& disk_;
    std::shared_ptr<Content> content_;
    std::string path_;
  };

  template <class Value>
  void set(Value& to, Value value) {
    const std::lock_guard lock(mutex_);
    to = value;
  }
  void take_space(std::uint64_t size, const std::string& path) {
    if (size > space_left_) throw_errno("cannot reserve space", path, {}, ENOSPC);
    space_left_ -= size;
  }

  std::mutex mutex_;
  std::condition_variable resumed_;
  std::map<std::string, std::shared_ptr<Content>> files_, synced_names_;
  int write_code_ = 0, sync_code_ = 0;
  bool is_holding_ = false;
  std::uint64_t space_left_ = UINT64_MAX;
};

}  // namespace daemonz::tests
