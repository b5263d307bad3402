#include "course/mailer.h"

#include <fcntl.h>
#include <unistd.h>

#include <cctype>

#include <algorithm>

#include "base/clock.h"
#include "base/error.h"
#include "base/unique_fd.h"

namespace daemonz::course {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t header_size_max = 900;  // RFC 5322, 2.1.1: a line has at most 998 characters

const std::string& checked_header(const std::string& name, const std::string& value) {
  if (value.size() > header_size_max ||
      value.find_first_of(std::string("\r\n\0", 3)) != std::string::npos)
    throw Error(ErrorText{.what = "a mail's " + name + " is too long or holds a line break",
                          .hint = "Nothing was sent."});
  return value;
}

/// "Sat, 21 Nov 2026 13:20:01 +0000" (RFC 5322, 3.3), whatever the locale.
std::string mail_date(WallTime time) {
  const auto seconds = std::chrono::floor<std::chrono::seconds>(time);
  const std::time_t stamp = std::chrono::system_clock::to_time_t(seconds);
  std::tm parts{};
  ::gmtime_r(&stamp, &parts);
  static constexpr const char* days[]{"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
  static constexpr const char* months[]{"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                        "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  char text[64];
  std::snprintf(text, sizeof text, "%s, %d %s %d %02d:%02d:%02d +0000", days[parts.tm_wday],
                parts.tm_mday, months[parts.tm_mon], parts.tm_year + 1900, parts.tm_hour,
                parts.tm_min, parts.tm_sec);
  return text;
}

/// A file name that says the message id, and is one whatever stands in the id.
std::string file_name(const std::string& message_id) {
  std::string name = message_id.substr(0, 200);
  for (char& c : name)
    if (!std::isalnum(static_cast<unsigned char>(c)) && c != '-' && c != '@' && c != '_') c = '.';
  if (name.starts_with('.')) name[0] = '_';
  return name;
}

void write_synced(const fs::path& path, const std::string& text) {
  const UniqueFd fd(::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0640));
  if (!fd.is_open()) throw_errno("cannot write a mail", path);
  for (std::size_t done = 0; done < text.size();) {
    const auto written = ::write(fd.get(), text.data() + done, text.size() - done);
    if (written < 0 && errno != EINTR) throw_errno("cannot write a mail", path);
    done += static_cast<std::size_t>(std::max<ssize_t>(written, 0));
  }
  if (::fsync(fd.get()) != 0) throw_errno("cannot sync a mail", path);
}

class Maildir final : public Mailer {
 public:
  explicit Maildir(fs::path folder) : folder_(std::move(folder)) {
    for (const char* part : {"tmp", "new", "cur"}) fs::create_directories(folder_ / part);
  }

  void send(const Mail& mail) override {
    const auto text = to_message(mail, "course@localhost");
    const auto name = file_name(mail.message_id);
    if (fs::exists(folder_ / "new" / name)) return;
    // The pid: two processors may deliver the same mail at once.
    const auto draft = folder_ / "tmp" / (name + "." + std::to_string(::getpid()));
    write_synced(draft, text);
    fs::rename(draft, folder_ / "new" / name);
  }

 private:
  fs::path folder_;
};

}  // namespace

std::unique_ptr<Mailer> maildir(const fs::path& folder) {
  return std::make_unique<Maildir>(folder);
}

std::string to_message(const Mail& mail, const std::string& from) {
  std::string text = "From: " + checked_header("sender", from) +
                     "\r\nTo: " + checked_header("address", mail.to) +
                     "\r\nSubject: " + checked_header("subject", mail.subject) +
                     "\r\nDate: " + mail_date(real_clock().wall()) + "\r\nMessage-ID: <" +
                     checked_header("message id", mail.message_id) +
                     ">\r\nMIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n"
                     "Content-Transfer-Encoding: 8bit\r\n\r\n";
  for (const char c : mail.body) {
    if (c == '\n' && !text.ends_with('\r')) text += '\r';
    text += c;
  }
  return text;
}

}  // namespace daemonz::course
