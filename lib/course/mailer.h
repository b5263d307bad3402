// Sends one mail, the course's only way out to people. Two ways: a folder of messages (a maildir:
// development and tests) and a command such as sendmail. Not an SMTP client.
// Sources: RFC 5322 (message), https://cr.yp.to/proto/maildir.html, sendmail(8).
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

namespace daemonz::course {

struct Mail {
  std::string to, subject, body;  ///< UTF-8; addresses and subject without line breaks
  std::string message_id;         ///< without <>; the same mail sent again has the same one
};

/// Threads: any.
class Mailer {
 public:
  virtual ~Mailer() = default;
  /// Throws Error when the mail could not be handed over; sending again is then right. May happen
  /// twice after a crash: the message id tells.
  virtual void send(const Mail& mail) = 0;
};

/// Writes each mail as a file into `folder`/new (made if missing): tmp/ first, then renamed, so
/// that a reader never sees half a mail. The same message id is written once.
[[nodiscard]] std::unique_ptr<Mailer> maildir(const std::filesystem::path& folder);

/// The message as RFC 5322 text. Throws Error for a line break in a header (header injection).
[[nodiscard]] std::string to_message(const Mail& mail, const std::string& from);

}  // namespace daemonz::course
