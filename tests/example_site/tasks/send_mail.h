// One mail to one customer: a file in the folder of outgoing mail, which the mail server empties.
#pragma once

#include <string>

#include "offline_tasks/push.h"

struct SendMail {
  std::string to, subject, text;

  static constexpr std::string_view name = "send_mail";
  static daemonz::offline_tasks::Options defaults() { return {.max_attempts = 10}; }
  daemonz::offline_tasks::Outcome perform(daemonz::offline_tasks::Context& context) const;
};
BOOST_DESCRIBE_STRUCT(SendMail, (), (to, subject, text))
