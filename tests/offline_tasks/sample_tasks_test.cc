// The processor's side of sample_tasks.h.
#include "sample_tasks.h"

#include <stdexcept>

#include "offline_tasks/push.h"

using namespace daemonz;
using namespace std::chrono_literals;
using namespace offline_tasks;

Outcome samples::Echo::perform(Context&) const { return Done{to_json(*this)}; }

Outcome samples::End::perform(Context&) const {
  if (how == "fail") return Fail{"it failed"};
  if (how == "kill") return Kill{"too large"};
  if (how == "again") return Again{3s, "not yet"};
  if (how == "throw") throw std::out_of_range("index 9");
  if (how == "throw an int") throw 7;
  if (how == "superseded") throw Superseded("lost");
  return Done{};
}

Outcome samples::Chain::perform(Context& context) const {
  return Done{json::value(context.push(Echo{1, "chained"}))};
}
