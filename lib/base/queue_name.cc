#include "base/queue_name.h"

#include <algorithm>

#include "base/error.h"

namespace daemonz {
namespace {

bool is_name_character(char c) {
  return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' ||
         c == '.' || c == ':' || c == '-';
}

}  // namespace

std::optional<QueueName> QueueName::parse(std::string_view text) {
  const auto size_max = text.ends_with(".dead") ? dead_queue_name_size_max : queue_name_size_max;
  if (text.empty() || text.size() > size_max || text.front() == '.' || text.front() == '-')
    return {};
  if (!std::all_of(text.begin(), text.end(), is_name_character)) return {};
  QueueName name;
  name.text_ = text;
  return name;
}

QueueName::QueueName(std::string_view text) {
  auto name = parse(text);
  if (!name)
    throw Error(
        ErrorText{.what = "\"" + std::string(text.substr(0, 80)) + "\" is not a queue name",
                  .hint = "Allowed: 1 to 195 of A-Z a-z 0-9 _ . : - and no . or - in front"});
  *this = std::move(*name);
}

QueueName QueueName::dead() const {
  if (is_dead_queue()) return *this;
  QueueName name;
  name.text_ = text_ + ".dead";
  return name;
}

}  // namespace daemonz
