#include "sandbox/hostile_program.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "base/error.h"

namespace daemonz::tests {
namespace {

namespace fs = std::filesystem;

void set_limit(sandbox::Limits& limits, const std::string& name, const std::string& value) {
  const std::map<std::string, Milliseconds*> times = {{"cpu", &limits.cpu}, {"wall", &limits.wall}};
  const std::map<std::string, Bytes*> sizes = {{"memory", &limits.memory},
                                               {"stdout", &limits.stdout_max},
                                               {"stderr", &limits.stderr_max},
                                               {"file_size", &limits.file_size},
                                               {"scratch", &limits.scratch}};
  if (const auto time = times.find(name); time != times.end())
    *time->second = parse_duration(value).value();
  else if (const auto size = sizes.find(name); size != sizes.end())
    *size->second = parse_bytes(value).value();
  else if (name == "inodes")
    limits.inodes = static_cast<std::uint32_t>(parse_bytes(value).value().count);
  else
    throw Error("unknown limit in a hostile program: " + name);
}

std::vector<std::string> words_of(std::istringstream& line) {
  std::vector<std::string> words;
  for (std::string word; line >> word;) words.push_back(word);
  return words;
}

/// "a=1 b=2"
std::map<std::string, std::string> values_of(std::istringstream& line) {
  std::map<std::string, std::string> values;
  for (const auto& word : words_of(line))
    values[word.substr(0, word.find('='))] = word.substr(word.find('=') + 1);
  return values;
}

void read_line(HostileProgram& program, std::istringstream line, const fs::path& source) {
  std::string key, mode;
  line >> key;
  if (key == "kind:") {
    program.is_probe = words_of(line) == std::vector<std::string>{"probe"};
  } else if (key == "allowed:") {
    program.allowed = words_of(line);
  } else if (key == "allowed") {
    line >> mode;
    if (mode != "v2:" && mode != "v1:" && mode != "rlimit:")
      throw Error(ErrorText{.what = "\"" + mode + "\" is no limit mode", .where = source});
    program.allowed_in_mode[mode.substr(0, mode.find(':'))] = words_of(line);
  } else if (key == "never:") {
    std::getline(line, program.never);
  } else if (key == "expect:") {
    program.expected = values_of(line);
  } else if (key == "stdin:") {
    line >> program.stdin_size;
  } else if (key == "collect:") {
    line >> program.collected;
  } else if (key == "limits:") {
    for (const auto& [name, value] : values_of(line)) set_limit(program.limits, name, value);
  }
}

HostileProgram read_program(const fs::path& source) {
  HostileProgram program{.name = source.stem()};
  std::string line;
  for (std::ifstream text(source); std::getline(text, line) && line.starts_with("//");)
    read_line(program, std::istringstream(line.substr(2)), source);
  if (program.allowed.empty())
    throw Error(ErrorText{.what = "no line \"// allowed:\"", .where = source});
  if (program.never.empty())
    throw Error(ErrorText{.what = "no line \"// never:\"", .where = source});
  return program;
}

std::map<std::string, std::string> facts_of(const sandbox::Result& result) {
  return {{"exit_code", result.exit_code ? std::to_string(*result.exit_code) : "none"},
          {"signal", result.signal ? std::to_string(*result.signal) : "none"},
          {"killed_by", result.killed_by},
          {"stdout_bytes", std::to_string(result.stdout_bytes)},
          {"stdout_cut", result.is_stdout_cut ? "1" : "0"},
          {"stderr_bytes", std::to_string(result.stderr_bytes)},
          {"idle", result.is_idle ? "1" : "0"}};
}

}  // namespace

std::vector<HostileProgram> hostile_programs(const std::string& sources_folder) {
  std::vector<HostileProgram> programs;
  for (const auto& entry : fs::directory_iterator(sources_folder))
    if (entry.path().extension() == ".c") programs.push_back(read_program(entry.path()));
  std::ranges::sort(programs, {}, &HostileProgram::name);
  return programs;
}

std::vector<std::string> unmet_facts(const HostileProgram& program, const sandbox::Result& result) {
  std::vector<std::string> unmet;
  const auto facts = facts_of(result);
  for (const auto& [name, due] : program.expected) {
    const auto fact = facts.find(name);
    const auto is = fact == facts.end() ? "no such fact" : fact->second;
    if (is != due) unmet.push_back(name + "=" + is + ", not " + due);
  }
  return unmet;
}

}  // namespace daemonz::tests
