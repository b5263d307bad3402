#include "config/yaml_tree.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <yaml-cpp/anchor.h>
#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/mark.h>
#include <yaml-cpp/parser.h>

#include <algorithm>
#include <map>
#include <optional>
#include <sstream>

#include "base/unique_fd.h"
#include "config/yaml_json.h"

namespace daemonz::config {
namespace {

// Ends the parse at once: what follows a broken limit is not worth reading.
struct Stopped {
  Place place;
  std::string text;
};

// A place in the text as one in the file.
Place in_file(Place place, const std::vector<int>& lines) {
  if (!lines.empty() && place.line > 0)
    place.line = lines[std::min(lines.size(), static_cast<std::size_t>(place.line)) - 1];
  return place;
}

int size_of(const Node& node) {
  int size = 1;
  for (const auto& item : node.items) size += size_of(item);
  for (const auto& [key, value] : node.entries) size += 1 + size_of(value);
  return size;
}

// Builds the tree from yaml-cpp's events.
class TreeBuilder final : public YAML::EventHandler {
 public:
  TreeBuilder(int file, SymbolKeys symbols, FaultLog& faults, const std::vector<int>& lines)
      : file_(file), symbols_(symbols), faults_(faults), lines_(lines) {}

  [[nodiscard]] Node take() { return std::move(root_); }

  void OnDocumentStart(const YAML::Mark& mark) override {
    if (documents_++ > 0) throw Stopped{place_of(mark), "a second document is not allowed here"};
  }
  void OnDocumentEnd() override {}

  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    Node node;
    node.place = place_of(mark);
    add(std::move(node), anchor);
  }

  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                const std::string& value) override {
    Node node;
    node.kind = Node::Kind::scalar;
    node.place = place_of(mark);
    node.text = value;
    node.is_quoted = tag == "!" || core_type(tag, node.place) == "str";
    add(std::move(node), anchor);
  }

  void OnAlias(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    const auto found = anchors_.find(anchor);
    if (found == anchors_.end())
      throw Stopped{place_of(mark), "this alias stands inside what it names"};
    count(size_of(found->second), place_of(mark));
    deliver(Node(found->second));
  }

