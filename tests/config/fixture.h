// A folder with a daemonz.yml, and verbs to load it.
#pragma once

#include <fstream>
#include <map>
#include <string>

#include "config/config.h"
#include "support/temp_dir.h"

namespace daemonz::tests {

/// ROOT/config/daemonz.yml and what stands beside it. Four cores, and no environment variables but
/// those in `variables`.
class Site {
 public:
  Site() { std::filesystem::create_directories(dir_.path() / "config" / "daemonz"); }
  explicit Site(const std::string& text) : Site() { write("daemonz.yml", text); }

  void write(const std::string& name, const std::string& text) {
    std::ofstream(dir_.path() / "config" / name, std::ios::binary) << text;
  }
  [[nodiscard]] std::string root() const { return dir_.path(); }
  [[nodiscard]] std::string file() const { return dir_ / "config/daemonz.yml"; }
  [[nodiscard]] config::Config load() const {
    return config::load(file(), {.cores = 4, .variables = &variables});
  }
  /// All sentences, one per line, with the folder left out; "" when the file is good.
  [[nodiscard]] std::string faults() const {
    try {
      static_cast<void>(load());
      return "";
    } catch (const config::Faults& faults) {
      return without(dir_ / "config/", faults.what());
    }
  }

  static std::string without(const std::string& part, std::string text) {
    for (auto at = text.find(part); at != std::string::npos; at = text.find(part))
      text.erase(at, part.size());
    return text;
  }

  std::map<std::string, std::string> variables;

 private:
  TempDir dir_;
};

inline std::string faults_of(const std::string& text) { return Site(text).faults(); }

}  // namespace daemonz::tests
