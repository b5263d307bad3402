#include "offline_tasks/envelope.h"

#include <algorithm>
#include <cmath>
#include <set>

#include "base/error.h"
#include "base/utf8.h"

namespace daemonz::offline_tasks {
namespace {

const std::set<std::string_view> known_fields = {
    "v",           "id",         "task",         "args",    "queue",   "priority",       "created",
    "run_at",      "expires",    "attempt",      "timeout", "backoff", "track",          "unique",
    "batch",       "ctx",        "max_attempts", "errors",  "sig",     "max_deliveries", "on_done",
    "keep_failed", "keep_result"};

[[noreturn]] void bad(std::string_view field, const std::string& rest) {
  throw Error("\"" + std::string(field) + "\" " + rest);
}

std::int64_t whole(const json::object& from, std::string_view field, std::int64_t otherwise,
                   std::int64_t least, std::int64_t most) {
  const auto number = json::integer_of(from, field).value_or(otherwise);
  if (number < least || number > most)
    bad(field, "must be in " + std::to_string(least) + ".." + std::to_string(most) + ", found " +
                   std::to_string(number));
  return number;
}

std::optional<WallTime> time_of(const json::object& from, std::string_view field) {
  const auto text = json::string_of(from, field);
  if (!text) return {};
  const auto time = parse_iso8601(*text);
  if (!time)
    bad(field, "must be a UTC time like 2026-11-21T13:20:01.123Z, found \"" + *text + "\"");
  return time;
}

Milliseconds span_of_seconds(double seconds, std::string_view field) {
  if (!(seconds >= 0) || seconds * 1000 > static_cast<double>(span_max.count()))
    bad(field,
        "must be seconds, at most 100 years, found " + json::serialize(json::value(seconds)));
  return Milliseconds(std::llround(seconds * 1000));
}

json::value seconds_of(Milliseconds span) {
  if (span.count() % 1000 == 0) return json::value(span.count() / 1000);
  return json::value(static_cast<double>(span.count()) / 1000);
}

std::vector<Milliseconds> spans_of(const json::object& from, std::string_view field) {
  std::vector<Milliseconds> spans;
  if (const auto* list = json::array_of(from, field))
    for (const auto& element : *list) {
      boost::system::error_code code;
      const auto seconds = element.to_number<double>(code);
      if (code) bad(field, "must be an array of seconds, found " + json::serialize(element));
      spans.push_back(span_of_seconds(seconds, field));
    }
  return spans;
}

json::object object_or_empty(const json::object& from, std::string_view field) {
  const auto* found = json::object_of(from, field);
  return found ? *found : json::object{};
}

std::vector<AttemptError> errors_of(const json::object& from) {
  std::vector<AttemptError> errors;
  const auto* list = json::array_of(from, "errors");
  if (!list) return errors;
  for (const auto& element : *list) {
    if (!element.is_object()) bad("errors", "must be an array of objects");
    const auto& fields = element.get_object();
    errors.push_back(
        {.attempt = static_cast<std::uint32_t>(whole(fields, "attempt", 0, 0, max_attempts_limit)),
         .at = time_of(fields, "at").value_or(WallTime{}),
         .why = json::string_of(fields, "why").value_or("")});
  }
  if (errors.size() > errors_kept)
    errors.erase(errors.begin(), errors.end() - static_cast<std::ptrdiff_t>(errors_kept));
  return errors;
}

std::string queue_of(const json::object& from) {
  const auto queue = json::string_of(from, "queue").value_or("");
  const auto name = QueueName::parse(queue);
  if (name && name->is_dead_queue()) bad("queue", "is \"" + queue + "\", which is for dead jobs");
  if (!queue.empty() && (!name || name->dead().text().size() > job_queue_name_size_max))
    bad("queue", "must be a queue name of at most " + std::to_string(job_queue_name_size_max) +
                     " bytes (\".dead\" included), found \"" + queue + "\"");
  return queue;
}

Track track_of(const std::string& text) {
  const auto track = parse_track(text);
  if (!track) bad("track", "must be all, failures or none, found \"" + text + "\"");
  return *track;
}

std::vector<OnDone> on_done_of(const json::object& from) {
  std::vector<OnDone> actions;
  if (const auto* list = json::array_of(from, "on_done"))
    for (const auto& element : *list) {
      if (!element.is_object()) bad("on_done", "must be an array of objects");
      actions.push_back(on_done_from(element.get_object()));
    }
  if (actions.size() > on_done_max)
    bad("on_done", "has more than " + std::to_string(on_done_max) + " actions");
  return actions;
}

/// Who the job is and what it is about.
void read_identity(const json::object& from, Envelope& job) {
  job.id = json::string_of(from, "id").value_or("");
  if (job.id.empty())
    job.id = new_job_id();
  else if (!is_job_id(job.id))
    bad("id", "must be 1..64 characters of [A-Za-z0-9_.:-]");
  const auto task = json::string_of(from, "task");
  if (!task) bad("task", "is missing");
  if (!is_task_name(*task)) bad("task", "must be 1..100 characters of [A-Za-z0-9_.:-]");
  job.task = *task;
  job.args = object_or_empty(from, "args");
  job.queue = queue_of(from);
  job.batch = json::string_of(from, "batch").value_or("");
  job.context = object_or_empty(from, "ctx");
  job.unique = object_or_empty(from, "unique");
  if (const auto span = json::number_of(job.unique, "for")) (void)span_of_seconds(*span, "unique");
  job.signature = object_or_empty(from, "sig");
}

/// When and how often it is run.
void read_terms(const json::object& from, Envelope& job) {
  job.priority.level = static_cast<std::uint8_t>(
      whole(from, "priority", priority_default.level, 0, priority_last.level));
  job.created = time_of(from, "created").value_or(real_clock().wall());
  job.run_at = time_of(from, "run_at");
  job.expires = time_of(from, "expires");
  job.attempt = static_cast<std::uint32_t>(whole(from, "attempt", 0, 0, max_attempts_limit));
  job.max_attempts = static_cast<std::uint32_t>(
      whole(from, "max_attempts", max_attempts_default, 1, max_attempts_limit));
  job.max_deliveries =
      static_cast<std::uint32_t>(whole(from, "max_deliveries", 0, 0, max_deliveries_limit));
  if (const auto seconds = json::number_of(from, "timeout"))
    job.timeout = span_of_seconds(*seconds, "timeout");
  if (job.timeout.count() == 0) bad("timeout", "must be above 0");
  job.backoff = spans_of(from, "backoff");
  if (const auto track = json::string_of(from, "track")) job.track = track_of(*track);
  job.keeps_failed = json::boolean_of(from, "keep_failed").value_or(true);
  job.keeps_result = json::boolean_of(from, "keep_result").value_or(true);
  job.on_done = on_done_of(from);
  job.errors = errors_of(from);
}

std::string name_of(const Envelope& job) {
  if (job.task.empty()) return job.id.empty() ? "job" : "job " + job.id;
  return "job " + job.id + " (" + job.task + ")";
}

/// The deepest nesting of a JSON text.
std::size_t depth_of(std::string_view text) {
  std::size_t depth = 0, deepest = 0;
  bool is_inside_string = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (is_inside_string) {
      if (c == '\\') ++i;
      if (c == '"') is_inside_string = false;
    } else if (c == '"') {
      is_inside_string = true;
    } else if (c == '{' || c == '[') {
      deepest = std::max(deepest, ++depth);
    } else if (c == '}' || c == ']') {
      --depth;
    }
  }
  return deepest;
}

json::array to_array(const std::vector<AttemptError>& errors) {
  json::array list;
  for (const auto& error : errors)
    list.push_back({{"attempt", error.attempt}, {"at", to_iso8601(error.at)}, {"why", error.why}});
  return list;
}

json::object to_object(const Envelope& job) {
  json::object to{{"v", envelope_version},
                  {"id", job.id},
                  {"task", job.task},
                  {"args", job.args},
                  {"queue", job.queue},
                  {"priority", job.priority.level},
                  {"created", to_iso8601(job.created)}};
  if (job.run_at) to["run_at"] = to_iso8601(*job.run_at);
  if (job.expires) to["expires"] = to_iso8601(*job.expires);
  to["attempt"] = job.attempt;
  to["max_attempts"] = job.max_attempts;
  if (job.max_deliveries > 0) to["max_deliveries"] = job.max_deliveries;
  to["timeout"] = seconds_of(job.timeout);
  if (!job.backoff.empty()) {
    json::array waits;
    for (const auto wait : job.backoff) waits.push_back(seconds_of(wait));
    to["backoff"] = std::move(waits);
  }
  if (job.track) to["track"] = to_string(*job.track);
  if (!job.keeps_failed) to["keep_failed"] = false;
  if (!job.keeps_result) to["keep_result"] = false;
  if (!job.unique.empty()) to["unique"] = job.unique;
  if (!job.on_done.empty()) {
    json::array actions;
    for (const auto& action : job.on_done) actions.push_back(to_json(action));
    to["on_done"] = std::move(actions);
  }
  if (!job.batch.empty()) to["batch"] = job.batch;
  if (!job.context.empty()) to["ctx"] = job.context;
  if (!job.errors.empty()) to["errors"] = to_array(job.errors);
  if (!job.signature.empty()) to["sig"] = job.signature;
  for (const auto& [field, value] : job.unknown) to[field] = value;
  return to;
}

}  // namespace

