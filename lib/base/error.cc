#include "base/error.h"

#include <system_error>

namespace daemonz {

Error::Error(ErrorText text) : text_(std::move(text)) {
  if (!text_.where.empty()) sentence_ = text_.where + ": ";
  sentence_ += text_.what;
  if (text_.code != 0) sentence_ += ": " + error_text(text_.code);
  if (!text_.hint.empty()) sentence_ += ". " + text_.hint;
}

void throw_errno(std::string what, std::string where, std::string hint, int code) {
  throw Error(ErrorText{
      .what = std::move(what), .where = std::move(where), .hint = std::move(hint), .code = code});
}

std::string error_text(int code) { return std::generic_category().message(code); }

}  // namespace daemonz
