// The records of a data folder as text, one line each, for looking into a store by hand. Changes
// nothing and takes no lock: beside a running server the last lines may be missing.
#pragma once

#include <functional>
#include <string>
#include <string_view>

namespace daemonz::queue {

/// "1:32 seq=1 put queue=mail priority=4 bytes=300 .." for each record of the log, in order, then a
/// line that says where it ends. No bodies. Throws Error as a start would (damage, a bad folder).
void dump(const std::string& folder, const std::function<void(std::string_view line)>& print);

}  // namespace daemonz::queue
