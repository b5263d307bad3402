#include "tasks.h"   // expected: BOOST_DESCRIBE_STRUCT
using List = daemonz::offline_tasks::TaskList<First, Undescribed>;
void f() { List::push_pull(First{1}); }
