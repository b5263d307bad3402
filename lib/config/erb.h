// Private to config: the part of ERB that the Ruby daemonz.yml files used, as text replacement.
// <%= Rails.root %>, RAILS_ROOT, Rails.root.join('a', 'b'), Rails.env, RAILS_ENV, ENV['X'],
// ENV['X'] || 'default', and <%# comments %>. Not Ruby: everything else is a fault that names the
// ${...} form. Line numbers stay those of the file. Follows supervisor.md.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "config/fault_log.h"

namespace daemonz::config {

struct ErbValues {
  std::string root_path;
  std::string environment;
  std::function<std::optional<std::string>(const std::string& name)> variable;
};

/// `text` with its tags replaced; faults go to `faults` and leave the tag out.
[[nodiscard]] std::string expand_erb(std::string_view text, int file, const ErbValues& values,
                                     FaultLog& faults);

}  // namespace daemonz::config