  void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value) override {
    open(Node::Kind::sequence, mark, tag, anchor);
  }
  void OnSequenceEnd() override { close(); }
  void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value) override {
    open(Node::Kind::map, mark, tag, anchor);
  }
  void OnMapEnd() override { close(); }

 private:
  struct Open {
    Node node;
    YAML::anchor_t anchor;
    std::optional<Node> key;   // of a map, while its value is awaited
    std::vector<Node> merged;  // values of <<, filled in when the map is complete
  };

  Place place_of(const YAML::Mark& mark) const {
    return in_file({file_, mark.line + 1, mark.column + 1}, lines_);
  }

  // "str" of "tag:yaml.org,2002:str"; other vocabularies (Ruby objects) are not ours to build.
  std::string_view core_type(std::string_view tag, Place place) {
    constexpr std::string_view core = "tag:yaml.org,2002:";
    if (tag.empty() || tag == "?" || tag == "!") return {};
    if (tag.starts_with(core)) {
      const auto type = tag.substr(core.size());
      for (const auto* known : {"str", "int", "float", "bool", "null", "map", "seq"})
        if (type == known) return known;
    }
    faults_.add(place, "", "the tag " + in_quotes(tag) + " is not supported: leave it out");
    return {};
  }

  void count(int nodes, Place place) {
    nodes_ += nodes;
    if (nodes_ > yaml_nodes_max)
      throw Stopped{place, "more than " + std::to_string(yaml_nodes_max) +
                               " values, aliases counted as often as they are used"};
  }

  void open(Node::Kind kind, const YAML::Mark& mark, const std::string& tag,
            YAML::anchor_t anchor) {
    if (stack_.size() == static_cast<std::size_t>(yaml_depth_max))
      throw Stopped{place_of(mark),
                    "nested more than " + std::to_string(yaml_depth_max) + " levels deep"};
    Open level;
    level.node.kind = kind;
    level.node.place = place_of(mark);
    level.anchor = anchor;
    core_type(tag, level.node.place);
    stack_.push_back(std::move(level));
  }

  void close() {
    Open level = std::move(stack_.back());
    stack_.pop_back();
    for (const auto& source : level.merged) merge(level.node, source);
    add(std::move(level.node), level.anchor);
  }

  void add(Node node, YAML::anchor_t anchor) {
    count(1, node.place);
    if (anchor != YAML::NullAnchor) anchors_[anchor] = node;
    deliver(std::move(node));
  }

  // Puts a complete node where the parent waits for it.
  void deliver(Node node) {
    if (stack_.empty()) {
      root_ = std::move(node);
      return;
    }
    auto& parent = stack_.back();
    if (parent.node.kind == Node::Kind::sequence)
      parent.node.items.push_back(std::move(node));
    else if (!parent.key)
      parent.key = checked_key(std::move(node));
    else
      add_entry(parent, std::move(node));
  }

  Node checked_key(Node key) {
    if (key.kind != Node::Kind::scalar) {
      faults_.add(key.place, "", "a key must be one word");
      key = Node{.kind = Node::Kind::scalar, .place = key.place, .text = "?", .is_quoted = true};
    }
    if (symbols_ == SymbolKeys::stripped && !key.is_quoted && key.text.size() > 1 &&
        key.text.front() == ':')
      key.text.erase(0, 1);
    return key;
  }

  void add_entry(Open& parent, Node value) {
    Node key = std::move(*parent.key);
    parent.key.reset();
    if (key.text == "<<" && !key.is_quoted) {
      add_merge(parent, key.place, std::move(value));
      return;
    }
    // A map that may be long is searched by name, not from its start.
    const auto [first, is_new] =
        keys_[stack_.size()].try_emplace(key.text, parent.node.entries.size());
    const auto at = first->second;
    const bool is_duplicate =
        !is_new && at < parent.node.entries.size() && parent.node.entries[at].key.text == key.text;
    if (is_duplicate) {
      const auto& earlier = parent.node.entries[at].key.place;
      faults_.add(key.place, "",
                  "the key " + in_quotes(key.text) + " stands twice (first in line " +
                      std::to_string(earlier.line) + ")");
      return;
    }
    first->second = parent.node.entries.size();
    parent.node.entries.push_back({std::move(key), std::move(value)});
  }

  void add_merge(Open& parent, Place place, Node value) {
    auto sources = value.kind == Node::Kind::sequence ? std::move(value.items)
                                                      : std::vector<Node>{std::move(value)};
    for (auto& source : sources) {
      if (source.kind != Node::Kind::map) {
        faults_.add(place, "", "`<<` must name a map (`<<: *NAME`) or a list of maps");
        return;
      }
      parent.merged.push_back(std::move(source));
    }
  }

  // Keys that the map has itself win, then the earlier of several sources.
  static void merge(Node& target, const Node& source) {
    for (const auto& entry : source.entries)
      if (!target.find(entry.key.text)) target.entries.push_back(entry);
  }

  int file_;
  SymbolKeys symbols_;
  FaultLog& faults_;
  const std::vector<int>& lines_;
  int documents_ = 0;
  int nodes_ = 0;
  Node root_;
  std::vector<Open> stack_;
  std::map<YAML::anchor_t, Node> anchors_;
  // Depth -> key -> its entry in the map open there. Entries of closed maps may linger; add_entry
  // checks that what is found is really the key, so they do no harm.
  std::map<std::size_t, std::map<std::string, std::size_t, std::less<>>> keys_;
};

