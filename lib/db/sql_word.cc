#include "db/sql_word.h"

#include <cctype>
#include <string>

namespace daemonz::db {
namespace {

/// In capitals, with single blanks.
std::string first_words(std::string_view sql) {
  constexpr std::size_t enough = 20;
  std::string words;
  for (const char c : sql.substr(std::min(sql.find_first_not_of(" \t\r\n("), sql.size()))) {
    const auto byte = static_cast<unsigned char>(c);
    if (words.size() == enough || (std::isalnum(byte) == 0 && std::isspace(byte) == 0)) break;
    if (std::isalnum(byte) != 0)
      words += static_cast<char>(std::toupper(byte));
    else if (!words.ends_with(' '))
      words += ' ';
  }
  return words;
}

}  // namespace

SqlWord sql_word(std::string_view sql) {
  auto words = first_words(sql);
  if (!words.ends_with(' ')) words += ' ';
  if (words == "BEGIN " || words.starts_with("START TRANSACTION ")) return SqlWord::begin;
  if (words == "COMMIT ") return SqlWord::commit;
  if (words == "ROLLBACK ") return SqlWord::rollback;
  return words.starts_with("SELECT ") || words.starts_with("SHOW ") ? SqlWord::read
                                                                    : SqlWord::other;
}

}  // namespace daemonz::db
