#include <iostream>
#include <string>

int main() {
  std::string verb, message;
  std::cin >> verb >> message;
  if (verb == "write") {
    int number = std::stoi(message);
    std::string letters;
    do {
      letters += static_cast<char>('a' + number % 4);
      number /= 4;
    } while (number > 0);
    std::cout << letters << '\n';
  } else {
    int number = 0;
    for (auto letter = message.rbegin(); letter != message.rend(); ++letter)
      number = number * 4 + (*letter - 'a');
    std::cout << number << '\n';
  }
}
