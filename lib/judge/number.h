// A token of an answer or an output, read as a number, and whether two of them are near enough.
// Exact: the tokens' decimals count, not what a floating-point type makes of them. Follows the
// package format, "Default Output Validator Specification", and the grammar for numbers in the
// "General requirements" of its versions since 2023-07.
#pragma once

#include <optional>
#include <string>

namespace daemonz::judge {

/// `c`: whatever strtold(3) reads in the C locale, hexadecimal too; what the legacy version and the
/// reference implementation take. `decimal`: the grammar of versions since 2023-07, without
/// hexadecimal. Either way infinities, NaNs and what no long double holds are words, not numbers.
enum class NumberGrammar { c, decimal };

/// A value; keeps its token. Threads: any.
class Number {
 public:
  /// nullopt: not a number as a whole ("1x", "1e", "1,5", "nan", "1e5000").
  [[nodiscard]] static std::optional<Number> parse(const std::string& token, NumberGrammar grammar);

  [[nodiscard]] const std::string& token() const noexcept { return token_; }
  /// The nearest long double; finite.
  [[nodiscard]] long double value() const noexcept { return value_; }

 private:
  Number(std::string token, long double value) : token_(std::move(token)), value_(value) {}
  std::string token_;
  long double value_;
};

/// |output - answer| <= tolerance.
[[nodiscard]] bool is_within_absolute(const Number& answer, const Number& output,
                                      const Number& tolerance);
/// |output - answer| <= tolerance * |answer|.
[[nodiscard]] bool is_within_relative(const Number& answer, const Number& output,
                                      const Number& tolerance);

}  // namespace daemonz::judge