// yaml-cpp ends the file silently at 0x04 and takes NUL for UTF-16: refuse what is not text.
std::optional<Stopped> find_odd_byte(std::string_view text, int file) {
  Place place{file, 1, 1};
  int awaited = 0;  // continuation bytes of a UTF-8 sequence
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    const bool is_continuation = (byte & 0xC0) == 0x80;
    if (is_continuation != (awaited > 0) || byte == 0xC0 || byte == 0xC1 || byte > 0xF4)
      return Stopped{place, "this is not UTF-8 text"};
    if (is_continuation)
      --awaited;
    else if (byte >= 0xC0)
      awaited = byte >= 0xF0 ? 3 : byte >= 0xE0 ? 2 : 1;
    if ((byte < 32 && c != '\n' && c != '\r' && c != '\t') || byte == 127)
      return Stopped{place, "the control character " + in_quotes({&c, 1}) + " is not allowed"};
    if (c == '\n')
      place = {file, place.line + 1, 1};
    else
      ++place.column;
  }
  if (awaited > 0) return Stopped{place, "this is not UTF-8 text"};
  return {};
}

std::string_view line_of(std::string_view text, int line) {
  for (; line > 1 && !text.empty(); --line)
    text.remove_prefix(std::min(text.size(), text.find('\n') + 1));
  return text.substr(0, text.find('\n'));
}

// yaml-cpp's messages do not say that a tab in front was the reason, or a bare ${..} in a list.
std::string explained(const std::string& message, std::string_view line) {
  const auto indentation = line.substr(0, line.find_first_not_of(" \t"));
  if (indentation.find('\t') != std::string_view::npos) return "a tab cannot indent: use blanks";
  for (const auto* bare : {"[${", " ${"})
    if (line.find(bare) != std::string_view::npos)
      return message + " (between brackets, ${...} needs quotes: [\"${...}\"])";
  return message;
}

}  // namespace

const Node* Node::find(std::string_view key) const {
  for (const auto& [name, value] : entries)
    if (name.text == key) return &value;
  return nullptr;
}

Node* Node::find(std::string_view key) { return const_cast<Node*>(std::as_const(*this).find(key)); }

Node parse_yaml(std::string_view text, int file, SymbolKeys symbols, FaultLog& faults,
                const std::vector<int>& lines) {
  if (text.size() > yaml_size_max.count) {
    faults.add({file, 0, 0}, "", "larger than " + to_string(yaml_size_max));
    return {};
  }
  constexpr std::string_view byte_order_mark = "\xEF\xBB\xBF";
  if (text.starts_with(byte_order_mark)) text.remove_prefix(byte_order_mark.size());
  if (const auto odd = find_odd_byte(text, file)) {
    faults.add(in_file(odd->place, lines), "", odd->text);
    return {};
  }
  std::istringstream stream{std::string(text)};
  TreeBuilder builder(file, symbols, faults, lines);
  try {
    YAML::Parser parser(stream);
    while (parser.HandleNextDocument(builder)) continue;
  } catch (const Stopped& stop) {
    faults.add(stop.place, "", stop.text);
  } catch (const YAML::Exception& problem) {
    const auto& mark = problem.mark;
    const Place place{file, mark.is_null() ? 0 : mark.line + 1, mark.column + 1};
    faults.add(in_file(place, lines), "",
               "not YAML: " + explained(problem.msg, line_of(text, place.line)));
  }
  return builder.take();
}

std::string read_file(const std::string& path, int file, FaultLog& faults) {
  const auto refuse = [&](const std::string& text) {
    faults.add({file, 0, 0}, "", text);
    return std::string();
  };
  const UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (!fd.is_open()) return refuse("cannot open: " + error_text(errno));
  struct stat status {};
  if (::fstat(fd.get(), &status) != 0) return refuse("cannot read: " + error_text(errno));
  if (!S_ISREG(status.st_mode)) return refuse("this is not a file");
  std::string text(yaml_size_max.count + 1, '\0');
  std::size_t size = 0;
  while (size < text.size()) {
    const auto got = ::read(fd.get(), text.data() + size, text.size() - size);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return refuse("cannot read: " + error_text(errno));
    if (got == 0) break;
    size += static_cast<std::size_t>(got);
  }
  if (size > yaml_size_max.count)
    return refuse("larger than " + to_string(yaml_size_max) + ": this is not a configuration");
  text.resize(size);
  return text;
}

}  // namespace daemonz::config
