// A database as the jobs see it: transactions that happen or do not, rows that are locked while one
// is open, and the fence of job_table/fence.h in front of the effects. Not SQL.
#pragma once

#include <map>
#include <set>
#include <string>

#include "simulation/ledger.h"

namespace daemonz::simulation {

enum class Fence { open, done, lost };

/// Committed state. Threads: one. Survives every crash but that of an open transaction.
struct Database {
  struct Row {
    std::uint64_t token = 0;
    bool is_done = false;
  };
  std::map<std::string, Row> fences;
  std::map<std::string, int> effects;  ///< per job
  std::set<std::string> locks;
  bool is_away = false;

  [[nodiscard]] Fence look(const std::string& key, std::uint64_t token) const {
    const auto found = fences.find(key);
    if (found == fences.end()) return Fence::open;
    if (found->second.is_done) return Fence::done;
    return found->second.token > token ? Fence::lost : Fence::open;
  }
};

/// An open one; destroyed without commit() it never was. Threads: one.
class Transaction {
 public:
  explicit Transaction(Database& database) : database_(database) {}
  ~Transaction() {
    for (const auto& key : held_) database_.locks.erase(key);
  }
  Transaction(const Transaction&) = delete;
  Transaction& operator=(const Transaction&) = delete;

  /// False: another transaction has the row.
  [[nodiscard]] bool lock(const std::string& key) {
    if (held_.contains(key)) return true;
    if (!database_.locks.insert(key).second) return false;
    held_.insert(key);
    return true;
  }
  [[nodiscard]] Fence enter(const std::string& key, std::uint64_t token) {
    const auto fence = database_.look(key, token);
    if (fence == Fence::open) rows_[key] = {.token = token};
    return fence;
  }
  void mark_done(const std::string& key, std::uint64_t token) { rows_[key] = {token, true}; }
  void make_effect(const std::string& job) { effect_ = job; }
  /// Throws Violation when the job's effects happen a second time.
  void commit() {
    for (const auto& [key, row] : rows_) database_.fences[key] = row;
    if (!effect_.empty() && ++database_.effects[effect_] > 1)
      throw Violation("delivery.md 8, 9: the effects of job " + effect_ + " happened twice");
  }

 private:
  Database& database_;
  std::set<std::string> held_;
  std::map<std::string, Database::Row> rows_;
  std::string effect_;
};

}  // namespace daemonz::simulation
