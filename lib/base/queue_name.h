// Names and priorities of queues, as everybody spells them. Follows queue-protocol.md, "Names and
// keys". Not the queues themselves: the room queue keeps those.
#pragma once

#include <compare>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace daemonz {

inline constexpr std::size_t queue_name_size_max = 195;  ///< so that "get NAME/option.." fits a key
inline constexpr std::size_t dead_queue_name_size_max = 200;  ///< the same with ".dead" behind it
inline constexpr std::size_t job_queue_name_size_max = 60;    ///< ".dead" included (jobs.md)

/// A checked queue name: [A-Za-z0-9_.:-], not starting with '.' or '-'. Never used as a file path.
/// A value. Threads: any.
class QueueName {
 public:
  /// nullopt: not a name (empty, too long, other characters).
  [[nodiscard]] static std::optional<QueueName> parse(std::string_view text);
  /// Throws Error that says what is allowed.
  explicit QueueName(std::string_view text);

  [[nodiscard]] const std::string& text() const noexcept { return text_; }
  [[nodiscard]] bool is_dead_queue() const noexcept { return text_.ends_with(".dead"); }
  /// "mail" -> "mail.dead"; a dead queue is its own.
  [[nodiscard]] QueueName dead() const;

  friend auto operator<=>(const QueueName&, const QueueName&) = default;

 private:
  QueueName() = default;
  std::string text_;
};

/// 0..9, 0 is served first.
struct Priority {
  std::uint8_t level = 4;
  friend auto operator<=>(Priority, Priority) = default;
};

inline constexpr std::uint8_t priority_count = 10;
inline constexpr Priority priority_default{4};
inline constexpr Priority priority_first{0};
inline constexpr Priority priority_last{9};

}  // namespace daemonz

template <>
struct std::hash<daemonz::QueueName> {
  std::size_t operator()(const daemonz::QueueName& name) const noexcept {
    return std::hash<std::string>{}(name.text());
  }
};
