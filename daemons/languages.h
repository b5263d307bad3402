// `sandbox: languages:` of daemonz.yml, handed to the judge's table. For the programs that judge or
// take in submissions. Not the table: judge/language.h.
#pragma once

#include "config/config.h"

namespace daemonz::program {

/// Call it once, before threads exist. Throws Error that names the configuration's file.
void add_languages(const config::Config& config);

}  // namespace daemonz::program
