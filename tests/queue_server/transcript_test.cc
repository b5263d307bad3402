// Plays the conversations of tests/transcripts: each is data, and says what it shows. The words:
//   > text      the client sends text and CR LF          >> text   without the line end
//   < text      it must get exactly this, and CR LF; nothing else may come before the next line
//   @ NAME      another client speaks                    ~ 500ms   time passes
//   closed      the server has hung up on it             leave     the client closes
//   half-close  the client sends nothing more
//   restart     the server is killed and starts again
// In texts \r \n \\ \xNN are bytes, {name} is a number: what came is kept under this name.
// {xN*COUNT} is a letter repeated.
#include <doctest/doctest.h>

#include <filesystem>
#include <fstream>
#include <set>

#include "queue_server/conversation.h"

using namespace daemonz;

namespace {

/// {x*3} becomes xxx.
std::string repeat(std::string text) {
  for (auto star = text.find('*'); star != std::string::npos; star = text.find('*', star + 1)) {
    const auto end = text.find('}', star);
    if (star < 2 || text[star - 2] != '{' || end == std::string::npos) continue;
    const std::string letters(std::stoul(text.substr(star + 1)), text[star - 1]);
    text.replace(star - 2, end + 1 - (star - 2), letters);
    star = 0;
  }
  return text;
}

std::string unescape(const std::string& text) {
  std::string bytes;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '\\' || i + 1 == text.size()) {
      bytes += text[i];
      continue;
    }
    switch (text[++i]) {
      case 'r': bytes += '\r'; break;
      case 'n': bytes += '\n'; break;
      case 'x':
        bytes += static_cast<char>(std::stoi(text.substr(i + 1, 2), nullptr, 16));
        i += 2;
        break;
      default: bytes += text[i];
    }
  }
  return bytes;
}

/// Plays one file, either in whole pieces or byte by byte.
class Player {
 public:
  Player(const std::filesystem::path& path, bool is_bytewise)
      : lines_(path), is_bytewise_(is_bytewise) {}

  void play() {
    std::string line;
    for (int number = 1; std::getline(lines_, line); ++number) {
      CAPTURE(number);
      CAPTURE(line);
      if (line.empty() || line[0] == '#') continue;
      step(line);
    }
    check_quiet();
  }

 private:
  void step(const std::string& line) {
    const auto rest = [&](std::size_t size) {
      return line.size() > size ? line.substr(size) : std::string();
    };
    if (line.starts_with(">> ")) return send(known(unescape(repeat(rest(3)))));
    if (line.starts_with(">")) return send(known(unescape(repeat(rest(2)))) + "\r\n");
    if (line.starts_with("<")) return expect(unescape(repeat(rest(2))) + "\r\n");
    check_quiet();
    if (line.starts_with("@ ")) {
      client_ = rest(2);
      seen_.insert(client_);
      return;
    }
    if (line.starts_with("~ ")) return conversation_.pass(*parse_duration(rest(2)));
    if (line == "closed") {
      CHECK(conversation_.is_over(client_));
      return;
    }
    if (line == "leave") return conversation_.leave(client_);
    if (line == "half-close") return conversation_.half_close(client_);
    if (line == "restart") return conversation_.restart();
    FAIL("not a word of transcripts: " << line);
  }

  void send(const std::string& bytes) {
    if (!is_bytewise_) return conversation_.send(client_, bytes);
    for (const char byte : bytes) conversation_.send(client_, {&byte, 1});
  }

  std::string known(std::string text) const {
    for (const auto& [name, value] : numbers_)
      for (auto at = text.find(name); at != std::string::npos; at = text.find(name))
        text.replace(at, name.size(), value);
    return text;
  }

  void expect(const std::string& text) {
    output_[client_] += conversation_.output(client_);
    auto& got = output_[client_];
    const auto want = known(text);
    const auto brace = want.find('{');
    if (brace == std::string::npos) {
      CHECK(got.substr(0, want.size()) == want);
      got.erase(0, want.size());
      return;
    }
    const auto end = want.find('}', brace);
    std::size_t digits = brace;
    while (digits < got.size() && std::isdigit(static_cast<unsigned char>(got[digits]))) ++digits;
    CHECK(got.substr(0, brace) == want.substr(0, brace));
    CHECK(digits > brace);
    numbers_[want.substr(brace, end - brace + 1)] = got.substr(brace, digits - brace);
    CHECK(got.substr(digits, want.size() - end - 1) == want.substr(end + 1));
    got.erase(0, digits + want.size() - end - 1);
  }

  void check_quiet() {
    auto& got = output_[client_];
    got += conversation_.output(client_);
    CHECK(got == "");
    got.clear();
  }

  std::ifstream lines_;
  const bool is_bytewise_;
  tests::Conversation conversation_;
  std::string client_ = "A";
  std::set<std::string> seen_;
  std::map<std::string, std::string> output_, numbers_;
};

}  // namespace

TEST_CASE("queue_server: every transcript plays as written, in any cutting of the bytes") {
  std::set<std::filesystem::path> files;
  for (const auto& entry :
       std::filesystem::directory_iterator(DAEMONZ_SOURCE_DIR "/tests/transcripts"))
    files.insert(entry.path());
  REQUIRE(files.size() >= 5);
  for (const auto& file : files) {
    CAPTURE(file.filename().string());
    for (const bool is_bytewise : {false, true}) {
      CAPTURE(is_bytewise);
      Player(file, is_bytewise).play();
    }
  }
}
