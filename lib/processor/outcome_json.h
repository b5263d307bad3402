// An Outcome as it crosses from a forked child to its lane. Of this room only.
#pragma once

#include "base/json.h"
#include "offline_tasks/outcome.h"

namespace daemonz::processor {

/// {"done":RESULT as text} | {"again":MS,"why"} | {"fail":WHY,"trace"} | {"kill":WHY}. What is not
/// UTF-8 is made so.
[[nodiscard]] json::object to_json(const offline_tasks::Outcome& outcome);

/// The way back. Throws Error for anything else.
[[nodiscard]] offline_tasks::Outcome from_json(const json::object& line);

}  // namespace daemonz::processor
