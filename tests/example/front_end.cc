#include <cstdio>

#include "greet.h"

int main(int, char** argv) {
  daemonz::offline_tasks::connect({.broker = argv[1]});
  const auto answer = SiteTasks::push_pull(Greet{"Ada", 2}, {.priority = daemonz::Priority{0}});
  std::printf("pushed %s\n", answer.id().c_str());
}
