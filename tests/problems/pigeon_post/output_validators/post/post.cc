// argv: input, answer, feedback folder/. What one pass must tell the next stands in the folder.
#include <fstream>
#include <iostream>
#include <string>

namespace {

constexpr int accepted = 42, wrong = 43, broken = 1;
constexpr std::size_t letters_max = 8;

std::string feedback;

int end(int code, const std::string& why) {
  std::ofstream(feedback + "judgemessage.txt", std::ios::app) << why << '\n';
  return code;
}

int send(long number) {
  std::string letters, rest;
  std::cin >> letters;
  if (std::cin >> rest) return end(wrong, "more than one word for the pigeon");
  if (letters.empty() || letters.size() > letters_max)
    return end(wrong, "the pigeon carries 1 to 8 letters, not " + std::to_string(letters.size()));
  if (letters.find_first_not_of("abcd") != std::string::npos)
    return end(wrong, "the pigeon does not know these letters");
  std::ofstream(feedback + "number") << number << '\n';
  std::ofstream(feedback + "nextpass.in") << "read\n" << letters << '\n';
  return end(accepted, "sent: " + letters);
}

int receive() {
  long number = -1, read = -1;
  if (!(std::ifstream(feedback + "number") >> number)) return end(broken, "no number was kept");
  if (!(std::cin >> read) || read != number)
    return end(wrong, "read " + std::to_string(read) + ", written was " + std::to_string(number));
  return end(accepted, "delivered");
}

}  // namespace

int main(int, char** argv) {
  feedback = argv[3];
  std::ifstream input(argv[1]);
  std::string verb;
  long number = -1;
  input >> verb;
  if (verb == "read") return receive();
  if (verb != "write" || !(input >> number)) return broken;
  return send(number);
}
