// C++ type names as people write them. Source: abi::__cxa_demangle (Itanium C++ ABI).
#pragma once

#include <string>
#include <typeinfo>

namespace daemonz::offline_tasks {

[[nodiscard]] std::string type_name(const std::type_info& type);

}  // namespace daemonz::offline_tasks
