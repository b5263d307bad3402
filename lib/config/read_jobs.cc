#include <algorithm>

#include "base/json.h"
#include "base/queue_name.h"
#include "config/node_json.h"
#include "config/read.h"
#include "config/words.h"

namespace daemonz::config {
namespace {

void check_job_queue(Section& from, std::string_view key, const std::string& name) {
  if (name.size() > job_queue_name_size_max || !QueueName::parse(name))
    from.fault(key, in_quotes(name) +
                        " is not a job queue (1 to 60 of A-Z a-z 0-9 _ . : - and "
                        "no . or - in front)");
}

void read_task(Section& from, const Config& config, Task& task) {
  from.words("exec", task.command);
  if (!task.command.empty() && task.command[0].find('/') != std::string::npos)
    task.command[0] = config.resolve(task.command[0]);
  from.text("queue", task.queue);
  if (task.queue) check_job_queue(from, "queue", *task.queue);
  from.whole("priority", task.priority, 0, priority_count - 1, "a priority");
  from.duration("delay", task.delay);
  from.duration("timeout", task.timeout);
  from.duration("expires_in", task.expires_in);
  constexpr int tries_max = 1'000;  // more is a job that never ends
  from.whole("max_attempts", task.max_attempts, 1, tries_max);
  from.whole("max_deliveries", task.max_deliveries, 1, tries_max);
  using Isolation = Task::Isolation;
  from.choice<std::optional<Isolation>, Isolation>(
      "isolation", task.isolation,
      {{"thread", Isolation::thread}, {"fork", Isolation::fork}, {"exec", Isolation::exec}});
  if (!task.command.empty() && task.isolation && *task.isolation != Isolation::exec)
    from.fault("isolation", "a task with `exec` has the isolation `exec`");
  if (task.command.empty() && task.isolation == Isolation::exec)
    from.fault("isolation", "`exec` needs a command (exec: [PROGRAM, ARGUMENT, ..])");
  from.bytes("memory", task.memory);
  if (task.memory && task.command.empty() && task.isolation != Isolation::fork)
    from.fault("memory", "a task that runs in a thread cannot be limited (isolation: fork)");
  using Track = Task::Track;
  from.choice<std::optional<Track>, Track>(
      "track", task.track,
      {{"all", Track::all}, {"failures", Track::failures}, {"none", Track::none}});
  from.boolean("keep_failed", task.keep_failed);
  from.boolean("keep_result", task.keep_result);
  from.done();
}

void read_fallback(Section& from, std::vector<Push::Fallback>& target) {
  using Fallback = Push::Fallback;
  const std::pair<const char*, Fallback> known[] = {{"queue", Fallback::queue},
                                                    {"spool", Fallback::spool},
                                                    {"inline", Fallback::in_line},
                                                    {"discard", Fallback::discard}};
  std::vector<std::string> words;
  from.list("fallback", words);
  from.note("fallback", words.empty() ? std::vector<std::string>{"queue"} : words);
  if (words.empty()) return;
  target.clear();
  for (const auto& word : words) {
    const auto found = std::find_if(std::begin(known), std::end(known),
                                    [&](const auto& each) { return word == each.first; });
    if (found == std::end(known))
      from.fault("fallback", in_quotes(word) + " is not one of queue, spool, inline, discard");
    else if (std::find(target.begin(), target.end(), found->second) != target.end())
      from.fault("fallback", in_quotes(word) + " stands twice");
    else
      target.push_back(found->second);
  }
}

void read_entry(Section& from, ScheduleEntry& entry) {
  from.text("cron", entry.cron);
  from.duration("every", entry.every);
  from.text("zone", entry.zone);
  from.text("task", entry.task);
  if (entry.task.empty())
    from.text("class", entry.task);
  else if (from.find("class"))
    from.fault("class", "is the same as `task`: keep one");
  if (const Node* const args = from.find("args")) entry.args_json = json::serialize(to_json(*args));
  from.text("queue", entry.queue);
  if (!entry.queue.empty()) check_job_queue(from, "queue", entry.queue);
  from.text("description", entry.description);
  using Overlap = ScheduleEntry::Overlap;
  from.choice<Overlap, Overlap>(
      "overlap", entry.overlap,
      {{"skip", Overlap::skip}, {"queue", Overlap::queue}, {"replace", Overlap::replace}});
  using CatchUp = ScheduleEntry::CatchUp;
  from.choice<CatchUp, CatchUp>(
      "catch_up", entry.catch_up,
      {{"none", CatchUp::none}, {"last", CatchUp::last}, {"all", CatchUp::all}});
  from.done();
}

// Only the shape: the scheduler reads the fields.
bool looks_like_cron(const std::string& text) {
  if (text.starts_with('@')) return text.find(' ') == std::string::npos;
  const auto fields = split_shell_words(text);
  return fields && fields->size() == 5;
}

}  // namespace

void read_tasks(Reader& reader, Section& top) {
  top.each("tasks", [&](const Node& name, const std::string& path, const Node& node) {
    Section from(reader, &node, path);
    read_task(from, reader.config, reader.config.tasks[name.text]);
  });
}

void read_hooks(Reader& reader, Section& top) {
  auto& on_error = reader.config.on_error;
  Section from(reader, top.find("on_error"), "on_error");
  from.words("exec", on_error.command);
  if (!on_error.command.empty() && on_error.command[0].find('/') != std::string::npos)
    on_error.command[0] = reader.config.resolve(on_error.command[0]);
  from.text("webhook", on_error.webhook);
  if (!on_error.webhook.empty() && !on_error.webhook.starts_with("http://"))
    from.fault("webhook", "is not http://HOST[:PORT]/PATH (a command can speak https)");
  from.done();
  top.boolean("on_done_commands", reader.config.runs_on_done_commands);
}

void read_push(Reader& reader, Section& top) {
  auto& push = reader.config.push;
  Section from(reader, top.find("push"), "push");
  using Strategy = Push::Strategy;
  from.choice<Strategy, Strategy>("strategy", push.strategy,
                                  {{"queue", Strategy::queue},
                                   {"http", Strategy::http},
                                   {"async", Strategy::async},
                                   {"inline", Strategy::in_line},
                                   {"fake", Strategy::fake}});
  from.duration("deadline", push.deadline);
  read_fallback(from, push.fallback);
  from.path("spool", push.spool_dir);
  from.text("url", push.url);
  if (push.strategy == Strategy::http && !push.url.starts_with("http://") &&
      !push.url.starts_with("https://"))
    from.fault(push.url.empty() ? "strategy" : "url",
               "strategy `http` needs a url (http://HOST:PORT/PATH)");
  if (const Node* const node = from.map_of("signing_keys")) {
    Section keys(reader, node, "push.signing_keys");
    for (const auto& [id, file] : node->entries) keys.path(id.text, push.signing_keys[id.text]);
  }
  from.text("sign_with", push.sign_with);
  from.duration("signature_lifetime", push.signature_lifetime);
  if (push.signature_lifetime < Seconds(1)) from.fault("signature_lifetime", "must be at least 1s");
  if (const Node* const node = from.map_of("routes")) {
    Section routes(reader, node, "push.routes");
    for (const auto& [tasks, queue] : node->entries) {
      std::string name;
      routes.text(tasks.text, name);
      check_job_queue(routes, tasks.text, name);
      push.routes.emplace_back(tasks.text, name);
    }
  }
  if (!push.sign_with.empty() && !push.signing_keys.contains(push.sign_with))
    from.fault("sign_with", in_quotes(push.sign_with) + " is not one of signing_keys");
  from.done();
}

void read_schedule(Reader& reader, Section& top) {
  top.each("schedule", [&](const Node& name, const std::string& path, const Node& node) {
    auto& entry = reader.config.schedule[name.text];
    Section from(reader, &node, path);
    read_entry(from, entry);
    if (entry.task.empty()) reader.fault(name, path, "has no task (task: NAME)");
    if (!entry.cron.empty() && !looks_like_cron(entry.cron))
      from.fault("cron", in_quotes(entry.cron) + " is not a cron line (five fields, or @daily)");
    if (entry.cron.empty() == !entry.every.has_value())
      reader.fault(name, path, "needs one of `cron` and `every`");
  });
}

}  // namespace daemonz::config
