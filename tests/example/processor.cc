#include "greet.h"
#include "processor/main.h"

daemonz::offline_tasks::Outcome Greet::perform(daemonz::offline_tasks::Context& context) const {
  for (std::int64_t i = 0; i < times; ++i) context.log("hello", {{"guest", name_of_guest}});
  return daemonz::offline_tasks::Done{};
}

int main(int argc, char** argv) { return daemonz::processor::main<SiteTasks>(argc, argv); }
