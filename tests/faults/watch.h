// What watched_disk.cc knows while it watches: the log, the rules, the open files. Not the calls
// themselves; the log's format and the rules are described there.
#pragma once

#include <dlfcn.h>
#include <sys/types.h>
#include <sys/uio.h>

#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace daemonz::tests {

/// The C library's own function of that name.
template <class Function>
Function* next_function(Function*, const char* name) {
  return reinterpret_cast<Function*>(::dlsym(RTLD_NEXT, name));
}
#define NEXT(name) (daemonz::tests::next_function(&::name, #name))

enum class Op : std::uint8_t {
  start = 1,          // of the program
  create = 2,         // name, file
  existing = 3,       // name, file: it was there before the program opened it
  write = 4,          // file, offset, data
  zeros = 5,          // file, offset, number = size: a write of zeros
  truncate = 6,       // file, number = size
  allocate = 7,       // file, number = the size that the file has at least
  sync_begin = 8,     // file, number
  sync_end = 9,       // file, number: the begin's
  folder_begin = 10,  // name, number
  folder_end = 11,    // name, number
  rename = 12,        // name, data = the new name
  unlink = 13,        // name
  mkdir = 14,         // name
};

struct __attribute__((packed)) Entry {
  Op op;
  std::uint8_t unused = 0;
  std::uint16_t name_size = 0;
  std::uint32_t data_size = 0;
  std::uint64_t file = 0;
  std::uint64_t offset = 0;
  std::uint64_t number = 0;
};

enum class Call { create, write, sync, sync_folder, rename, truncate, allocate, unlink, read, any };
enum class Action { none, fail, half, die, forget };

struct Rule {
  Call call;
  std::string name;
  long left;  // so many calls until it fires
  bool is_lasting;
  Action action;
  int code;
};

struct Fault {
  Action action = Action::none;
  int code = 0;
};

struct Opened {
  std::uint64_t file = 0;
  std::string name;
  bool is_folder = false;
};

/// All state. Threads: any, but everything below the mutex only by who holds it.
class Watch {
 public:
  /// Lives for ever: files are closed during exit, too.
  static Watch& get();

  [[nodiscard]] bool is_on() const { return log_ >= 0; }
  /// The name relative to the folder ("." for the folder itself); nullopt: not watched.
  [[nodiscard]] std::optional<std::string> name_of(const char* path) const;

  std::mutex mutex;

  [[nodiscard]] const Opened* opened(int fd) const;
  void closed(int fd) { opened_.erase(fd); }
  void add(int fd, const std::string& name, bool is_new);

  /// What is to happen at this call. Does not return where the program is to die.
  Fault count(Call call, std::string_view name);

  void log(Entry entry, std::string_view name = {}, std::string_view data = {});
  void log_write(std::uint64_t file, off_t offset, const std::vector<iovec>& pieces);
  void log_create(const std::string& name);
  void log_rename(const std::string& from, const std::string& to);
  void log_unlink(const std::string& name);
  std::uint64_t next_number() { return ++last_number_; }

 private:
  Watch();
  void put(std::string_view bytes);

  std::string folder_;
  int log_ = -1;
  std::vector<Rule> rules_;
  std::map<int, Opened> opened_;
  std::map<std::string, std::uint64_t> files_;
  std::uint64_t last_file_ = 0, last_number_ = 0;
};

}  // namespace daemonz::tests
