// What the first lines of a program in tests/programs say of it. Not the running of it (suite.h).
//
//     // What it tries, in a sentence or two.
//     // kind: probe                     it looks for ways out, harmless without a layer or a box
//     // allowed: OK RE                  verdicts; "none": it is not run by itself
//     // allowed rlimit: MLE             verdicts in a limit mode that differs (v2, v1, rlimit)
//     // never: what must not happen, in words
//     // expect: exit_code=7 stdout_bytes=0    facts of the result that must hold
//     // stdin: 64M                      so many bytes of input; "open": a pipe that says nothing
//     // collect: result                 a file of its box that is collected, and is no secret
//     // limits: cpu=300ms memory=32M    those that are not the profile's own
#pragma once

#include <map>
#include <string>
#include <vector>

#include "sandbox/run.h"

namespace daemonz::tests {

/// A value. Threads: any.
struct HostileProgram {
  std::string name;
  std::vector<std::string> allowed;
  std::map<std::string, std::vector<std::string>> allowed_in_mode;
  std::map<std::string, std::string> expected;  ///< name of a fact -> its value
  std::string never;
  std::string stdin_size;  ///< "", "open", or a size
  std::string collected;
  sandbox::Limits limits;
  bool is_probe = false;
};

/// Sorted by name. Throws Error when a source does not say what is allowed, or what must not
/// happen.
[[nodiscard]] std::vector<HostileProgram> hostile_programs(const std::string& sources_folder);

/// The facts of the head that `result` does not meet, as "name=is, not due".
[[nodiscard]] std::vector<std::string> unmet_facts(const HostileProgram& program,
                                                   const sandbox::Result& result);

}  // namespace daemonz::tests
