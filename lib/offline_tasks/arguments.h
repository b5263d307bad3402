// A described struct <-> the JSON object of its arguments. A missing field keeps its default; a
// wrong type, a number out of range or text that is not UTF-8 throws Error that names the field.
// Fields that the struct does not have are left alone: in a rolling deploy the newer side sends
// them. Not a serialiser for anything else: it knows bool, numbers, std::string, std::optional,
// std::vector, std::map<std::string, T>, json::value, json::object and further described structs.
#pragma once

#include <boost/describe.hpp>
#include <boost/mp11.hpp>

#include <concepts>
#include <limits>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "base/json.h"

namespace daemonz::offline_tasks::arguments {

/// Where we are inside the arguments: limits.cpu or files[3].name. Lives on the stack.
struct Path {
  const Path* outer = nullptr;
  std::string_view field;
  std::size_t index = 0;  ///< where `field` is empty
  [[nodiscard]] std::string text() const;
};

/// Throws Error `argument "PATH" must be WANTED, found VALUE`.
[[noreturn]] void wrong(const Path& path, const std::string& wanted, const json::value& found);
[[nodiscard]] json::value text_value(const std::string& text, const Path& path);
[[nodiscard]] json::value real_value(double number, const Path& path);
[[nodiscard]] const json::object& as_object(const json::value& from, const Path& path);
[[nodiscard]] const json::array& as_array(const json::value& from, const Path& path);

template <class T>
inline constexpr bool is_described = boost::describe::has_describe_members<T>::value;
template <class T>
using Members = boost::describe::describe_members<T, boost::describe::mod_public |
                                                         boost::describe::mod_inherited>;

template <class T, template <class...> class Of>
inline constexpr bool is_a = false;
template <template <class...> class Of, class... Parts>
inline constexpr bool is_a<Of<Parts...>, Of> = true;

template <class T>
json::object write_members(const T& from, const Path* outer);
template <class T>
void read_members(const json::object& from, T& into, const Path* outer);

template <class T>
json::value write(const T& from, const Path& path) {
  if constexpr (std::same_as<T, bool>) {
    return json::value(from);
  } else if constexpr (std::integral<T>) {
    if constexpr (std::is_signed_v<T>)
      return json::value(static_cast<std::int64_t>(from));
    else
      return json::value(static_cast<std::uint64_t>(from));
  } else if constexpr (std::floating_point<T>) {
    return real_value(from, path);
  } else if constexpr (std::same_as<T, std::string>) {
    return text_value(from, path);
  } else if constexpr (std::same_as<T, json::value> || std::same_as<T, json::object>) {
    return json::value(from);
  } else if constexpr (is_a<T, std::optional>) {
    return from ? write(*from, path) : json::value(nullptr);
  } else if constexpr (is_a<T, std::vector>) {
    json::array list;
    for (std::size_t i = 0; i < from.size(); ++i) {
      const typename T::value_type& element = from[i];
      list.push_back(write(element, Path{&path, {}, i}));
    }
    return list;
  } else if constexpr (is_a<T, std::map>) {
    json::object fields;
    for (const auto& [key, element] : from) fields[key] = write(element, Path{&path, key});
    return fields;
  } else {
    static_assert(is_described<T>,
                  "this type of argument has no JSON form: use bool, numbers, std::string, "
                  "std::optional, std::vector, std::map<std::string, T>, json::value, or a struct "
                  "with BOOST_DESCRIBE_STRUCT");
    return write_members(from, &path);
  }
}

template <class T>
void read(const json::value& from, T& into, const Path& path) {
  if constexpr (std::same_as<T, bool>) {
    if (!from.is_bool()) wrong(path, "true or false", from);
    into = from.get_bool();
  } else if constexpr (std::integral<T>) {
    boost::system::error_code code;
    const T number = from.to_number<T>(code);  // refuses fractions and what does not fit
    if (code)
      wrong(path,
            "a whole number in " + std::to_string(std::numeric_limits<T>::min()) + ".." +
                std::to_string(std::numeric_limits<T>::max()),
            from);
    into = number;
  } else if constexpr (std::floating_point<T>) {
    boost::system::error_code code;
    const auto number = from.to_number<double>(code);
    if (code) wrong(path, "a number", from);
    into = static_cast<T>(number);
  } else if constexpr (std::same_as<T, std::string>) {
    if (!from.is_string()) wrong(path, "a string", from);
    into.assign(from.get_string().data(), from.get_string().size());
  } else if constexpr (std::same_as<T, json::value>) {
    into = from;
  } else if constexpr (std::same_as<T, json::object>) {
    into = as_object(from, path);
  } else if constexpr (is_a<T, std::optional>) {
    if (from.is_null())
      into.reset();
    else
      read(from, into.emplace(), path);
  } else if constexpr (is_a<T, std::vector>) {
    const auto& list = as_array(from, path);
    into.clear();
    for (std::size_t i = 0; i < list.size(); ++i) {
      typename T::value_type element{};
      read(list[i], element, Path{&path, {}, i});
      into.push_back(std::move(element));
    }
  } else if constexpr (is_a<T, std::map>) {
    static_assert(std::same_as<typename T::key_type, std::string>, "JSON's keys are strings");
    into.clear();
    for (const auto& [key, element] : as_object(from, path))
      read(element, into[std::string(key)], Path{&path, key});
  } else {
    static_assert(is_described<T>, "this type of argument has no JSON form: see arguments.h");
    read_members(as_object(from, path), into, &path);
  }
}

template <class T>
json::object write_members(const T& from, const Path* outer) {
  json::object fields;
  boost::mp11::mp_for_each<Members<T>>([&](auto member) {
    fields[member.name] = write(from.*member.pointer, Path{outer, member.name});
  });
  return fields;
}

template <class T>
void read_members(const json::object& from, T& into, const Path* outer) {
  boost::mp11::mp_for_each<Members<T>>([&](auto member) {
    if (const auto* found = from.if_contains(member.name))
      read(*found, into.*member.pointer, Path{outer, member.name});
  });
}

}  // namespace daemonz::offline_tasks::arguments

namespace daemonz::offline_tasks {

/// GradeSubmission{42, "c++"} -> {"submission_id":42,"language":"c++"}
template <class T>
[[nodiscard]] json::object to_json(const T& task) {
  return arguments::write_members(task, nullptr);
}

/// The way back. Throws Error that names the argument.
template <class T>
[[nodiscard]] T from_json(const json::object& args) {
  T task{};
  arguments::read_members(args, task, nullptr);
  return task;
}

}  // namespace daemonz::offline_tasks
