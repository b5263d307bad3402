// Plays the conversations of tests/transcripts: each is data, and says what it shows. The words:
//   > text      the client sends text and CR LF          >> text   without the line end
//   < text      it must get exactly this, and CR LF; nothing else may come before the next line
//   @ NAME      another client speaks                    ~ 500ms   time passes
//   closed      the server has hung up on it             leave     the client closes
//   half-close  the client sends nothing more
//   restart     the server is killed and starts again
//   = ID        from here on this row of the protocol's page is shown (see COVERAGE)
//   server W..  another server, empty, with these options    disk full|roomy|fails
// In texts \r \n \\ \xNN are bytes, {name} is a number: what came is kept under this name, {name!}
// again, and {any} is not. {x*COUNT} is a letter repeated.
#include <doctest/doctest.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <set>
#include <sstream>

#include "queue_server/conversation.h"
#include "support/places.h"

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

/// A {name} in a text; its `!` is not part of it.
struct NumberName {
  std::size_t start, end;
  std::string text;
};
std::optional<NumberName> find_name(const std::string& text) {
  constexpr auto letters = "abcdefghijklmnopqrstuvwxyz0123456789_";
  for (auto start = text.find('{'); start != std::string::npos; start = text.find('{', start + 1)) {
    auto end = text.find_first_not_of(letters, start + 1);
    if (end == std::string::npos) return std::nullopt;
    auto name = text.substr(start + 1, end - start - 1);
    if (text[end] == '!') ++end;
    if (!name.empty() && text.substr(end, 1) == "}") return NumberName{start, end + 1, name};
  }
  return std::nullopt;
}

using Words = std::vector<std::string>;

Words words_of(const std::string& line) {
  std::istringstream stream(line);
  return {std::istream_iterator<std::string>(stream), {}};
}

/// A server's options, as transcripts spell them: those of queues in daemonz.yml, and a few more.
class ServerOptions {
 public:
  explicit ServerOptions(const Words& words) {
    for (const auto& word : words) read(word.substr(0, word.find('=')), value_of(word));
  }
  queue_server::HubOptions hub;
  queue::QueueOptions queue;

 private:
  static std::string value_of(const std::string& word) {
    const auto equals = word.find('=');
    return equals == std::string::npos ? std::string() : word.substr(equals + 1);
  }
  void read(const std::string& name, const std::string& value) {
    const auto number = [&] { return parse_number(value).value(); };
    const auto time = [&] { return parse_duration(value).value(); };
    if (name == "allow_flush_all") return void(hub.allow_flush_all = true);
    if (name == "max_items") return void(queue.max_items = number());
    if (name == "max_bytes") return void(queue.max_bytes = Bytes{number()});
    if (name == "max_item_bytes") return void(queue.max_item_bytes = Bytes{number()});
    if (name == "max_age") return void(queue.max_age = time());
    if (name == "discard_oldest") return void(queue.discard_oldest = true);
    if (name == "expire_to") return void(queue.expire_to = value);
    if (name == "no_dead_letter") return void(queue.dead_letter = false);
    if (name == "max_deliveries")
      return void(queue.max_deliveries = static_cast<std::uint32_t>(number()));
    if (name == "retry_delay") return void(queue.retry_delay = time());
    if (name == "lease_default") return void(queue.lease_default = time());
    if (name == "lease_max") return void(queue.lease_max = time());
    if (name == "dedupe_window") return void(queue.dedupe_window = time());
    if (name == "never") return void(queue.durability = queue::Durability::never);
    FAIL("not an option of transcripts: " << name);
  }
};

