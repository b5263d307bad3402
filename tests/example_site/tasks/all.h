// The shop's tasks: a push of any other does not compile.
#pragma once

#include "tasks/import_customers.h"
#include "tasks/send_mail.h"

using ShopTasks = daemonz::offline_tasks::TaskList<SendMail, ImportCustomers>;
