#include "offline_tasks/arguments.h"

#include <cmath>

#include "base/error.h"
#include "base/utf8.h"

namespace daemonz::offline_tasks::arguments {
namespace {

constexpr std::size_t shown_max = 60;  // a message is no place for a whole source file

std::string quoted(const Path& path) { return "argument \"" + path.text() + "\""; }

}  // namespace

std::string Path::text() const {
  const auto before = outer ? outer->text() : std::string();
  if (field.empty()) return before + "[" + std::to_string(index) + "]";
  return before.empty() ? std::string(field) : before + "." + std::string(field);
}

void wrong(const Path& path, const std::string& wanted, const json::value& found) {
  auto shown = json::serialize(found);
  if (shown.size() > shown_max) shown = to_utf8(shown, shown_max) + "...";
  throw Error(quoted(path) + " must be " + wanted + ", found " + shown);
}

json::value text_value(const std::string& text, const Path& path) {
  if (!is_utf8(text))
    throw Error(
        ErrorText{.what = quoted(path) + " is not UTF-8, which JSON needs",
                  .hint = "Encode bytes as base64, or put them in a file and pass its name"});
  return json::value(text);
}

json::value real_value(double number, const Path& path) {
  if (!std::isfinite(number))
    throw Error(ErrorText{.what = quoted(path) + " is " + std::to_string(number) +
                                  ", which JSON cannot say"});
  return json::value(number);
}

const json::object& as_object(const json::value& from, const Path& path) {
  if (!from.is_object()) wrong(path, "an object", from);
  return from.get_object();
}

const json::array& as_array(const json::value& from, const Path& path) {
  if (!from.is_array()) wrong(path, "an array", from);
  return from.get_array();
}

}  // namespace daemonz::offline_tasks::arguments
