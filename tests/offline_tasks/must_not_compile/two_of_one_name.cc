#include "tasks.h"   // expected: two tasks of one name
using List = daemonz::offline_tasks::TaskList<First, Second, AlsoFirst>;
void f() { List::push_pull(First{1}); }
