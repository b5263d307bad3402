// The test data of a package: cases in order, each with its files and its arguments. Not their
// judging. Follows sandbox.md, "Data", and the format's "Test data".
#pragma once

#include "judge/package.h"

namespace daemonz::judge {

/// Fills package.cases from data/sample and data/secret; the rest of the package is read already.
/// Throws Error: no case, a case without answer, a link out, groups nested too deep.
void read_cases(Package& package, const ReadYaml& read_yaml);

}  // namespace daemonz::judge
