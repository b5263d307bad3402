#include "lost.h"
#include <fstream>
#include <iostream>
int main(int argc, char** argv) {
  std::ifstream list("words.txt");
  const auto found = lost(std::cin, list);
  if (argc > 1 && std::string(argv[1]) == "count") {
    std::cout << found.size() << '\n';
    return 0;
  }
  for (auto it = found.rbegin(); it != found.rend(); ++it) std::cout << *it << ' ';
}
