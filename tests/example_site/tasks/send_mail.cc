#include "tasks/send_mail.h"

#include "tasks/outbox.h"

using namespace daemonz::offline_tasks;

Outcome SendMail::perform(Context& context) const {
  if (to.find('@') == std::string::npos) return Kill{"\"" + to + "\" is no address"};
  context.use<Outbox>().write(context.job().id,
                              "To: " + to + "\nSubject: " + subject + "\n\n" + text + "\n");
  return Done{};
}
