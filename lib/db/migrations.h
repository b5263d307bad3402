// The tables of one component, brought to the version that this program knows, step by step. The
// version stands in the database (`daemonz_schema`), so that a program meets a table of a newer one
// with a clear refusal and not with a strange error. Not a tool for a site's own tables.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "db/connection.h"

namespace daemonz::db {

/// One step. The version is its place in the list, counted from 1. Steps are never edited once they
/// were released: add another. Of MySQL's a step has one ALTER for each table, or CREATEs: what an
/// interrupted run has made already is passed over when the step is run again.
struct Migration {
  std::vector<std::string> sqlite;
  std::vector<std::string> mysql;
};

/// The tables are of a newer version than this program: trying again does not help. Threads: any.
class NewerSchema : public Error {
 public:
  using Error::Error;
};

/// Runs the steps that `component` lacks. Safe when several processes start at once. Throws
/// NewerSchema when the database is of a newer version than `steps`: nothing is changed then.
void migrate(Connection& connection, std::string_view component, std::span<const Migration> steps);

/// 0: the component has no tables yet.
[[nodiscard]] int schema_version(Connection& connection, std::string_view component);

}  // namespace daemonz::db
