#include <algorithm>

#include "config/read.h"

namespace daemonz::config {
namespace {

void read_limits(Section& from, SandboxLimits& limits) {
  constexpr std::int64_t count_max = 1'000'000;
  from.duration("cpu", limits.cpu);
  from.duration("wall", limits.wall);
  from.bytes("memory", limits.memory);
  from.bytes("stdout_max", limits.stdout_max);
  from.bytes("stderr_max", limits.stderr_max);
  from.bytes("file_size", limits.file_size);
  from.bytes("scratch", limits.scratch);
  from.whole("processes", limits.processes, 1, count_max);
  from.whole("inodes", limits.inodes, 1, count_max);
  from.whole("fds", limits.fds, 3, count_max);
  from.done();
}

bool names(const std::vector<std::string>& command, std::string_view placeholder) {
  for (const auto& word : command)
    if (word.find(placeholder) != std::string::npos) return true;
  return false;
}

/// "{file}" is a slip, "{ print $1 }" is none.
void check_placeholders(Section& from, std::string_view key,
                        const std::vector<std::string>& command) {
  for (const auto& word : command)
    for (auto at = word.find('{'); at != std::string::npos; at = word.find('{', at + 1)) {
      const auto end = word.find_first_not_of("abcdefghijklmnopqrstuvwxyz_", at + 1);
      if (end == std::string::npos || end == at + 1 || word[end] != '}') continue;
      const auto name = word.substr(at, end + 1 - at);
      std::string known;
      for (const auto each : language_placeholders) known += " " + std::string(each);
      if (std::ranges::find(language_placeholders, name) == language_placeholders.end())
        from.fault(key, in_quotes(name) + " is not one of" + known);
      else if (name == "{sources}" && word != name)
        from.fault(key, "{sources} stands for several words: it needs a word of its own");
    }
}

void read_language(Section& from, Language& language) {
  from.text("code", language.code);
  from.list("extensions", language.extensions);
  for (const auto& extension : language.extensions)
    if (extension.size() < 2 || extension.front() != '.')
      from.fault("extensions", in_quotes(extension) + " is not an extension (\".cc\")");
  from.words("compile", language.compile);
  from.words("run", language.run);
  for (const auto* key : {"compile", "run"})
    check_placeholders(from, key, key == std::string_view("run") ? language.run : language.compile);
  if (names(language.run, "{binary}") && !language.compile.empty() &&
      !names(language.compile, "{binary}"))
    from.fault("run", "runs a {binary} that `compile` does not make");
  from.boolean("disabled", language.is_disabled);
  from.done();
}

}  // namespace

void read_sandbox(Reader& reader, Section& top) {
  auto& sandbox = reader.config.sandbox;
  Section from(reader, top.find("sandbox"), "sandbox");
  constexpr int slots_max = 1024;
  from.count("slots", sandbox.slots, 1, slots_max);
  using Mode = Sandbox::LimitMode;
  from.choice<Mode, Mode>(
      "limits", sandbox.limits,
      {{"auto", Mode::automatic}, {"v2", Mode::v2}, {"v1", Mode::v1}, {"rlimit", Mode::rlimit}});
  Section profiles(reader, from.find("profiles"), "sandbox.profiles");
  Section run(reader, profiles.find("run"), "sandbox.profiles.run");
  read_limits(run, sandbox.run);
  Section compile(reader, profiles.find("compile"), "sandbox.profiles.compile");
  read_limits(compile, sandbox.compile);
  profiles.done();
  from.each("languages", [&](const Node& name, const std::string& path, const Node& node) {
    Section language(reader, &node, path);
    read_language(language, sandbox.languages[name.text]);
  });
  from.done();
}

}  // namespace daemonz::config
