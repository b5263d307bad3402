// A disk that fails like disks do. Everything is in RAM; what a crash leaves is an Image that one
// can look at, and make the next disk from. Not a model of one file system: what POSIX does not
// promise may be lost. Its faults:
//   power cut      bytes that were not synced stay or go piece by piece, in any order, torn inside
//                  a write, at sectors and below; so do unsynced sizes, and the newest creations,
//                  renames and removals since the folder's sync (file systems log them in order)
//   stop           the machine's last operation is the n-th from now, half done; what comes later
//                  looks as if it worked and changes nothing
//   EIO, ENOSPC    after a short write; a failed sync leaves its bytes in doubt for ever
//   lies           syncs that do nothing: the planted fault that tests of tests need
#pragma once

#include <algorithm>
#include <array>
#include <condition_variable>
#include <cstring>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include "base/error.h"
#include "journal/disk.h"

namespace daemonz::tests {

/// Threads: any. The same seed and the same operations give the same faults.
class FaultyDisk final : public journal::Disk {
 public:
  using Image = std::map<std::string, std::string>;  ///< path -> bytes

  FaultyDisk() = default;
  explicit FaultyDisk(const Image& image, std::uint64_t seed = 1) : random_(seed) {
    for (const auto& [path, bytes] : image) {
      auto file = std::make_shared<Content>();
      file->bytes = file->synced = bytes;
      files_[path] = synced_files_[path] = file;
    }
  }

  // --- what the test turns
  void fail_writes(int code) { set(write_code_, code); }  ///< 0: they work again
  void fail_syncs(int code) { set(sync_code_, code); }
  /// So many bytes can still be reserved; removed files give theirs back.
  void limit_space(std::uint64_t bytes) { set(space_left_, bytes); }
  [[nodiscard]] std::uint64_t space_left() {
    const std::lock_guard lock(mutex_);
    return space_left_;
  }
  /// Syncs wait until resumed: what is written meanwhile is not durable.
  void hold_syncs() { set(is_holding_, true); }
  void resume_syncs() {
    set(is_holding_, false);
    resumed_.notify_all();
  }
  /// The operation that changes something so many times from now is half done, and the last one.
  void stop_after(std::uint64_t operations) { set(left_, std::optional(operations)); }
  void stop_never() { set(left_, std::nullopt); }  ///< takes that back
  /// As above, at once.
  void stop() { stop_after(0); }
  [[nodiscard]] bool has_stopped() {
    const std::lock_guard lock(mutex_);
    return left_ == 0;
  }
  /// A planted fault: from now on syncs of files, or of folders, are answered and not done.
  enum class Lie { none, files, folders };
  void lie_about_syncs(Lie lie) { set(lie_, lie); }

  // --- what is there
  /// As a crash of the process leaves it.
  [[nodiscard]] Image as_written() {
    const std::lock_guard lock(mutex_);
    Image image;
    for (const auto& [path, file] : files_) image[path] = file->bytes;
    return image;
  }
  /// The same machine for the next process: what was not synced still is not. This one must have
  /// stopped.
  [[nodiscard]] std::unique_ptr<FaultyDisk> after_process_crash(std::uint64_t seed) {
    const std::lock_guard lock(mutex_);
    auto next = std::make_unique<FaultyDisk>(Image(), seed);
    next->files_ = files_;
    next->synced_files_ = synced_files_;
    next->changes_ = changes_;
    return next;
  }
  template <class Random>
  [[nodiscard]] Image after_power_cut(Random& random) {
    const std::lock_guard lock(mutex_);
    constexpr std::array<std::size_t, 4> grains = {8, 8, 512, 4096};
    const auto grain = grains[random() % grains.size()];
    auto names = synced_files_;
    const auto kept = changes_.empty() ? 0 : random() % (changes_.size() + 1);
    for (std::size_t i = 0; i < kept; ++i) changes_[i].apply(names);
    Image image;
    for (const auto& [path, file] : names) image[path] = file->after_power_cut(random, grain);
    return image;
  }

  // --- journal::Disk
  std::unique_ptr<journal::DiskFile> open(const std::string& path, Open how) override {
    const std::lock_guard lock(mutex_);
    if (how == Open::create_new) {
      auto made = std::make_shared<Content>();
      if (!may_act()) return std::make_unique<File>(*this, std::move(made), path);
      change({.path = path, .now = std::move(made)});
    }
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
    if (may_act()) change({.path = to, .gone = from, .now = files_.at(from)});
  }
  void remove(const std::string& path) override {
    const std::lock_guard lock(mutex_);
    if (!may_act()) return;
    if (const auto found = files_.find(path); found != files_.end() && space_left_ != no_limit)
      space_left_ += found->second->bytes.size();
    change({.gone = path});
  }
  void sync_folder(const std::string& folder) override {
    const std::lock_guard lock(mutex_);
    if (!may_act()) return;
    if (sync_code_ != 0) throw_errno("cannot sync", folder, {}, sync_code_);
    if (lie_ == Lie::folders) return;
    synced_files_ = files_;
    changes_.clear();
  }
  journal::DiskSpace space(const std::string&) override {
    const std::lock_guard lock(mutex_);
    if (space_left_ == no_limit) return {};
    std::uint64_t used = 0;
    for (const auto& [path, file] : files_) used += file->bytes.size();
    return {.total = used + space_left_, .available = space_left_};
  }
  UniqueFd lock(const std::string&) override { return UniqueFd(); }

 private:
  static constexpr std::uint64_t no_limit = UINT64_MAX;

  struct Range {
    std::size_t from, to;
  };
  struct Content {
    std::string bytes, synced;
    std::vector<Range> unsynced;  ///< of `bytes`

