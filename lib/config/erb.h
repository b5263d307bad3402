// Private to config: the part of ERB that the Ruby daemonz.yml files used, as text replacement.
// <%= Rails.root %>, RAILS_ROOT, Rails.root.join('a', 'b'), Rails.env, RAILS_ENV, ENV['X'],
// ENV['X'] || 'default', <%# comments %>, and <% N.times do |i| %>..<%= i %>..<% end %>. Not Ruby:
// everything else is a fault that names the ${...} form. Follows supervisor.md.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "config/fault_log.h"

namespace daemonz::config {

struct ErbValues {
  std::string root_path;
  std::string environment;
  std::function<std::optional<std::string>(const std::string& name)> variable;
};

/// What a template has become, and where each of its lines stood: a loop repeats them.
struct ErbText {
  std::string text;
  std::vector<int> lines;  ///< of the file, from 1; lines[0] is that of the text's first line
};

/// `text` with its tags replaced; faults go to `faults` and leave the tag out. A text that grows
/// beyond yaml_size_max is a fault and ends there.
[[nodiscard]] ErbText expand_erb(std::string_view text, int file, const ErbValues& values,
                                 FaultLog& faults);

}  // namespace daemonz::config
