#include "job_table/table.h"

#include <algorithm>
#include <array>
#include <set>

#include "base/json.h"
#include "base/utf8.h"

namespace daemonz::job_table {
namespace {

struct Name {
  State state;
  const char* text;
};
constexpr std::array<Name, 6> names{{{State::pushed, "pushed"},
                                     {State::running, "running"},
                                     {State::retrying, "retrying"},
                                     {State::done, "done"},
                                     {State::dead, "dead"},
                                     {State::cancelled, "cancelled"}}};

constexpr const char* has_not_ended = "state NOT IN ('done', 'dead', 'cancelled')";

std::string joined(std::initializer_list<std::string_view> parts) {
  std::string sql;
  for (const auto part : parts) sql += part;
  return sql;
}

db::Value time_value(const std::optional<WallTime>& time) {
  if (!time) return std::monostate();
  return to_iso8601(*time);
}

std::optional<WallTime> time_of(const db::Value& value) { return parse_iso8601(db::text(value)); }

int int_of(const db::Value& value) { return static_cast<int>(db::integer(value).value_or(0)); }

std::string with_error(const std::string& errors, int attempt, const std::string& at,
                       std::string_view why) {
  json::array list;
  if (const auto parsed = json::try_parse(errors); parsed && parsed->is_array())
    list = parsed->get_array();
  list.push_back(json::object{{"attempt", attempt}, {"at", at}, {"why", std::string(why)}});
  while (list.size() > errors_max) list.erase(list.begin());
  return json::serialize(list);
}

constexpr const char* columns =
    "place, id, state, task, queue, priority, attempts, max_attempts, handler, last_error, errors, "
    "progress, result, envelope, locked_by, run_at, locked_at, failed_at, created_at, updated_at, "
    "batch";

Job job_of(const db::Row& row) {
  return Job{.place = db::integer(row[0]).value_or(0),
             .id = db::text(row[1]),
             .state = parse_state(db::text(row[2])).value_or(State::pushed),
             .task = db::text(row[3]),
             .queue = db::text(row[4]),
             .batch = db::text(row[20]),
             .priority = int_of(row[5]),
             .attempts = int_of(row[6]),
             .max_attempts = int_of(row[7]),
             .handler = db::text(row[8]),
             .last_error = db::text(row[9]),
             .errors = db::text(row[10]),
             .progress = db::text(row[11]),
             .result = db::text(row[12]),
             .envelope = db::text(row[13]),
             .locked_by = db::text(row[14]),
             .run_at = time_of(row[15]),
             .locked_at = time_of(row[16]),
             .failed_at = time_of(row[17]),
             .created_at = time_of(row[18]).value_or(WallTime()),
             .updated_at = time_of(row[19]).value_or(WallTime())};
}

/// States that few jobs of a large table are in.
bool is_rare(State state) { return state != State::done; }

/// The condition of a filter for one state, or for all; its values are added to `values`. One
/// column at most may use its index, where rows stand newest first already: an optimizer that is
/// free to choose sorts or intersects a million of them.
std::string where(const Filter& filter, std::optional<State> state, db::Dialect dialect,
                  db::Row& values) {
  struct Wanted {
    const char* column;
    std::string value;
  };
  std::vector<Wanted> wanted;  // what few rows have, first
  const auto add = [&](const char* column, const std::string& value) {
    if (!value.empty()) wanted.push_back({column, value});
  };
  add("batch", filter.batch);
  if (state && is_rare(*state)) add("state", to_string(*state));
  add("task", filter.task);
  add("queue", filter.queue);
  if (state && !is_rare(*state)) add("state", to_string(*state));
  std::string sql = filter.before > 0 ? "WHERE place < ?" : "WHERE 1 = 1";
  if (filter.before > 0) values.emplace_back(filter.before);
  if (!filter.batch.empty()) sql += " AND batch <> ''";  // as the partial index wants it
  for (const auto& one : wanted) {
    const std::string column = one.column;
    const auto unindexed = dialect == db::Dialect::sqlite ? "+" + column : "CONCAT(" + column + ")";
    sql += " AND " + (&one == wanted.data() ? column : unindexed) + " = ?";
    values.emplace_back(one.value);
  }
  return sql;
}

/// One query for each state that is wanted: together they would be sorted.
std::vector<std::optional<State>> states_of(const Filter& filter) {
  if (filter.states.empty()) return {std::nullopt};
  const std::set<State> each(filter.states.begin(), filter.states.end());
  return {each.begin(), each.end()};
}

/// Behind a SELECT inside a transaction: nobody else changes the row before its end. A transaction
/// of SQLite is alone anyway.
const char* row_lock(db::Dialect dialect) {
  return dialect == db::Dialect::sqlite ? "" : " FOR UPDATE";
}

/// Several statements that belong together: a transaction, or a part of the caller's.
void together(db::Connection& connection, const std::function<void(db::Connection&)>& body) {
  if (connection.is_in_transaction())
    body(connection);
  else
    connection.transaction(body);
}

}  // namespace

const char* to_string(State state) {
  for (const auto& name : names)
    if (name.state == state) return name.text;
  return "?";
}

std::optional<State> parse_state(std::string_view text) {
  for (const auto& name : names)
    if (text == name.text) return name.state;
  return std::nullopt;
}

std::uint64_t Table::insert_if_new(const Facts& job) {
  const auto sql = joined(
      {connection_.dialect() == db::Dialect::sqlite ? "INSERT OR IGNORE" : "INSERT IGNORE",
       " INTO daemonz_jobs (id, state, task, queue, priority, max_attempts, handler, last_error, "
       "errors, progress, result, envelope, run_at, created_at, updated_at, batch) "
       "VALUES (?, 'pushed', ?, ?, ?, ?, ?, '', '', '', '', '', ?, ?, ?, ?)"});
  const auto now = clock_.wall();
  const auto created = job.created_at == WallTime() ? now : job.created_at;
  return connection_.execute(
      sql, {job.id, job.task, job.queue, std::int64_t{job.priority.level},
            std::int64_t{job.max_attempts}, job.handler, time_value(job.run_at),
            to_iso8601(created), to_iso8601(now), to_utf8(job.batch, batch_size_max)});
}

void Table::record_pushed(const Facts& job) { (void)insert_if_new(job); }

void Table::forget_pushed(std::string_view id) {
  connection_.execute("DELETE FROM daemonz_jobs WHERE id = ? AND state = 'pushed' AND attempts = 0",
                      {std::string(id)});
}

bool Table::record_started(const Facts& job, Token token, int attempt, std::string_view locked_by) {
  const auto now = to_iso8601(clock_.wall());
  const auto update = [&] {
    return connection_.execute(
        // A dead job that is delivered with a higher token was pushed again: it lives.
        "UPDATE daemonz_jobs SET state = 'running', token = ?, attempts = ?, locked_at = ?, "
        "locked_by = ?, failed_at = NULL, envelope = '', updated_at = ? WHERE id = ? AND "
        "((token <= ? AND state NOT IN ('done', 'dead', 'cancelled')) OR "
        "(token < ? AND state = 'dead'))",
        {token, std::int64_t{attempt}, now, std::string(locked_by), now, job.id, token, token});
  };
  if (update() > 0) return true;
  return insert_if_new(job) > 0 && update() > 0;
}

bool Table::record_progress(std::string_view id, Token token, std::string_view progress_json) {
  if (progress_json.size() > progress_size_max)
    throw Error(ErrorText{.what = "a progress of " + std::to_string(progress_json.size()) +
                                  " bytes is too large, at most " +
                                  std::to_string(progress_size_max) + " are kept",
                          .where = "job " + std::string(id),
                          .hint = "Shorten its note."});
  return connection_.execute(
             "UPDATE daemonz_jobs SET progress = ?, updated_at = ? WHERE id = ? AND token = ? AND "
             "state = 'running'",
             {std::string(progress_json), to_iso8601(clock_.wall()), std::string(id), token}) > 0;
}

bool Table::record_done(std::string_view id, Token token, std::string_view result_json) {
  if (result_json.size() > result_size_max)
    throw Error(ErrorText{.what = "a result of " + std::to_string(result_json.size()) +
                                  " bytes is too large, at most " +
                                  std::to_string(result_size_max) + " are kept",
                          .where = "job " + std::string(id),
                          .hint = "Write it to a table of your own and return its key."});
  return connection_.execute(
             joined({"UPDATE daemonz_jobs SET state = 'done', token = ?, result = ?, "
                     "locked_at = NULL, locked_by = '', updated_at = ? WHERE id = ? AND "
                     "token <= ? AND ",
                     has_not_ended}),
             {token, std::string(result_json), to_iso8601(clock_.wall()), std::string(id), token}) >
         0;
}

/// What both ends of a failed attempt write.
struct Table::Failure {
  State state;
  int attempt;
  std::string_view error;
  std::optional<WallTime> run_at;
  std::string_view envelope;
};

bool Table::record_failure(const Facts& job, Token token, const Failure& failure) {
  bool is_written = false;
  together(connection_, [&](db::Connection& inside) {
    (void)insert_if_new(job);
    const auto found = inside.query(
        joined({"SELECT errors FROM daemonz_jobs WHERE id = ?", row_lock(inside.dialect())}),
        {std::string(job.id)});
    const auto now = to_iso8601(clock_.wall());
    const auto error = to_utf8(failure.error, error_size_max);
    const auto errors = with_error(found.rows.empty() ? std::string() : db::text(found.rows[0][0]),
                                   failure.attempt, now, error);
    is_written =
        inside.execute(
            joined({"UPDATE daemonz_jobs SET state = ?, token = ?, attempts = ?, "
                    "last_error = ?, errors = ?, envelope = ?, run_at = ?, "
                    "failed_at = ?, locked_at = NULL, locked_by = '', "
                    "updated_at = ? WHERE id = ? AND token <= ? AND ",
                    has_not_ended}),
            {std::string(to_string(failure.state)), token, std::int64_t{failure.attempt}, error,
             errors, std::string(failure.envelope), time_value(failure.run_at),
             failure.state == State::dead ? db::Value(now) : db::Value(), now, job.id, token}) > 0;
  });
  return is_written;
}

bool Table::record_failed(const Facts& job, Token token, int attempt, std::string_view error,
                          WallTime run_at) {
  return record_failure(job, token, {State::retrying, attempt, error, run_at, {}});
}

bool Table::record_put_off(std::string_view id, Token token, std::string_view why,
                           WallTime run_at) {
  return connection_.execute(
             joined({"UPDATE daemonz_jobs SET state = 'retrying', attempts = attempts - 1, "
                     "last_error = ?, run_at = ?, locked_at = NULL, locked_by = '', "
                     "updated_at = ? WHERE id = ? AND token = ? AND state = 'running'"}),
             {to_utf8(why, error_size_max), to_iso8601(run_at), to_iso8601(clock_.wall()),
              std::string(id), token}) > 0;
}

bool Table::record_dead(const Facts& job, Token token, int attempt, std::string_view error,
                        std::string_view envelope) {
  if (record_failure(job, token, {State::dead, attempt, error, {}, envelope})) return true;
  const auto known = find(job.id);
  return known && known->state == State::dead;
}

bool Table::record_retried(const Job& dead, int max_attempts) {
  return connection_.execute(
             "UPDATE daemonz_jobs SET state = 'pushed', max_attempts = ?, failed_at = NULL, "
             "envelope = '', run_at = NULL, updated_at = ? WHERE id = ? AND state = 'dead' AND "
             "attempts = ? AND failed_at = ?",
             {std::int64_t{max_attempts}, to_iso8601(clock_.wall()), dead.id,
              std::int64_t{dead.attempts}, time_value(dead.failed_at)}) > 0;
}

bool Table::record_cancelled(std::string_view id) {
  return connection_.execute(
             joined({"UPDATE daemonz_jobs SET state = 'cancelled', locked_at = NULL, "
                     "locked_by = '', updated_at = ? WHERE id = ? AND ",
                     has_not_ended}),
             {to_iso8601(clock_.wall()), std::string(id)}) > 0;
}

bool Table::remove(std::string_view id) {
  return connection_.execute(
             joined({"DELETE FROM daemonz_jobs WHERE id = ? AND NOT ", has_not_ended}),
             {std::string(id)}) > 0;
}

std::optional<Job> Table::find(std::string_view id) {
  const auto found = connection_.query(
      joined({"SELECT ", columns, " FROM daemonz_jobs WHERE id = ?"}), {std::string(id)});
  if (found.rows.empty()) return std::nullopt;
  return job_of(found.rows[0]);
}

std::vector<Job> Table::list(const Filter& filter) {
  std::vector<Job> jobs;
  const auto states = states_of(filter);
  for (const auto& state : states) {
    db::Row values;
    const auto sql = joined({"SELECT ", columns, " FROM daemonz_jobs ",
                             where(filter, state, connection_.dialect(), values),
                             " ORDER BY place DESC LIMIT ?"});
    values.emplace_back(static_cast<std::int64_t>(filter.limit));
    for (const auto& row : connection_.query(sql, values).rows) jobs.push_back(job_of(row));
  }
  if (states.size() > 1) std::ranges::sort(jobs, std::ranges::greater(), &Job::place);
  if (jobs.size() > filter.limit) jobs.resize(filter.limit);
  return jobs;
}

std::uint64_t Table::count(const Filter& filter) {
  std::uint64_t count = 0;
  for (const auto& state : states_of(filter)) {
    db::Row values;
    const auto sql = joined({"SELECT count(*) FROM daemonz_jobs ",
                             where(filter, state, connection_.dialect(), values)});
    count += static_cast<std::uint64_t>(
        db::integer(connection_.query(sql, values).rows.at(0)[0]).value_or(0));
  }
  return count;
}

std::uint64_t Table::count(State state) {
  const auto found = connection_.query("SELECT count(*) FROM daemonz_jobs WHERE state = ?",
                                       {std::string(to_string(state))});
  return static_cast<std::uint64_t>(db::integer(found.rows.at(0)[0]).value_or(0));
}

std::map<State, std::uint64_t> Table::count_batch(std::string_view batch) {
  std::map<State, std::uint64_t> counts;
  for (const auto& row :
       connection_
           .query("SELECT state, count(*) FROM daemonz_jobs WHERE batch <> '' AND batch = ? "
                  "GROUP BY state",
                  {std::string(batch)})
           .rows)
    if (const auto state = parse_state(db::text(row[0])))
      counts[*state] = static_cast<std::uint64_t>(db::integer(row[1]).value_or(0));
  return counts;
}

}  // namespace daemonz::job_table
