#include "lost.h"
std::set<std::string> lost(std::istream& text, std::istream& list) {
  std::set<std::string> found;
  for (std::string word; list >> word;) found.insert(word);
  for (std::string word; text >> word;) found.erase(word);
  return found;
}
