// The tables of this room, as steps that are never edited once released (db/migrations.h).
#include <array>

#include "db/migrations.h"
#include "job_table/table.h"

namespace daemonz::job_table {
namespace {

// Times are UTC text as to_iso8601 writes it: sorts as it reads, in both dialects. `place` is what
// paging goes by: ids of other makers need not sort by time.
const std::array<db::Migration, 3> steps{
    {{
         .sqlite =
             {
                 R"(CREATE TABLE daemonz_jobs (
                 place INTEGER PRIMARY KEY AUTOINCREMENT,
                 id TEXT NOT NULL UNIQUE,
                 state TEXT NOT NULL,
                 task TEXT NOT NULL,
                 queue TEXT NOT NULL,
                 priority INTEGER NOT NULL,
                 attempts INTEGER NOT NULL DEFAULT 0,
                 max_attempts INTEGER NOT NULL DEFAULT 0,
                 handler TEXT NOT NULL,
                 last_error TEXT NOT NULL DEFAULT '',
                 errors TEXT NOT NULL DEFAULT '',
                 progress TEXT NOT NULL DEFAULT '',
                 result TEXT NOT NULL DEFAULT '',
                 envelope TEXT NOT NULL DEFAULT '',
                 token INTEGER NOT NULL DEFAULT 0,
                 locked_by TEXT NOT NULL DEFAULT '',
                 run_at TEXT, locked_at TEXT, failed_at TEXT,
                 created_at TEXT NOT NULL, updated_at TEXT NOT NULL))",
                 "CREATE INDEX daemonz_jobs_state ON daemonz_jobs (state, place)",
                 "CREATE INDEX daemonz_jobs_queue ON daemonz_jobs (queue, place)",
                 "CREATE INDEX daemonz_jobs_task ON daemonz_jobs (task, place)",
                 R"(CREATE TABLE daemonz_fences (
                 job_id TEXT NOT NULL PRIMARY KEY,
                 token INTEGER NOT NULL,
                 done INTEGER NOT NULL DEFAULT 0,
                 updated_at TEXT NOT NULL) WITHOUT ROWID)",
                 "CREATE INDEX daemonz_fences_updated ON daemonz_fences (updated_at)",
             },
         .mysql =
             {
                 R"(CREATE TABLE IF NOT EXISTS daemonz_jobs (
                 place BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
                 id VARCHAR(64) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL UNIQUE,
                 state VARCHAR(16) NOT NULL,
                 task VARCHAR(100) NOT NULL,
                 queue VARCHAR(200) NOT NULL,
                 priority INTEGER NOT NULL,
                 attempts INTEGER NOT NULL DEFAULT 0,
                 max_attempts INTEGER NOT NULL DEFAULT 0,
                 handler LONGTEXT NOT NULL,
                 last_error TEXT NOT NULL,
                 errors LONGTEXT NOT NULL,
                 progress TEXT NOT NULL,
                 result LONGTEXT NOT NULL,
                 envelope LONGBLOB NOT NULL,
                 token BIGINT NOT NULL DEFAULT 0,
                 locked_by VARCHAR(255) NOT NULL DEFAULT '',
                 run_at CHAR(24), locked_at CHAR(24), failed_at CHAR(24),
                 created_at CHAR(24) NOT NULL, updated_at CHAR(24) NOT NULL,
                 KEY (state, place), KEY (queue, place), KEY (task, place)
               ) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4)",
                 R"(CREATE TABLE IF NOT EXISTS daemonz_fences (
                 job_id VARCHAR(190) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL PRIMARY KEY,
                 token BIGINT NOT NULL,
                 done INTEGER NOT NULL DEFAULT 0,
                 updated_at CHAR(24) NOT NULL,
                 KEY (updated_at)) ENGINE=InnoDB)",
             },
     },
     {
         .sqlite =
             {
                 R"(CREATE TABLE daemonz_checkpoints (
                 job_id TEXT NOT NULL PRIMARY KEY,
                 token INTEGER NOT NULL,
                 state TEXT NOT NULL,
                 updated_at TEXT NOT NULL) WITHOUT ROWID)",
             },
         .mysql =
             {
                 R"(CREATE TABLE IF NOT EXISTS daemonz_checkpoints (
                 job_id VARCHAR(64) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL PRIMARY KEY,
                 token BIGINT NOT NULL,
                 state MEDIUMTEXT NOT NULL,
                 updated_at CHAR(24) NOT NULL,
                 KEY (updated_at)) ENGINE=InnoDB)",
             },
     },
     {
         .sqlite =
             {
                 "ALTER TABLE daemonz_jobs ADD COLUMN batch TEXT NOT NULL DEFAULT ''",
                 "CREATE INDEX daemonz_jobs_batch ON daemonz_jobs (batch, place) WHERE batch <> ''",
                 "CREATE INDEX daemonz_jobs_age ON daemonz_jobs (state, updated_at)",
             },
         .mysql =
             {
                 // Names of queues and tasks that differ in their letters' case are different.
                 R"(ALTER TABLE daemonz_jobs
                 ADD COLUMN batch VARCHAR(64) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin
                   NOT NULL DEFAULT '',
                 MODIFY task VARCHAR(100) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL,
                 MODIFY queue VARCHAR(200) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL,
                 ADD KEY daemonz_jobs_batch (batch, place),
                 ADD KEY daemonz_jobs_age (state, updated_at))",
             },
     }}};

}  // namespace

void migrate(db::Connection& connection) { db::migrate(connection, "jobs", steps); }

}  // namespace daemonz::job_table
