#include "tasks.h"   // the control: this one compiles
using List = daemonz::offline_tasks::TaskList<First, Second>;
void f() { List::push_pull(First{1}); }
