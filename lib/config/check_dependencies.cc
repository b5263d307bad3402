#include <algorithm>

#include "base/nearest_word.h"
#include "config/read.h"
#include "config/words.h"

namespace daemonz::config {
namespace {

// Where `depends_on: NAME` of a daemon stands, as near as it can be told.
const Node& place_of(const Node& daemons, const std::string& daemon, const std::string& name) {
  const Node* const entry = daemons.find(daemon);
  const Node* const list = entry ? entry->find("depends_on") : nullptr;
  if (!list) return daemons;
  if (const Node* const condition = list->find(name)) return *condition;
  for (const auto& item : list->items)
    if (item.text == name) return item;
  return *list;
}

// Walks the dependencies depth first; a daemon met while it is still open closes a cycle.
class CycleSearch {
 public:
  explicit CycleSearch(Reader& reader, const Node& daemons) : reader_(reader), daemons_(daemons) {}

  void visit(const Daemon& daemon) {
    if (std::find(finished_.begin(), finished_.end(), &daemon) != finished_.end()) return;
    open_.push_back(&daemon);
    for (const auto& [name, condition] : daemon.depends_on) {
      const Daemon* const next = reader_.config.find_daemon(name);
      if (!next) continue;
      const auto seen = std::find(open_.begin(), open_.end(), next);
      if (seen == open_.end())
        visit(*next);
      else
        tell(daemon, name, seen);
    }
    open_.pop_back();
    finished_.push_back(&daemon);
  }

 private:
  using Path = std::vector<const Daemon*>;

  void tell(const Daemon& daemon, const std::string& name, Path::iterator first) {
    std::string cycle;
    for (auto at = first; at != open_.end(); ++at) cycle += (*at)->name + " -> ";
    reader_.fault(place_of(daemons_, daemon.name, name), "daemons." + daemon.name + ".depends_on",
                  "a cycle: " + cycle + name);
  }

  Reader& reader_;
  const Node& daemons_;
  Path open_, finished_;
};

void check_one(Reader& reader, const Node& daemons, const Daemon& daemon, const std::string& name) {
  const auto tell = [&](const std::string& text) {
    reader.fault(place_of(daemons, daemon.name, name), "daemons." + daemon.name + ".depends_on",
                 text);
  };
  const Daemon* const other = reader.config.find_daemon(name);
  if (!other) {
    std::vector<std::string> names;
    for (const auto& each : reader.config.daemons) names.push_back(each.name);
    const std::vector<std::string_view> known(names.begin(), names.end());
    const auto near = nearest_word(name, known);
    tell(in_quotes(name) + " is not a daemon (" +
         (near ? "did you mean \"" + *near + "\"?" : "there are: " + comma_list(names)) + ")");
  } else if (other->is_disabled && !daemon.is_disabled) {
    tell(in_quotes(name) + " is disabled: " + daemon.name + " would wait for ever");
  } else if (other->start_order > daemon.start_order) {
    tell(in_quotes(name) + " starts in a later wave (start_order " +
         std::to_string(other->start_order) + ", here " + std::to_string(daemon.start_order) + ")");
  }
}

// What is started again whenever it ends is never completed: who is waited for like that has
// another default, and who insists on `always` is told.
void expect_end(Reader& reader, const Node& daemons, const Daemon& daemon,
                const std::string& name) {
  auto& all = reader.config.daemons;
  const auto other =
      std::find_if(all.begin(), all.end(), [&name](const auto& one) { return one.name == name; });
  if (other == all.end() || other->restart.policy != Restart::Policy::always) return;
  const Node* const entry = daemons.find(name);
  const Node* const restart = entry ? entry->find("restart") : nullptr;
  if (restart && restart->find("policy")) {
    reader.fault(place_of(daemons, daemon.name, name), "daemons." + daemon.name + ".depends_on",
                 in_quotes(name) + " is never completed: its restart.policy is always");
    return;
  }
  other->restart.policy = Restart::Policy::on_failure;
  if (reader.values.is_wanted())
    reader.values.note("daemons." + name + ".restart.policy", "on-failure",
                       "daemons." + daemon.name + ".depends_on");
}

}  // namespace

void check_dependencies(Reader& reader, const Node& daemons) {
  CycleSearch search(reader, daemons);
  for (const auto& daemon : reader.config.daemons) {
    for (const auto& [name, condition] : daemon.depends_on) {
      check_one(reader, daemons, daemon, name);
      if (condition == Condition::completed) expect_end(reader, daemons, daemon, name);
    }
    search.visit(daemon);
  }
}

}  // namespace daemonz::config
