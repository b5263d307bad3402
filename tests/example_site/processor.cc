#include "processor/main.h"

#include "tasks/all.h"
#include "tasks/outbox.h"

int main(int argc, char** argv) {
  Outbox outbox("outgoing");
  daemonz::offline_tasks::Services services;
  services.lend(outbox);
  return daemonz::processor::main<ShopTasks>(argc, argv, {.services = {services}});
}
