// JSON for every room: Boost.JSON with limits, and readers whose errors name the field.
// base owns Boost.JSON: other rooms include this header, not Boost's.
#pragma once

#include <boost/json.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace daemonz::json {

using boost::json::array;
using boost::json::make_shared_resource;
using boost::json::monotonic_resource;
using boost::json::object;
using boost::json::serialize;
using boost::json::storage_ptr;
using boost::json::value;

inline constexpr std::size_t depth_max = 32;  ///< nesting; a deeper text is hostile or broken

/// Throws Error{"not JSON: ... at byte N"} on a syntax error, trailing text or too deep nesting.
/// `where` names the source in the message, `memory` is what the value is made of.
[[nodiscard]] value parse(std::string_view text, std::string_view where = {},
                          storage_ptr memory = {});

/// nullopt instead of a throw.
[[nodiscard]] std::optional<value> try_parse(std::string_view text) noexcept;

// Readers of one field. A missing field gives nullopt; one of another type throws Error that names
// the field and what was found: `"timeout" must be a whole number, found "abc"`.
[[nodiscard]] std::optional<std::string> string_of(const object& from, std::string_view field);
[[nodiscard]] std::optional<std::int64_t> integer_of(const object& from, std::string_view field);
[[nodiscard]] std::optional<double> number_of(const object& from, std::string_view field);
[[nodiscard]] std::optional<bool> boolean_of(const object& from, std::string_view field);
[[nodiscard]] const object* object_of(const object& from, std::string_view field);
[[nodiscard]] const array* array_of(const object& from, std::string_view field);

}  // namespace daemonz::json