std::optional<Envelope> Envelope::decode(std::string_view bytes) {
  const auto read = json::try_parse(bytes);
  if (!read || !read->is_object()) return {};
  const auto& from = read->get_object();
  if (!from.contains("task") && !from.contains("v")) return {};
  Envelope job;
  try {
    if (const auto version = json::integer_of(from, "v").value_or(envelope_version);
        version != envelope_version)
      bad("v", "is " + std::to_string(version) + ", this program reads version " +
                   std::to_string(envelope_version));
    read_identity(from, job);
    read_terms(from, job);
  } catch (const Error& error) {
    throw Error(ErrorText{.what = error.text().what,
                          .where = name_of(job),
                          .hint = "The envelope's fields are described in jobs.md"});
  }
  for (const auto& [field, value] : from)
    if (!known_fields.contains(field)) job.unknown[field] = value;
  return job;
}

std::string Envelope::encode() const {
  auto text = json::serialize(to_object(*this));
  if (text.size() > envelope_size_max.count)
    throw Error(ErrorText{.what = "the job has " + std::to_string(text.size()) +
                                  " bytes, at most " + std::to_string(envelope_size_max.count) +
                                  " travel",
                          .where = name_of(*this),
                          .hint = "Keep large data in the database or a file and pass its name"});
  if (!is_utf8(text))
    throw Error(ErrorText{.what = "the arguments are not UTF-8, which JSON needs",
                          .where = name_of(*this),
                          .hint = "Encode bytes as base64"});
  if (depth_of(text) > json::depth_max)
    throw Error(ErrorText{.what = "the arguments are nested deeper than " +
                                  std::to_string(json::depth_max) + " levels",
                          .where = name_of(*this)});
  return text;
}

std::string Envelope::unique_key() const { return json::string_of(unique, "key").value_or(""); }

std::optional<WallTime> Envelope::unique_until() const {
  const auto seconds = json::number_of(unique, "for");
  if (!seconds || unique_key().empty()) return {};
  return created + span_of_seconds(*seconds, "unique");
}

}  // namespace daemonz::offline_tasks
