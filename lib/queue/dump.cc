#include "queue/dump.h"

#include "base/clock.h"
#include "journal/recovery.h"
#include "queue/records.h"

namespace daemonz::queue {
namespace {

std::string text_of(Locator at) {
  return std::to_string(at.segment) + ":" + std::to_string(at.offset());
}

class Line {
 public:
  explicit Line(std::string start) : text_(std::move(start)) {}
  Line& add(std::string_view name, std::string_view value) {
    text_.append(" ").append(name).append("=").append(value);
    return *this;
  }
  Line& add(std::string_view name, std::uint64_t value) { return add(name, std::to_string(value)); }
  Line& add(std::string_view name, Locator at) { return add(name, text_of(at)); }
  Line& add_time(std::string_view name, Milli time) {
    return time == 0 ? *this : add(name, to_iso8601(from_unix_milliseconds(time)));
  }
  [[nodiscard]] const std::string& text() const { return text_; }

 private:
  std::string text_;
};

void describe_put(Line& line, const PutRecord& record, std::uint32_t bytes) {
  line.add("queue", record.queue)
      .add("priority", record.priority)
      .add("flags", record.flags)
      .add("bytes", bytes)
      .add_time("stored", record.stored_at)
      .add_time("due", record.due_at)
      .add_time("expires", record.expires_at);
  if (record.replaces) line.add("replaces", *record.replaces);
  if (record.id) line.add("id", "yes");
  if (record.unique) line.add("unique", "yes");
  if (record.more > 0) line.add("more", record.more);
}

void describe_delivered(Line& line, const DeliveredRecord& record) {
  constexpr std::string_view kinds[] = {"pop", "lease", "open", "open_lease"};
  const auto kind = static_cast<std::size_t>(record.kind);
  line.add("item", record.at).add("kind", kind < std::size(kinds) ? kinds[kind] : "?");
  if (record.kind == DeliveryKind::pop) return;
  line.add("delivery", record.delivery)
      .add("deliveries", record.deliveries)
      .add_time("deadline", record.deadline);
}

void describe_moved(Line& line, const MovedRecord& record) {
  constexpr std::string_view places[] = {"head", "tail", "delayed", "buried"};
  constexpr std::string_view reasons[] = {"none", "deliveries", "rejected", "expired"};
  const auto place = static_cast<std::size_t>(record.place);
  const auto reason = static_cast<std::size_t>(record.reason);
  line.add("item", record.at)
      .add("queue", record.queue)
      .add("place", place < std::size(places) ? places[place] : "?")
      .add("deliveries", record.deliveries)
      .add("reason", reason < std::size(reasons) ? reasons[reason] : "?")
      .add_time("due", record.due_at);
}

std::string describe(const journal::Replayed& replayed) {
  Line line(text_of(replayed.at) + " seq=" + std::to_string(replayed.sequence));
  const auto is = [&](std::string_view kind) -> Line& {
    line = Line(line.text() + " " + std::string(kind));
    return line;
  };
  const auto fields = replayed.fields;
  switch (static_cast<RecordKind>(replayed.type)) {
    case RecordKind::put: describe_put(is("put"), decode_put(fields), replayed.body_size); break;
    case RecordKind::delivered:
      describe_delivered(is("delivered"), decode_delivered(fields));
      break;
    case RecordKind::done: is("done").add("item", decode_done(fields)); break;
    case RecordKind::moved: describe_moved(is("moved"), decode_moved(fields)); break;
    case RecordKind::touched: {
      const auto record = decode_touched(fields);
      is("touched").add("item", record.at).add_time("deadline", record.deadline);
      break;
    }
    case RecordKind::flushed: is("flushed").add("queue", fields); break;
    case RecordKind::paused: {
      const auto record = decode_paused(fields);
      is(record.is_paused ? "paused" : "resumed").add("queue", record.queue);
      break;
    }
    case RecordKind::copied: {
      const auto record = decode_copied(fields);
      describe_put(is("copied").add("from", record.from), record.put, replayed.body_size);
      break;
    }
    case RecordKind::token: {
      const auto record = decode_token(fields);
      is("token").add("queue", record.queue).add_time("until", record.until);
      break;
    }
    default: is(replayed.type == journal::mark_type ? "closed" : "unknown"); break;
  }
  return line.text();
}

}  // namespace

void dump(const std::string& folder, const std::function<void(std::string_view line)>& print) {
  const auto found =
      journal::scan(journal::real_disk(), folder, Bytes{UINT64_MAX}, journal::Background::threads,
                    [&](const journal::Replayed& record) { print(describe(record)); });
  print("end of the log: " + std::to_string(found.records) + " records in " +
        std::to_string(found.kept.size()) + " segments, " + std::to_string(found.cut_bytes) +
        " torn bytes behind it");
}

}  // namespace daemonz::queue
