// The commands that serve bash: the completion script, and the names that it asks for. Source:
// bash(1), "Programmable Completion".
#include <filesystem>
#include <ostream>
#include <set>

#include "supervisor/commands.h"
#include "supervisor/plan.h"

namespace daemonz::supervisor {
namespace {

// Bash ends a word at a colon, the names of instances hold one: so the word is taken from the line,
// and what stands before the last colon is cut off what is offered.
constexpr const char* script_head = R"sh(# bash completion for daemonz. For this shell:
#   source <(daemonz completion bash)
# For all: daemonz completion bash >/etc/bash_completion.d/daemonz
_daemonz() {
  local line=${COMP_LINE:0:COMP_POINT} word command= config=() words=() offered= i
  word=${line##*[[:space:]]}
  read -ra words <<<"${line%"$word"}"
  for ((i = 1; i < ${#words[@]}; i++)); do
    case ${words[i]} in
      --config) config=(--config "${words[i + 1]}"); ((i++)) ;;
      --config=*) config=("${words[i]}") ;;
      --log-level|-n|--lines|--fields) ((i++)) ;;
      -*) ;;
      *) command=${words[i]}; break ;;
    esac
  done
  COMPREPLY=()
  case ${words[${#words[@]} - 1]} in
    --config) COMPREPLY=($(compgen -f -- "$word")); return ;;
    --log-level) COMPREPLY=($(compgen -W "debug info warn error off" -- "$word")); return ;;
  esac
  case $command in
)sh";

constexpr const char* script_tail = R"sh(  esac
  if [[ $word == -* ]]; then
    offered+=" --config --log-level"
  elif [[ -n $command && $command != @(check|systemd-unit|completion) ]]; then
    [[ $command == signal && ${words[${#words[@]} - 1]} == signal ]] &&
      offered="HUP INT QUIT USR1 USR2 TERM KILL STOP CONT" ||
      offered=$(daemonz completion names "${config[@]}" 2>/dev/null)
  elif [[ $command == completion ]]; then
    offered=bash
  elif [[ -n $command ]]; then
    offered=
  fi
  COMPREPLY=($(compgen -W "$offered" -- "$word"))
  if [[ $word == *:* && $COMP_WORDBREAKS == *:* ]]; then
    COMPREPLY=("${COMPREPLY[@]#"${word%"${word##*:}"}"}")
  fi
}
complete -F _daemonz daemonz
)sh";

}  // namespace

int bash_completion(std::ostream& data, const std::vector<CompletedCommand>& commands) {
  data << script_head << "    '') offered=\"";
  for (const auto& command : commands) data << ' ' << command.name;
  data << " \" ;;\n";
  for (const auto& command : commands) {
    if (command.options.empty()) continue;
    data << "    " << command.name << ") [[ $word == -* ]] && offered=\"";
    for (const auto& option : command.options) data << ' ' << option;
    data << " \" ;;\n";
  }
  data << script_tail;
  return 0;
}

int instance_names(const Caller& caller) {
  const auto plan =
      make_plan(caller.config, std::filesystem::path(caller.program).parent_path().string());
  std::set<std::string> names;
  for (const auto& one : plan.instances) {
    names.insert(one.daemon);
    names.insert(one.name);
  }
  for (const auto& name : names) caller.data << name << '\n';
  return 0;
}

}  // namespace daemonz::supervisor