    template <class Random>
    [[nodiscard]] std::string after_power_cut(Random& random, std::size_t grain) const {
      auto left = synced;
      if (bytes.size() < synced.size() && random() % 2 == 0) left.resize(bytes.size());
      for (const auto& range : unsynced) {
        if (random() % 8 == 0) continue;  // nothing of this write
        for (auto at = range.from; at < std::min(range.to, bytes.size());) {
          const auto end = std::min({(at / grain + 1) * grain, range.to, bytes.size()});
          if (random() % 2 == 0) {
            if (left.size() < end) left.resize(end);
            std::memcpy(&left[at], &bytes[at], end - at);
          }
          at = end;
        }
      }
      if (left.size() < bytes.size() && random() % 2 == 0) left.resize(bytes.size());
      return left;
    }
  };
  using Files = std::map<std::string, std::shared_ptr<Content>>;
  struct Change {  // of a folder's names; either may be empty
    std::string path, gone;
    std::shared_ptr<Content> now;
    void apply(Files& names) const {
      if (!gone.empty()) names.erase(gone);
      if (!path.empty()) names[path] = now;
    }
  };

  class File final : public journal::DiskFile {
   public:
    File(FaultyDisk& disk, std::shared_ptr<Content> content, std::string path)
        : disk_(disk), content_(std::move(content)), path_(std::move(path)) {}

    void write_at(std::uint64_t offset, std::span<const iovec> pieces) override {
      const std::lock_guard lock(disk_.mutex_);
      std::string all;
      for (const auto& piece : pieces)
        all.append(static_cast<const char*>(piece.iov_base), piece.iov_len);
      const auto part = std::string_view(all).substr(0, disk_.random_() % (all.size() + 1));
      if (disk_.is_last_operation()) put(offset, part);
      if (!disk_.may_act()) return;
      if (disk_.write_code_ != 0) {
        put(offset, part);  // a short write before the fault
        throw_errno("cannot write", path_, {}, disk_.write_code_);
      }
      if (content_->bytes.size() < offset + all.size())
        disk_.take_space(offset + all.size() - content_->bytes.size(), path_);
      put(offset, all);
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
      if (!disk_.may_act()) return;
      auto& unsynced = content_->unsynced;
      std::vector<std::pair<std::size_t, std::string>> pieces;
      for (const auto& [from, to] : unsynced)
        if (from < content_->bytes.size())
          pieces.emplace_back(from, content_->bytes.substr(from, to - from));
      const auto size = content_->bytes.size();
      const auto count = static_cast<std::ptrdiff_t>(unsynced.size());
      disk_.resumed_.wait(lock, [this] { return !disk_.is_holding_; });
      if (disk_.sync_code_ != 0) throw_errno("cannot sync", path_, {}, disk_.sync_code_);
      if (disk_.lie_ == Lie::files) return;
      content_->synced.resize(size);
      for (const auto& [at, bytes] : pieces) content_->synced.replace(at, bytes.size(), bytes);
      unsynced.erase(unsynced.begin(), unsynced.begin() + count);
    }
    void allocate(std::uint64_t size) override {
      const std::lock_guard lock(disk_.mutex_);
      if (!disk_.may_act()) return;
      auto& bytes = content_->bytes;
      if (size <= bytes.size()) return;
      disk_.take_space(size - bytes.size(), path_);
      bytes.resize(size);
    }
    void truncate(std::uint64_t size) override {
      const std::lock_guard lock(disk_.mutex_);
      if (!disk_.may_act()) return;
      const auto before = content_->bytes.size();
      if (disk_.space_left_ != no_limit && size < before) disk_.space_left_ += before - size;
      content_->bytes.resize(size);
    }
    std::uint64_t size() const override {
      const std::lock_guard lock(disk_.mutex_);
      return content_->bytes.size();
    }

   private:
    void put(std::uint64_t offset, std::string_view bytes) {
      if (bytes.empty()) return;
      auto& all = content_->bytes;
      if (all.size() < offset + bytes.size()) all.resize(offset + bytes.size());
      std::memcpy(all.data() + offset, bytes.data(), bytes.size());
      content_->unsynced.push_back({offset, offset + bytes.size()});
    }

    FaultyDisk& disk_;
    std::shared_ptr<Content> content_;
    std::string path_;
  };

  template <class Value>
  void set(Value& to, std::type_identity_t<Value> value) {
    const std::lock_guard lock(mutex_);
    to = value;
  }
  void change(Change change) {
    change.apply(files_);
    changes_.push_back(std::move(change));
  }
  [[nodiscard]] bool is_last_operation() const { return left_ == 1; }
  /// False: the machine has stopped, nothing is changed any more.
  [[nodiscard]] bool may_act() {
    if (left_ && *left_ > 0) --*left_;
    return left_ != 0;
  }
  void take_space(std::uint64_t size, const std::string& path) {
    if (space_left_ == no_limit) return;
    if (size > space_left_) throw_errno("cannot reserve space", path, {}, ENOSPC);
    space_left_ -= size;
  }

  std::mutex mutex_;
  std::condition_variable resumed_;
  Files files_, synced_files_;
  std::vector<Change> changes_;  ///< of names, since the last sync of the folder
  int write_code_ = 0, sync_code_ = 0;
  bool is_holding_ = false;
  std::uint64_t space_left_ = no_limit;
  std::optional<std::uint64_t> left_;  ///< operations; 0: it has stopped
  Lie lie_ = Lie::none;
  std::minstd_rand random_{1};
};

}  // namespace daemonz::tests
