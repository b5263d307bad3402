#include "support/places.h"

#include <cstdlib>

namespace daemonz::tests {

std::string program_path(const std::string& name) {
  const char* given = std::getenv("DAEMONZ_BIN");
  return std::string(given ? given : DAEMONZ_BIN_DIR) + "/" + name;
}

std::string source_path(const std::string& name) { return DAEMONZ_SOURCE_DIR "/" + name; }

}  // namespace daemonz::tests
