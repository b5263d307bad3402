// What a request handler does: hand the work over, answer at once. This one also waits.
#include <cstdio>

#include "offline_tasks/from_config.h"
#include "offline_tasks/status.h"
#include "tasks/all.h"

using namespace std::chrono_literals;
namespace offline_tasks = daemonz::offline_tasks;

int main() {
  offline_tasks::connect_from_config();
  const auto import =
      ShopTasks::push_pull(ImportCustomers{{"Ada,ada@example.org", "Grace,grace@example.org"}});
  const auto status = offline_tasks::wait(import.id(), 20s);
  std::printf("%s, %lld of %lld, result %s\n", to_string(status.state),
              static_cast<long long>(status.progress.done),
              static_cast<long long>(status.progress.total),
              daemonz::json::serialize(status.result).c_str());
  return status.state == offline_tasks::JobState::done ? 0 : 1;
}
