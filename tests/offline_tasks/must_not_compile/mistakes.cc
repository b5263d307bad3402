// Each line that ends in "// expected: TEXT" must be answered by the compiler with TEXT.
#include "tasks.h"

using daemonz::offline_tasks::TaskList;

void mistakes(daemonz::db::Connection& tx) {
  TaskList<First>::push(tx,
                        Second{});  // expected: outside of the TaskList cannot go into the outbox
  TaskList<First, Second, AlsoFirst>::push_pull(First{1});  // expected: two tasks of one name
  TaskList<First>::push_pull(Second{});               // expected: this task is not in the TaskList
  TaskList<First, Undescribed>::push_pull(First{1});  // expected: BOOST_DESCRIBE_STRUCT(Type
}
