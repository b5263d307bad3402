// C++ names as people write them. Source: abi::__cxa_demangle (Itanium C++ ABI).
#pragma once

#include <string>
#include <typeinfo>

namespace daemonz::offline_tasks {

[[nodiscard]] std::string type_name(const std::type_info& type);
/// Of a symbol or a type; as it is when it is no such name.
[[nodiscard]] std::string demangled(const char* name);

}  // namespace daemonz::offline_tasks
