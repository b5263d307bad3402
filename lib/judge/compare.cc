#include "judge/compare.h"

#include <unistd.h>

#include <array>
#include <cstdint>
#include <memory>

#include "base/error.h"
#include "judge/files.h"

namespace daemonz::judge {
namespace {

// Longer tokens are compared as bytes as they stream by, and are never numbers.
constexpr std::size_t token_head_max = 4'096;
constexpr std::size_t shown_max = 40;  // bytes of a token in a message

/// isspace(3) in the C locale.
bool is_space(int byte) { return byte == ' ' || (byte >= '\t' && byte <= '\r'); }

/// Bytes of one file, one at a time. NUL is a byte like any other.
class ByteReader {
 public:
  static constexpr int end = -1;

  explicit ByteReader(int fd) : fd_(fd) {}
  [[nodiscard]] int peek() {
    if (next_ == filled_) fill();
    return next_ == filled_ ? end : static_cast<unsigned char>(buffer_[next_]);
  }
  int get() {
    const int byte = peek();
    if (byte == end) return end;
    ++next_;
    if (byte == '\n') ++line_;
    return byte;
  }
  [[nodiscard]] bool is_at_token_end() {
    const int byte = peek();
    return byte == end || is_space(byte);
  }
  [[nodiscard]] std::uint64_t line() const { return line_; }

 private:
  void fill() {
    ssize_t got = 0;
    do {
      got = ::pread(fd_, buffer_.data(), buffer_.size(), offset_);
    } while (got < 0 && errno == EINTR);
    if (got < 0) throw_errno("cannot read an answer or an output");
    offset_ += got;
    next_ = 0;
    filled_ = static_cast<std::size_t>(got);
  }

  int fd_;
  off_t offset_ = 0;
  std::uint64_t line_ = 1;
  std::size_t next_ = 0, filled_ = 0;
  std::array<char, 64 * 1024> buffer_;
};

/// The whole token if it is short, else its first token_head_max bytes.
std::string read_head(ByteReader& reader) {
  std::string head;
  while (head.size() < token_head_max && !reader.is_at_token_end())
    head += static_cast<char>(reader.get());
  return head;
}

int folded(int byte, const CompareOptions& options) {
  return !options.is_case_sensitive && byte >= 'A' && byte <= 'Z' ? byte - 'A' + 'a' : byte;
}

bool is_same_text(const std::string& a, const std::string& b, const CompareOptions& options) {
  if (a.size() != b.size()) return false;
  for (std::size_t i = 0; i < a.size(); ++i)
    if (folded(static_cast<unsigned char>(a[i]), options) !=
        folded(static_cast<unsigned char>(b[i]), options))
      return false;
  return true;
}

/// Either tolerance suffices.
bool is_within(const Number& answer, const Number& output, const CompareOptions& options) {
  const auto& absolute = options.absolute_tolerance;
  const auto& relative = options.relative_tolerance;
  return (absolute && is_within_absolute(answer, output, *absolute)) ||
         (relative && is_within_relative(answer, output, *relative));
}

std::string shown(const std::string& token) {
  return "\"" + printable(token, shown_max) + (token.size() > shown_max ? "\"..." : "\"");
}

class Comparison {
 public:
  Comparison(int answer_fd, int output_fd, const CompareOptions& options)
      : answer_(answer_fd), output_(output_fd), options_(options) {}

  Difference run() {
    for (;;) {
      if (auto difference = compare_spaces()) return difference;
      const bool is_answer_done = answer_.peek() == ByteReader::end;
      const bool is_output_done = output_.peek() == ByteReader::end;
      if (is_answer_done && is_output_done) return std::nullopt;
      if (is_answer_done) return at_line("trailing output " + shown(read_head(output_)));
      if (is_output_done) return at_line("the output ends before " + shown(read_head(answer_)));
      if (auto difference = compare_tokens()) return difference;
    }
  }

