#include "db/mysql_rows.h"

#include <mysql.h>

namespace daemonz::db {
namespace {

constexpr unsigned long spare_bytes = 32;  ///< times are longer as text than as max_length says

/// Where the library puts one column of the row that it fetches.
struct Column {
  enum class Kind { integer, real, bytes } kind = Kind::bytes;
  std::int64_t number = 0;
  double real = 0;
  std::string buffer;
  unsigned long length = 0;
  my_bool is_null = 0;

  void bind_to(MYSQL_BIND& bind, const MYSQL_FIELD& field);
  [[nodiscard]] Value value() const;
};

Column::Kind kind_of(const MYSQL_FIELD& field) {
  switch (field.type) {
    case MYSQL_TYPE_LONGLONG:
      if ((field.flags & UNSIGNED_FLAG) != 0) return Column::Kind::bytes;
      [[fallthrough]];
    case MYSQL_TYPE_TINY:
    case MYSQL_TYPE_SHORT:
    case MYSQL_TYPE_INT24:
    case MYSQL_TYPE_LONG:
    case MYSQL_TYPE_YEAR: return Column::Kind::integer;
    case MYSQL_TYPE_FLOAT:
    case MYSQL_TYPE_DOUBLE: return Column::Kind::real;
    default: return Column::Kind::bytes;
  }
}

void Column::bind_to(MYSQL_BIND& bind, const MYSQL_FIELD& field) {
  kind = kind_of(field);
  bind.is_null = &is_null;
  bind.length = &length;
  if (kind == Kind::integer) {
    bind.buffer_type = MYSQL_TYPE_LONGLONG;
    bind.buffer = &number;
  } else if (kind == Kind::real) {
    bind.buffer_type = MYSQL_TYPE_DOUBLE;
    bind.buffer = &real;
  } else {
    buffer.resize(field.max_length + spare_bytes);
    bind.buffer_type = MYSQL_TYPE_STRING;
    bind.buffer = buffer.data();
    bind.buffer_length = buffer.size();
  }
}

Value Column::value() const {
  if (is_null) return std::monostate();
  if (kind == Kind::integer) return number;
  if (kind == Kind::real) return real;
  return buffer.substr(0, length);
}

bool has_room(const std::vector<Column>& columns) {
  return std::ranges::all_of(columns, [](const Column& column) {
    return column.kind != Column::Kind::bytes || column.length <= column.buffer.size();
  });
}

}  // namespace

std::optional<Rows> read_rows(st_mysql_stmt* statement) {
  const std::unique_ptr<MYSQL_RES, decltype(&mysql_free_result)> metadata(
      mysql_stmt_result_metadata(statement), mysql_free_result);
  if (!metadata) return std::nullopt;
  const unsigned count = mysql_num_fields(metadata.get());
  const MYSQL_FIELD* const fields = mysql_fetch_fields(metadata.get());
  std::vector<Column> columns(count);
  std::vector<MYSQL_BIND> binds(count, MYSQL_BIND{});
  Rows result;
  for (unsigned i = 0; i < count; ++i) {
    result.columns.emplace_back(fields[i].name);
    columns[i].bind_to(binds[i], fields[i]);
  }
  if (mysql_stmt_bind_result(statement, binds.data()) != 0) return std::nullopt;
  result.rows.reserve(mysql_stmt_num_rows(statement));
  int code = 0;
  while ((code = mysql_stmt_fetch(statement)) != MYSQL_NO_DATA) {
    // A truncated number is a FLOAT shown as DOUBLE; truncated bytes would be a lie.
    if (code == 1 || (code == MYSQL_DATA_TRUNCATED && !has_room(columns))) return std::nullopt;
    auto& row = result.rows.emplace_back();
    row.reserve(count);
    for (const auto& column : columns) row.push_back(column.value());
  }
  return result;
}

}  // namespace daemonz::db
