#include "tasks.h"   // expected: this task is not in the TaskList
using List = daemonz::offline_tasks::TaskList<First>;
void f() { List::push_pull(Second{}); }
