// The table of float_pairs.txt: its form stands in its first lines. Not the comparison.
#pragma once

#include <filesystem>
#include <fstream>
#include <sstream>
#include <stdexcept>
#include <string>
#include <vector>

#include "judge/number.h"

namespace daemonz::tests {

struct FloatPair {
  std::string where;  ///< "path:line"
  std::vector<std::string> flags;
  judge::NumberGrammar grammar = judge::NumberGrammar::c;
  std::string answer, output;
  bool is_right = false;
};

/// What stands between "\{" and "}": "0*5000".
inline std::string repeated(const std::string& text) {
  const auto star = text.rfind('*');
  std::string all;
  for (auto left = std::stoul(text.substr(star + 1)); left > 0; --left) all += text.substr(0, star);
  return all;
}

inline std::string unescaped(const std::string& text) {
  std::string bytes;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '\\') {
      bytes += text[i];
      continue;
    }
    switch (text.at(++i)) {
      case 's': bytes += ' '; break;
      case 'n': bytes += '\n'; break;
      case 't': bytes += '\t'; break;
      case 'r': bytes += '\r'; break;
      case '0': bytes += '\0'; break;
      case '\\': bytes += '\\'; break;
      case 'e': break;
      case 'x':
        bytes += static_cast<char>(std::stoi(text.substr(i + 1, 2), nullptr, 16));
        i += 2;
        break;
      case '{': {
        const auto end = text.find('}', i);
        bytes += repeated(text.substr(i + 1, end - i - 1));
        i = end;
        break;
      }
      default: throw std::runtime_error("unknown escape in " + text);
    }
  }
  return bytes;
}

/// Throws for a line that is none of section, pair, comment.
inline std::vector<FloatPair> read_float_pairs(const std::filesystem::path& path) {
  std::ifstream file(path);
  if (!file) throw std::runtime_error("cannot read " + path.string());
  std::vector<FloatPair> pairs;
  FloatPair section;
  int number = 0;
  for (std::string line; std::getline(file, line);) {
    section.where = path.string() + ":" + std::to_string(++number);
    if (line.empty() || line[0] == '#') continue;
    std::istringstream words(line);
    if (line[0] == '[') {
      section.flags.clear();
      section.grammar = judge::NumberGrammar::c;
      words = std::istringstream(line.substr(1, line.rfind(']') - 1));
      for (std::string word; words >> word;) {
        if (word == "decimal:") {
          section.grammar = judge::NumberGrammar::decimal;
        } else {
          section.flags.push_back(word);
        }
      }
      continue;
    }
    std::string answer, output, verdict;
    words >> answer >> output >> verdict;
    if (verdict != "right" && verdict != "wrong")
      throw std::runtime_error(section.where + ": ends neither in right nor in wrong");
    pairs.push_back(section);
    pairs.back().answer = unescaped(answer);
    pairs.back().output = unescaped(output);
    pairs.back().is_right = verdict == "right";
  }
  return pairs;
}

}  // namespace daemonz::tests
