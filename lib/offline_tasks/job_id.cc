#include "offline_tasks/job_id.h"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <mutex>

#include "base/random.h"

namespace daemonz::offline_tasks {
namespace {

constexpr std::string_view alphabet = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";  // Crockford: no I L O U
constexpr std::size_t ulid_size = 26;
constexpr std::size_t random_at = 6;  // after 48 bits of milliseconds

using Ulid = std::array<unsigned char, 16>;

void set_time(Ulid& id, std::int64_t milliseconds) {
  for (std::size_t i = random_at; i-- > 0; milliseconds >>= 8)
    id[i] = static_cast<unsigned char>(milliseconds & 0xff);
}

/// The next number. A carry out of the random part moves on the time, which keeps the order.
void increment(Ulid& id) {
  for (std::size_t i = id.size(); i-- > 0;)
    if (++id[i] != 0) return;
}

std::string text_of(const Ulid& id) {
  std::string text(ulid_size, '0');
  unsigned bits = 0;
  unsigned count = 2;  // 26 x 5 bits are two more than 128: they stand in front, as zeros
  std::size_t at = 0;
  for (const unsigned byte : id) {
    bits = (bits << 8) | byte;
    count += 8;
    while (count >= 5) {
      count -= 5;
      text[at++] = alphabet[(bits >> count) & 31];
    }
  }
  return text;
}

struct Last {
  std::mutex mutex;
  pid_t pid = 0;
  std::int64_t milliseconds = 0;
  Ulid id{};
};

}  // namespace

JobId new_job_id(WallTime now) {
  static Last last;
  const std::lock_guard lock(last.mutex);
  const auto milliseconds = unix_milliseconds(now);
  if (last.pid != ::getpid() || milliseconds > last.milliseconds) {
    last.pid = ::getpid();
    last.milliseconds = std::max(milliseconds, last.milliseconds);
    set_time(last.id, last.milliseconds);
    fill_random(std::span(last.id).subspan(random_at));
  } else {
    increment(last.id);
  }
  return text_of(last.id);
}

bool is_job_id(std::string_view text) {
  return !text.empty() && text.size() <= job_id_size_max &&
         std::all_of(text.begin(), text.end(), [](char c) {
           return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                  std::string_view("_.:-").find(c) != std::string_view::npos;
         });
}

}  // namespace daemonz::offline_tasks
