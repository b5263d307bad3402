// Where this build's programs and the source tree stand. One file knows the paths: on every compile
// line they would make each tree compile anew what another one has compiled before.
#pragma once

#include <string>

namespace daemonz::tests {

/// "/PATH/bin/daemonz-queue" of this build, or of the folder that DAEMONZ_BIN names.
[[nodiscard]] std::string program_path(const std::string& name);

/// A file or folder of the source tree, by its path there: "tests/transcripts".
[[nodiscard]] std::string source_path(const std::string& name);

}  // namespace daemonz::tests
