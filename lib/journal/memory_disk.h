// A disk in RAM: for `--durability memory`, and what the tests' faulty disk builds on. Nothing
// survives its end.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <string>

#include "journal/disk.h"

namespace daemonz::journal {

/// Bytes of one file. Shared: an open file stays readable after it was removed, as with POSIX.
struct MemoryContent {
  std::mutex mutex;
  std::string bytes;
};

/// Threads: any.
class MemoryDisk : public Disk {
 public:
  std::unique_ptr<DiskFile> open(const std::string& path, Open how) override;
  std::vector<std::string> list(const std::string& folder) override;
  void make_folder(const std::string&) override {}
  void rename(const std::string& from, const std::string& to) override;
  void remove(const std::string& path) override;
  void sync_folder(const std::string&) override {}
  DiskSpace space(const std::string&) override { return {}; }
  UniqueFd lock(const std::string&) override { return UniqueFd(); }

 private:
  std::mutex mutex_;
  std::map<std::string, std::shared_ptr<MemoryContent>> files_;  // see MemoryContent
};

}  // namespace daemonz::journal
