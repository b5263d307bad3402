#include "offline_tasks/type_name.h"

#include <cxxabi.h>

#include <cstdlib>
#include <memory>

namespace daemonz::offline_tasks {

std::string demangled(const char* name) {
  int status = 0;
  const std::unique_ptr<char, void (*)(void*)> text(
      abi::__cxa_demangle(name, nullptr, nullptr, &status), std::free);
  return status == 0 && text ? text.get() : name;
}

std::string type_name(const std::type_info& type) { return demangled(type.name()); }

}  // namespace daemonz::offline_tasks
