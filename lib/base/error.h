// The one exception of the project: "it could not be done".
// Not for outcomes that a caller chooses on (those are [[nodiscard]] values) and not for bugs
// (DAEMONZ_CHECK, base/check.h). Caught only at named boundaries: main, one daemon, one connection,
// one job, one database reconnect.
#pragma once

#include <cerrno>
#include <exception>
#include <string>
#include <string_view>

namespace daemonz {

/// What happened, where, and what to do about it. A value type; Threads: any.
///
///     throw Error(ErrorText{.what = "cannot open the journal", .where = path, .hint = "Is the disk
///     mounted?"});
struct ErrorText {
  std::string what;   ///< lower-case phrase, without a full stop
  std::string where;  ///< file, file:line:column, address or job; may be empty
  std::string hint;   ///< the next step for a person; may be empty
  int code = 0;       ///< errno where a system call failed, else 0
};

/// A value. Threads: any.
class Error : public std::exception {
 public:
  explicit Error(ErrorText text);
  explicit Error(std::string what) : Error(ErrorText{.what = std::move(what)}) {}

  /// The whole sentence: "WHERE: WHAT: strerror. HINT".
  [[nodiscard]] const char* what() const noexcept override { return sentence_.c_str(); }
  [[nodiscard]] const ErrorText& text() const noexcept { return text_; }
  [[nodiscard]] int code() const noexcept { return text_.code; }

 private:
  ErrorText text_;
  std::string sentence_;
};

/// Throws Error with errno's text: throw_errno("cannot open", path). `code` is read first.
[[noreturn]] void throw_errno(std::string what, std::string where = {}, std::string hint = {},
                              int code = errno);

/// strerror without its static buffer.
[[nodiscard]] std::string error_text(int code);

}  // namespace daemonz