 private:
  Difference compare_spaces() {
    if (options_.is_space_change_sensitive) {
      while (is_space(answer_.peek()) || is_space(output_.peek()))
        if (answer_.peek() != output_.peek()) {
          return at_line("white space differs");
        } else {
          answer_.get();
          output_.get();
        }
      return std::nullopt;
    }
    while (is_space(answer_.peek())) answer_.get();
    while (is_space(output_.peek())) output_.get();
    return std::nullopt;
  }

  Difference compare_tokens() {
    const auto answer = read_head(answer_), output = read_head(output_);
    const bool is_whole = answer_.is_at_token_end() && output_.is_at_token_end();
    const bool has_tolerance = options_.absolute_tolerance || options_.relative_tolerance;
    const auto parse = [&](const std::string& token, bool is_complete) {
      return is_complete ? Number::parse(token, options_.grammar) : std::nullopt;
    };
    if (const auto number = parse(answer, has_tolerance && answer_.is_at_token_end())) {
      const auto found = parse(output, is_whole);
      if (!found) return at_line("expected a number, " + shown(answer) + ", got " + shown(output));
      if (is_within(*number, *found, options_)) return std::nullopt;
      return at_line("too large a difference: expected " + shown(answer) + ", got " +
                     shown(output));
    }
    if (is_same_text(answer, output, options_) && is_rest_same()) return std::nullopt;
    return at_line("expected " + shown(answer) + ", got " + shown(output));
  }

  /// What follows the heads of two long tokens, to their ends.
  bool is_rest_same() {
    while (!answer_.is_at_token_end() && !output_.is_at_token_end())
      if (folded(answer_.get(), options_) != folded(output_.get(), options_)) return false;
    return answer_.is_at_token_end() && output_.is_at_token_end();
  }

  [[nodiscard]] std::string at_line(const std::string& what) const {
    return "line " + std::to_string(output_.line()) + " of the output (line " +
           std::to_string(answer_.line()) + " of the answer): " + what;
  }

  ByteReader answer_, output_;
  const CompareOptions& options_;
};

/// The number behind flag `at`.
Number parse_tolerance(const std::vector<std::string>& flags, std::size_t at) {
  auto tolerance = at + 1 < flags.size() ? Number::parse(flags[at + 1], NumberGrammar::c)
                                         : std::optional<Number>();
  if (!tolerance || tolerance->value() < 0)
    throw Error(ErrorText{.what = "validator flag " + flags[at] + " needs a number of at least 0",
                          .hint = "For example: validator_flags: float_tolerance 1e-6"});
  return *std::move(tolerance);
}

}  // namespace

CompareOptions parse_compare_options(const std::vector<std::string>& flags, NumberGrammar grammar) {
  CompareOptions options;
  options.grammar = grammar;
  const auto set = [&](std::optional<Number>& tolerance, std::size_t at) {
    if (tolerance && grammar == NumberGrammar::decimal)
      throw Error(ErrorText{.what = "validator flag " + flags[at] + " sets a tolerance twice",
                            .hint = "Name each tolerance once."});
    tolerance = parse_tolerance(flags, at);
  };
  for (std::size_t i = 0; i < flags.size(); ++i) {
    if (flags[i] == "case_sensitive") {
      options.is_case_sensitive = true;
    } else if (flags[i] == "space_change_sensitive") {
      options.is_space_change_sensitive = true;
    } else if (flags[i] == "float_relative_tolerance") {
      set(options.relative_tolerance, i++);
    } else if (flags[i] == "float_absolute_tolerance") {
      set(options.absolute_tolerance, i++);
    } else if (flags[i] == "float_tolerance") {
      set(options.relative_tolerance, i);
      set(options.absolute_tolerance, i++);
    } else {
      throw Error(ErrorText{.what = "the default validator has no flag \"" + flags[i] + "\"",
                            .hint = "It has case_sensitive, space_change_sensitive, "
                                    "float_tolerance E, float_relative_tolerance E and "
                                    "float_absolute_tolerance E."});
    }
  }
  return options;
}

Difference compare(int answer_fd, int output_fd, const CompareOptions& options) {
  // On the heap: two buffers are too much for a small thread's stack.
  return std::make_unique<Comparison>(answer_fd, output_fd, options)->run();
}

}  // namespace daemonz::judge
