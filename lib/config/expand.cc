#include "config/expand.h"

#include <algorithm>
#include <cstdlib>
#include <optional>

#include "config/daemon.h"
#include "config/fault_log.h"

namespace daemonz::config {
namespace {

bool is_variable_name(std::string_view name) {
  const auto is_good = [](char c) {
    return (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
  };
  return !name.empty() && !(name.front() >= '0' && name.front() <= '9') &&
         std::all_of(name.begin(), name.end(), is_good);
}

bool is_instance_name(std::string_view name) {
  return name == "name" || name == "index" || name == "instance" || name == "port";
}

std::optional<std::string> variable(const std::string& name, const ExpandOptions& options) {
  if (!options.variables) {
    const char* const value = std::getenv(name.c_str());
    return value ? std::optional<std::string>(value) : std::nullopt;
  }
  const auto found = options.variables->find(name);
  return found == options.variables->end() ? std::nullopt : std::optional(found->second);
}

// What came from outside is data: its ${ must survive the pass of for_instance.
std::string protect(std::string text) {
  for (std::size_t at = 0; (at = text.find("${", at)) != std::string::npos; at += 3)
    text.insert(at, 1, '$');
  return text;
}

std::string value_of(std::string_view inner, const ExpandOptions& options) {
  const auto dash = inner.find(":-");
  const auto name = inner.substr(0, dash);
  if (is_variable_name(name)) {
    auto value = variable(std::string(name), options);
    if (dash != std::string_view::npos && (!value || value->empty()))
      value = std::string(inner.substr(dash + 2));
    if (!value)
      throw ExpandProblem("${" + std::string(name) + "} is not set in the environment (write ${" +
                          std::string(name) + ":-DEFAULT} to go on without it)");
    return options.is_daemon ? protect(std::move(*value)) : std::move(*value);
  }
  if (options.builtins) {
    const auto found = options.builtins->find(inner);
    if (found != options.builtins->end())
      return options.is_daemon ? protect(found->second) : found->second;
  }
  if (options.is_daemon && is_instance_name(inner)) return "${" + std::string(inner) + "}";
  throw ExpandProblem(in_quotes("${" + std::string(inner) + "}") +
                      " is not known (${root_path}, ${environment}, " +
                      (options.is_daemon ? "${name}, ${index}, ${instance}, ${port}, " : "") +
                      "an environment variable in capitals; $${ for a literal ${)");
}

}  // namespace

std::string expand(std::string_view text, const ExpandOptions& options) {
  std::string out;
  while (true) {
    const auto start = text.find("${");
    if (start == std::string_view::npos) return out.append(text);
    if (start > 0 && text[start - 1] == '$') {
      out.append(text.substr(0, start - 1)).append(options.is_daemon ? "$${" : "${");
      text.remove_prefix(start + 2);
      continue;
    }
    const auto end = text.find('}', start);
    if (end == std::string_view::npos)
      throw ExpandProblem(in_quotes(text.substr(start)) + " is not closed (} is missing)");
    out.append(text.substr(0, start));
    out += value_of(text.substr(start + 2, end - start - 2), options);
    text.remove_prefix(end + 1);
  }
}

std::string expand_instance(std::string_view text, const Builtins& builtins) {
  std::string out;
  while (true) {
    const auto start = text.find("${");
    if (start == std::string_view::npos) return out.append(text);
    if (start > 0 && text[start - 1] == '$') {
      out.append(text.substr(0, start - 1)).append("${");
      text.remove_prefix(start + 2);
      continue;
    }
    const auto end = text.find('}', start);
    const auto found = end == std::string_view::npos
                           ? builtins.end()
                           : builtins.find(text.substr(start + 2, end - start - 2));
    out.append(text.substr(0, start));
    out += found == builtins.end() ? "${" : found->second;
    text.remove_prefix(found == builtins.end() ? start + 2 : end + 1);
  }
}

Milliseconds longest_stop(const Stop& stop) {
  if (stop.command.empty()) return stop.timeout;
  return stop.timeout + stop.delay_before_signal + stop.timeout;
}

Daemon for_instance(const Daemon& daemon, int index) {
  Daemon mine = daemon;
  const auto number = std::to_string(index);
  Builtins builtins{
      {"name", daemon.name}, {"index", number}, {"instance", daemon.name + ":" + number}};
  if (daemon.port) builtins["port"] = std::to_string(*daemon.port + index);
  const auto replace = [&](std::string& text) { text = expand_instance(text, builtins); };
  const auto replace_all = [&](std::vector<std::string>& texts) {
    for (auto& text : texts) replace(text);
  };
  for (auto* texts : {&mine.command, &mine.stop.command, &mine.ready.command, &mine.pid_files,
                      &mine.kill_patterns})
    replace_all(*texts);
  for (auto* text : {&mine.working_folder, &mine.log.path, &mine.log.stderr_path, &mine.user,
                     &mine.group, &mine.ready.host, &mine.ready.port_text, &mine.ready.target})
    replace(*text);
  for (auto& [name, value] : mine.env) replace(value);
  if (mine.health) {
    auto& check = mine.health->check;
    replace_all(check.command);
    for (auto* text : {&check.host, &check.port_text, &check.target}) replace(*text);
  }
  // load() has checked that these are numbers for every index.
  for (auto* check : {&mine.ready, mine.health ? &mine.health->check : nullptr})
    if (const auto port_number = check ? parse_number(check->port_text) : std::nullopt)
      check->port = static_cast<int>(*port_number);
  mine.env["DAEMONZ_NAME"] = daemon.name;
  mine.env["DAEMONZ_INDEX"] = number;
  if (daemon.port) mine.env["PORT"] = builtins["port"];
  return mine;
}

}  // namespace daemonz::config
