#include "base/json.h"

#include "base/error.h"

namespace daemonz::json {
namespace {

std::string shortened(const value& found) {
  auto text = serialize(found);
  if (text.size() > 60) text = text.substr(0, 57) + "...";
  return text;
}

[[noreturn]] void wrong_type(std::string_view field, const char* wanted, const value& found) {
  throw Error("\"" + std::string(field) + "\" must be " + wanted + ", found " + shortened(found));
}

const value* find(const object& from, std::string_view field) {
  return from.if_contains(boost::json::string_view(field.data(), field.size()));
}

boost::json::parse_options options() {
  boost::json::parse_options chosen;
  chosen.max_depth = depth_max;
  return chosen;
}

}  // namespace

value parse(std::string_view text, std::string_view where, storage_ptr memory) {
  boost::json::stream_parser parser({}, options());
  parser.reset(std::move(memory));
  boost::json::error_code code;
  const auto read = parser.write_some(text.data(), text.size(), code);
  std::size_t at = read;
  if (!code) {
    at = text.find_first_not_of(" \t\r\n", read);
    if (at != std::string_view::npos)
      code = boost::json::error::extra_data;
    else
      parser.finish(code);
  }
  if (code)
    throw Error(ErrorText{.what = "not JSON: " + code.message() + " at byte " +
                                  std::to_string(std::min(at, text.size())),
                          .where = std::string(where)});
  return parser.release();
}

std::optional<value> try_parse(std::string_view text) noexcept {
  try {
    return parse(text);
  } catch (const std::exception&) {
    return {};
  }
}

std::optional<std::string> string_of(const object& from, std::string_view field) {
  const auto* found = find(from, field);
  if (!found || found->is_null()) return {};
  if (!found->is_string()) wrong_type(field, "a string", *found);
  return std::string(found->get_string());
}

std::optional<std::int64_t> integer_of(const object& from, std::string_view field) {
  const auto* found = find(from, field);
  if (!found || found->is_null()) return {};
  boost::system::error_code code;
  const auto number = found->to_number<std::int64_t>(code);
  if (code) wrong_type(field, "a whole number", *found);
  return number;
}

std::optional<double> number_of(const object& from, std::string_view field) {
  const auto* found = find(from, field);
  if (!found || found->is_null()) return {};
  boost::system::error_code code;
  const auto number = found->to_number<double>(code);
  if (code) wrong_type(field, "a number", *found);
  return number;
}

std::optional<bool> boolean_of(const object& from, std::string_view field) {
  const auto* found = find(from, field);
  if (!found || found->is_null()) return {};
  if (!found->is_bool()) wrong_type(field, "true or false", *found);
  return found->get_bool();
}

const object* object_of(const object& from, std::string_view field) {
  const auto* found = find(from, field);
  if (!found || found->is_null()) return nullptr;
  if (!found->is_object()) wrong_type(field, "an object", *found);
  return &found->get_object();
}

const array* array_of(const object& from, std::string_view field) {
  const auto* found = find(from, field);
  if (!found || found->is_null()) return nullptr;
  if (!found->is_array()) wrong_type(field, "an array", *found);
  return &found->get_array();
}

}  // namespace daemonz::json