/// Plays one file, either in whole pieces or byte by byte.
class Player {
 public:
  Player(const std::filesystem::path& path, bool is_bytewise)
      : lines_(path), is_bytewise_(is_bytewise), conversation_(std::in_place) {}
  /// The rows that were shown.
  [[nodiscard]] const std::set<std::string>& rows() const { return rows_; }

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
    if (line.starts_with("~ ")) return conversation_->pass(*parse_duration(rest(2)));
    if (line == "closed") {
      CHECK(conversation_->is_over(client_));
      return;
    }
    if (line == "leave") return conversation_->leave(client_);
    if (line == "half-close") return conversation_->half_close(client_);
    if (line == "restart") return conversation_->restart();
    if (line.starts_with("= ")) return void(rows_.insert(rest(2)));
    if (line.starts_with("server ")) return other_server(ServerOptions(words_of(rest(7))));
    if (line == "disk full") return conversation_->disk->limit_space(0);
    if (line == "disk roomy") return conversation_->disk->limit_space(UINT64_MAX);
    if (line == "disk fails") return conversation_->disk->fail_syncs(EIO);
    FAIL("not a word of transcripts: " << line);
  }

  void other_server(const ServerOptions& options) {
    client_ = "A";
    output_.clear();
    conversation_.emplace(options.hub, options.queue);
  }

  void send(const std::string& bytes) {
    if (!is_bytewise_) return conversation_->send(client_, bytes);
    for (const char byte : bytes) conversation_->send(client_, {&byte, 1});
  }

  std::string known(std::string text) const {
    for (const auto& [name, value] : numbers_)
      for (auto at = text.find(name); at != std::string::npos; at = text.find(name))
        text.replace(at, name.size(), value);
    return text;
  }

  /// The line that came must be `text`, with a number for each {name}.
  void expect(const std::string& text) {
    auto& got = output_[client_];
    got += conversation_->output(client_);
    auto want = known(text);
    std::size_t at = 0;
    while (const auto name = find_name(want)) {
      REQUIRE(got.substr(at, name->start) == want.substr(0, name->start));
      at += name->start;
      const auto end = got.find_first_not_of("0123456789", at);
      REQUIRE(end != at);
      if (name->text != "any") numbers_["{" + name->text + "}"] = got.substr(at, end - at);
      at = end;
      want = known(want.substr(name->end));
    }
    CHECK(got.substr(at, want.size()) == want);
    got.erase(0, at + want.size());
  }

  void check_quiet() {
    auto& got = output_[client_];
    got += conversation_->output(client_);
    CHECK(got == "");
    got.clear();
  }

  std::ifstream lines_;
  const bool is_bytewise_;
  std::optional<tests::Conversation> conversation_;
  std::string client_ = "A";
  std::set<std::string> seen_, rows_;
  std::map<std::string, std::string> output_, numbers_;
};

std::set<std::filesystem::path> transcripts() {
  std::set<std::filesystem::path> files;
  for (const auto& entry :
       std::filesystem::directory_iterator(tests::source_path("tests/transcripts")))
    if (entry.path().extension() == ".txt") files.insert(entry.path());
  return files;
}

}  // namespace

TEST_CASE("queue_server: every transcript plays as written, in any cutting of the bytes") {
  int played = 0;
  for (const auto& file : transcripts()) {
    CAPTURE(file.filename().string());
    for (const bool is_bytewise : {false, true}) {
      CAPTURE(is_bytewise);
      Player(file, is_bytewise).play();
    }
    ++played;
  }
  MESSAGE("transcripts: " << played);
  CHECK(played >= 11);
}

TEST_CASE("queue_server: every row of the protocol's page is played by the transcript it names") {
  std::map<std::string, std::set<std::string>> shown;  // file -> rows
  for (const auto& file : transcripts()) {
    Player player(file, false);
    player.play();
    shown[file.filename()] = player.rows();
  }
  std::ifstream index(tests::source_path("tests/transcripts/COVERAGE"));
  std::set<std::string> rows;
  for (std::string line; std::getline(index, line);) {
    if (line.starts_with('#')) continue;
    CAPTURE(line);
    const auto words = words_of(line);
    REQUIRE(words.size() > 2);
    CHECK(rows.insert(words[0]).second);
    CHECK(shown[words[1]].contains(words[0]));
  }
  for (const auto& [file, ids] : shown)
    for (const auto& id : ids) {
      CAPTURE(file);
      CAPTURE(id);
      CHECK(rows.contains(id));
    }
  MESSAGE("rows: " << rows.size());
  CHECK(rows.size() >= 50);
}
