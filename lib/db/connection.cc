#include "db/connection.h"

#include <charconv>

#include "db/mysql.h"
#include "db/sqlite.h"

namespace daemonz::db {
namespace {

constexpr std::string_view sqlite_scheme = "sqlite:";

}  // namespace

std::optional<std::int64_t> integer(const Value& value) {
  if (const auto* number = std::get_if<std::int64_t>(&value)) return *number;
  if (const auto* real = std::get_if<double>(&value)) return static_cast<std::int64_t>(*real);
  if (const auto* text = std::get_if<std::string>(&value)) {
    std::int64_t parsed = 0;
    const char* end = text->data() + text->size();
    const auto [stop, code] = std::from_chars(text->data(), end, parsed);
    if (code == std::errc() && stop == end) return parsed;
  }
  return std::nullopt;
}

std::string text(const Value& value) {
  if (const auto* text = std::get_if<std::string>(&value)) return *text;
  if (const auto* number = std::get_if<std::int64_t>(&value)) return std::to_string(*number);
  if (const auto* real = std::get_if<double>(&value)) return std::to_string(*real);
  return {};
}

std::unique_ptr<Connection> connect(const std::string& url, Milliseconds patience) {
  check_url(url);
  if (url.starts_with(mysql_scheme)) return connect_mysql(parse_mysql_url(url), patience);
  return connect_sqlite(url.substr(sqlite_scheme.size()), patience);
}

void check_url(const std::string& url) {
  if (url.starts_with(sqlite_scheme) && url.size() > sqlite_scheme.size()) return;
  if (url.starts_with(mysql_scheme)) return static_cast<void>(parse_mysql_url(url));
  throw Error(ErrorText{.what = "not a database URL",
                        .where = "\"" + url + "\"",
                        .hint = "Write sqlite:PATH or mysql://user:password@host/database."});
}

}  // namespace daemonz::db
