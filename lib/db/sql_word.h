// What kind of statement a text is, by its first words: as much as a lost connection needs to know.
// No SQL parser. Of this room only.
#pragma once

#include <string_view>

namespace daemonz::db {

/// `read`: running it twice is the same as once. A SELECT of a function that writes is the
/// exception, and its author's affair.
enum class SqlWord { begin, commit, rollback, read, other };

[[nodiscard]] SqlWord sql_word(std::string_view sql);

}  // namespace daemonz::db
