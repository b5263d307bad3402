// The control: the same without the mistakes compiles.
#include "tasks.h"

using daemonz::offline_tasks::TaskList;

void no_mistakes(daemonz::db::Connection& tx) {
  TaskList<First>::push(tx, First{1});
  TaskList<First, Second>::push_pull(First{1});
  TaskList<First, Second>::push_pull(Second{});
}
