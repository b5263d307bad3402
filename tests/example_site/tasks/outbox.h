// The folder of outgoing mail. A mail's name is its job's id, so that a job which runs twice (its
// processor died before it could say that it was done) writes the same file again.
#pragma once

#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <string>

class Outbox {
 public:
  explicit Outbox(std::filesystem::path folder) : folder_(std::move(folder)) {
    std::filesystem::create_directories(folder_);
  }
  void write(const std::string& name, const std::string& mail) {
    const auto path = folder_ / name, unfinished = folder_ / ("." + name);
    std::ofstream file(unfinished);
    file << mail;
    file.close();
    if (!file) throw std::runtime_error("cannot write " + unfinished.string());
    std::filesystem::rename(unfinished, path);
  }

 private:
  std::filesystem::path folder_;
};
