#include "judge/number.h"

#include <locale.h>

#include <algorithm>
#include <boost/multiprecision/cpp_int.hpp>
#include <cctype>
#include <cfloat>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <string_view>

namespace daemonz::judge {
namespace {

using boost::multiprecision::cpp_int;

// Numbers whose digits lie further apart are compared as long doubles: an output of a million short
// tokens must not cost a million long multiplications.
constexpr int exact_digits_max = 1'000;
constexpr int exact_bits_max = 3'322;  // the same in binary digits
// No long double is smaller than 10^-4951 or larger than 10^4932; a token has 4,096 bytes at most.
constexpr int exponent_max = 20'000;

bool is_digit(char byte) { return byte >= '0' && byte <= '9'; }

std::size_t digits_at(std::string_view text) {
  return static_cast<std::size_t>(std::ranges::find_if_not(text, is_digit) - text.begin());
}

/// sign? (digit* "." digit+ | digit+ "." | digit+) ([Ee] sign? digit+)?
bool is_decimal(std::string_view text) {
  const auto skip_sign = [&] {
    if (text.starts_with('+') || text.starts_with('-')) text.remove_prefix(1);
  };
  const auto skip_digits = [&] {
    const auto count = digits_at(text);
    text.remove_prefix(count);
    return count;
  };
  skip_sign();
  auto digits = skip_digits();
  if (text.starts_with('.')) {
    text.remove_prefix(1);
    digits += skip_digits();
  }
  if (digits == 0) return false;
  if (!text.starts_with('e') && !text.starts_with('E')) return text.empty();
  text.remove_prefix(1);
  skip_sign();
  return skip_digits() > 0 && text.empty();
}

/// mantissa x 10^exponent
struct Exact {
  cpp_int mantissa;
  int exponent = 0;
};

cpp_int power(int base, int exponent) {
  return boost::multiprecision::pow(cpp_int(base), static_cast<unsigned>(exponent));
}

cpp_int integer_of(std::string_view digits, int base) {
  const std::size_t step = 15;  // digits that fit into 64 bits in either base
  cpp_int value;
  for (; !digits.empty(); digits.remove_prefix(std::min(step, digits.size()))) {
    std::uint64_t part = 0;
    const auto taken = digits.substr(0, step);
    std::from_chars(taken.data(), taken.data() + taken.size(), part, base);
    value *= power(base, static_cast<int>(taken.size()));
    value += part;
  }
  return value;
}

/// Of "e-12" the -12; beyond exponent_max that.
int exponent_of(std::string_view text) {
  if (text.empty()) return 0;
  const bool is_negative = text.size() > 1 && text[1] == '-';
  int value = 0;
  for (const char byte : text)
    if (is_digit(byte)) value = std::min(value * 10 + (byte - '0'), exponent_max);
  return is_negative ? -value : value;
}

/// The token of a Number, digit by digit. nullopt: too many digits to be worth it.
std::optional<Exact> exact(const Number& number) {
  std::string_view text = number.token();
  const bool is_negative = text.starts_with('-');
  if (is_negative || text.starts_with('+')) text.remove_prefix(1);
  const bool is_hexadecimal = text.starts_with("0x") || text.starts_with("0X");
  if (is_hexadecimal) text.remove_prefix(2);
  const auto end = std::min(text.find_first_of(is_hexadecimal ? "pP" : "eE"), text.size());
  int exponent = exponent_of(text.substr(end));
  std::string digits(text.substr(0, end));
  if (const auto point = digits.find('.'); point != std::string::npos) {
    exponent -= static_cast<int>(digits.size() - point - 1) * (is_hexadecimal ? 4 : 1);
    digits.erase(point, 1);
  }
  digits.erase(0, digits.find_first_not_of('0'));
  if (digits.empty()) return Exact{};
  if (is_hexadecimal && std::abs(exponent) > exact_bits_max) return std::nullopt;
  Exact result{.mantissa = integer_of(digits, is_hexadecimal ? 16 : 10), .exponent = exponent};
  if (is_hexadecimal) {  // m x 2^-n is m x 5^n x 10^-n
    result.mantissa *= exponent >= 0 ? power(2, exponent) : power(5, -exponent);
    result.exponent = std::min(exponent, 0);
  }
  if (is_negative) result.mantissa = -result.mantissa;
  return result;
}

/// Brings both to the same exponent. False: their digits lie too far apart.
bool align(Exact& a, Exact& b) {
  if (a.mantissa == 0 || b.mantissa == 0) {
    (a.mantissa == 0 ? a : b).exponent = (a.mantissa == 0 ? b : a).exponent;
    return true;
  }
  auto& larger = a.exponent > b.exponent ? a : b;
  const int lowest = std::min(a.exponent, b.exponent);
  if (larger.exponent - lowest > exact_digits_max) return false;
  larger.mantissa *= power(10, larger.exponent - lowest);
  larger.exponent = lowest;
  return true;
}

/// nullopt: the digits lie too far apart.
std::optional<bool> is_within_exactly(std::optional<Exact> answer, std::optional<Exact> output,
                                      std::optional<Exact> tolerance) {
  if (!answer || !output || !tolerance || !align(*answer, *output)) return std::nullopt;
  Exact difference{.mantissa = abs(answer->mantissa - output->mantissa),
                   .exponent = answer->exponent};
  if (!align(difference, *tolerance)) return std::nullopt;
  return difference.mantissa <= tolerance->mantissa;
}

/// What long doubles can tell; nullopt: nearer to the edge than their own rounding.
std::optional<bool> is_within_clearly(const Number& answer, const Number& output,
                                      long double tolerance) {
  const auto a = answer.value(), s = output.value();
  const auto gap = std::fabs(a - s) - tolerance;
  const auto rounding =
      LDBL_MIN + 4 * LDBL_EPSILON * (std::fabs(a) + std::fabs(s) + std::fabs(tolerance));
  if (std::fabs(gap) > rounding) return gap < 0;  // false for NaN and infinities, too
  return std::nullopt;
}

/// Too far apart for exactness, and too near the edge to tell: the edge belongs to it.
constexpr bool at_the_edge = true;

}  // namespace

std::optional<Number> Number::parse(const std::string& token, NumberGrammar grammar) {
  static const locale_t c_locale = ::newlocale(LC_ALL_MASK, "C", nullptr);
  if (token.empty() || std::isspace(static_cast<unsigned char>(token[0])) != 0) return std::nullopt;
  if (grammar == NumberGrammar::decimal && !is_decimal(token)) return std::nullopt;
  char* rest = nullptr;
  const long double value = ::strtold_l(token.c_str(), &rest, c_locale);
  if (rest != token.c_str() + token.size() || !std::isfinite(value)) return std::nullopt;
  return Number(token, value);
}

bool is_within_absolute(const Number& answer, const Number& output, const Number& tolerance) {
  if (const auto clear = is_within_clearly(answer, output, tolerance.value())) return *clear;
  return is_within_exactly(exact(answer), exact(output), exact(tolerance)).value_or(at_the_edge);
}

bool is_within_relative(const Number& answer, const Number& output, const Number& tolerance) {
  const auto limit = tolerance.value() * std::fabs(answer.value());
  if (const auto clear = is_within_clearly(answer, output, limit)) return *clear;
  auto product = exact(tolerance);
  const auto factor = exact(answer);
  if (product && factor) {
    product->mantissa *= abs(factor->mantissa);
    product->exponent += factor->exponent;
  }
  return is_within_exactly(factor, exact(output), std::move(product)).value_or(at_the_edge);
}

}  // namespace daemonz::judge
