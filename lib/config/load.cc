#include <sched.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <tuple>

#include "config/erb.h"
#include "config/outline.h"
#include "config/read.h"

namespace daemonz::config {
namespace {

namespace fs = std::filesystem;

int count_cores() {
  cpu_set_t set;
  CPU_ZERO(&set);
  if (::sched_getaffinity(0, sizeof set, &set) != 0) return 1;
  return std::max(1, CPU_COUNT(&set));
}

// The whole load: files -> one tree -> sections. One object lives for one load.
class Loader {
 public:
  explicit Loader(const LoadOptions& options)
      : options_(options),
        reader_{faults_,
                {.variables = options.variables, .builtins = &builtins_},
                config_,
                options.cores > 0 ? options.cores : count_cores(),
                ValueList(options.values)} {}

  Config load(const std::string& path) {
    set_path(path);
    Node root = read(path);
    if (root.kind == Node::Kind::null && faults_.is_empty())
      faults_.add({0, 0, 0}, "", "the file is empty: it needs at least `daemons:`");
    if (root.kind != Node::Kind::map && root.kind != Node::Kind::null)
      faults_.add(root.place, "", shown(root) + " is not a configuration (KEY: VALUE lines)");
    if (root.kind != Node::Kind::map) faults_.throw_if_any();
    choose_environment(root);
    add_fragments(root, fs::path(path));
    add_overlay(root, fs::path(path));
    return checked(root);
  }

  // nullopt: not by this short way.
  std::optional<Config> load_places(const std::string& path) {
    is_outline_ = true;
    set_path(path);
    Node root = read(path);
    choose_environment(root);
    add_overlay(root, fs::path(path));
    Section top(reader_, &root, "");
    read_places(top);
    read_logger(top);
    if (!faults_.is_empty()) return {};
    return std::move(config_);
  }

  Config defaults(const std::string& root_path) {
    config_.root_path = fs::absolute(root_path).lexically_normal().string();
    faults_.add_file("defaults");
    Node root;
    root.kind = Node::Kind::map;
    choose_environment(root);
    return checked(root);
  }

 private:
  void set_path(const std::string& path) {
    config_.path = path;
    // The file itself decides on root_path; this is what a relative one is relative to.
    config_.root_path = fs::absolute(path).lexically_normal().parent_path().parent_path().string();
  }

  Node read(const std::string& path) {
    const int file = faults_.add_file(path);
    const auto before = faults_.count();
    ErbText text{.text = read_file(path, file, faults_), .lines = {}};
    // Only the original files hold ERB; its values are known before the file's own keys are. What
    // stands around a bad tag cannot be judged.
    if (text.text.find("<%") != std::string::npos)
      text = expand_erb(text.text, file,
                        {.root_path = config_.root_path,
                         .environment = outer_environment().value_or("development"),
                         .variable = [this](const auto& name) { return variable(name); }},
                        faults_);
    if (is_outline_) text.text = without_daemons(text.text);
    Node node;
    if (faults_.count() == before)
      node = parse_yaml(text.text, file, SymbolKeys::stripped, faults_, text.lines);
    if (node.kind == Node::Kind::null && faults_.count() != before) is_whole_ = false;
    return node;
  }

  std::optional<std::string> variable(const std::string& name) const {
    if (options_.variables) {
      const auto found = options_.variables->find(name);
      return found == options_.variables->end() ? std::nullopt : std::optional(found->second);
    }
    const char* const value = std::getenv(name.c_str());
    return value ? std::optional<std::string>(value) : std::nullopt;
  }

  // What the caller or the process's environment says; the file's own `environment:` comes after.
  std::optional<std::string> outer_environment() const {
    for (const auto& candidate : {options_.environment, variable("DAEMONZ_ENV").value_or(""),
                                  variable("RAILS_ENV").value_or("")})
      if (!candidate.empty()) return candidate;
    return {};
  }

  void choose_environment(const Node& root) {
    const Node* const own = root.find("environment");
    const auto from_file = own && !own->text.empty() ? own->text : "development";
    config_.environment = outer_environment().value_or(from_file);
    // It becomes part of a file name below.
    if (config_.environment.find_first_of("/\\") != std::string::npos ||
        config_.environment.front() == '.')
      faults_.add(own ? own->place : Place{0, 0, 0}, "environment",
                  in_quotes(config_.environment) + " is not the name of an environment");
    builtins_["environment"] = config_.environment;
  }

  // daemonz/*.yml beside the file: each adds daemons, none may replace one.
  void add_fragments(Node& root, const fs::path& path) {
    std::vector<fs::path> files;
    std::error_code code;
    for (const auto& entry : fs::directory_iterator(path.parent_path() / "daemonz", code))
      if (entry.path().extension() == ".yml" && entry.path().filename().string().front() != '.')
        files.push_back(entry.path());
    std::sort(files.begin(), files.end());
    for (const auto& file : files) {
      Node fragment = read(file.string());
      if (fragment.kind == Node::Kind::null) continue;
      if (fragment.kind != Node::Kind::map)
        faults_.add(fragment.place, "", shown(fragment) + " is not a map of daemons (NAME: {...})");
      for (auto& entry : fragment.entries) add_daemon(root, std::move(entry));
    }
  }

  void add_daemon(Node& root, Entry entry) {
    if (!root.find("daemons")) root.entries.push_back({key_at(entry.key, "daemons"), Node{}});
    Node& daemons = *root.find("daemons");
    if (daemons.kind == Node::Kind::null) {
      daemons.kind = Node::Kind::map;
      daemons.place = entry.key.place;
    }
    for (const auto& [key, value] : daemons.entries) {
      if (key.text != entry.key.text) continue;
      faults_.add(entry.key.place, "",
                  "the daemon " + in_quotes(key.text) + " stands in " + faults_.where(key.place) +
                      " already");
      return;
    }
    daemons.entries.push_back(std::move(entry));
  }

  static Node key_at(const Node& where, const char* text) {
    return Node{.kind = Node::Kind::scalar, .place = where.place, .text = text};
  }

  // daemonz.ENVIRONMENT.yml beside the file: maps are merged, everything else is replaced.
  void add_overlay(Node& root, const fs::path& path) {
    if (config_.environment.find('/') != std::string::npos) return;  // a fault already
    auto name = path.stem().string();
    name.append(".").append(config_.environment).append(path.extension().string());
    const auto overlay_path = path.parent_path() / name;
    std::error_code code;
    if (!fs::exists(overlay_path, code)) return;
    Node overlay = read(overlay_path.string());
    if (overlay.kind == Node::Kind::map)
      merge(root, std::move(overlay));
    else if (overlay.kind != Node::Kind::null)
      faults_.add(overlay.place, "", shown(overlay) + " is not a map (KEY: VALUE lines)");
  }

  static void merge(Node& base, Node overlay) {
    for (auto& [key, value] : overlay.entries) {
      Node* const existing = base.find(key.text);
      if (!existing)
        base.entries.push_back({std::move(key), std::move(value)});
      else if (existing->kind == Node::Kind::map && value.kind == Node::Kind::map)
        merge(*existing, std::move(value));
      else
        *existing = std::move(value);
    }
  }

  Config checked(const Node& root) {
    Section top(reader_, &root, "");
    read_places(top);
    read_logger(top);
    read_switches(top);
    read_urls(top);
    read_queue(reader_, top);
    read_tasks(reader_, top);
    read_hooks(reader_, top);
    read_push(reader_, top);
    read_sandbox(reader_, top);
    read_schedule(reader_, top);
    read_daemons(top);
    top.done();
    faults_.throw_if_any();
    return std::move(config_);
  }

  void read_places(Section& top) {
    builtins_["root_path"] = config_.root_path;
    top.path("root_path", config_.root_path);
    builtins_["root_path"] = config_.root_path;
    set_default_paths();
    top.find("environment");
    top.note("environment", config_.environment);
    if (reader_.values.is_wanted() && outer_environment())
      reader_.values.note("environment", config_.environment, "DAEMONZ_ENV or RAILS_ENV");
    top.path("state_dir", config_.state_dir);
    config_.lock_file = config_.state_dir + "/daemonz.lock";
    top.path("master_file", config_.lock_file);
  }

  void set_default_paths() {
    config_.state_dir = config_.resolve("tmp/daemonz");
    config_.queue.unix_path = config_.resolve("tmp/daemonz/queue.sock");
    config_.queue.dir = config_.resolve("tmp/daemonz/queue");
    config_.push.spool_dir = config_.resolve("tmp/daemonz/spool");
    config_.logger.path = config_.resolve("log/daemonz.log");
    config_.database_url = "sqlite:" + config_.resolve("tmp/daemonz/daemonz.db");
    config_.sandbox.slots = reader_.cores;
  }

  void read_logger(Section& top) {
    const auto text = top.text_of("logger");
    top.note("logger", text ? *text : config_.logger.path);
    if (!text || *text == "rails") return;
    using Kind = Logger::Kind;
    if (*text == "stdout" || *text == "stderr")
      config_.logger = {*text == "stdout" ? Kind::standard_output : Kind::standard_error, ""};
    else if (text->empty())
      top.fault("logger", "\"\" is not stdout, stderr, rails or a file");
    else
      config_.logger.path = config_.resolve(*text);
  }

  void read_switches(Section& top) {
    top.boolean("disabled", config_.is_disabled);
    std::vector<std::string> disabled_in;
    top.list("disabled_in", disabled_in);
    top.note("disabled_in", disabled_in);
    for (auto name : disabled_in) {
      if (name.starts_with(':')) name.erase(0, 1);  // Ruby's :test
      if (name == config_.environment) config_.is_disabled = true;
    }
    top.boolean("async_start", config_.is_start_async);
    std::vector<std::string> disabled_for;
    const Node* const disabled_for_node = top.find("disabled_for");
    top.list("disabled_for", disabled_for);
    if (disabled_for_node)
      config_.notes.push_back(
          faults_.where(disabled_for_node->place) +
          ": disabled_for: has no effect here: daemonz is no part of the site's "
          "own processes");
  }

  // A path inside a URL follows root_path like any other path.
  void read_urls(Section& top) {
    top.text("broker", config_.broker_url);
    resolve_after("memcache+unix://", config_.broker_url);
    top.note("broker", config_.broker_url);
    if (!is_one_of(config_.broker_url, {"memcache://", "memcache+unix://", "amqp://", "amqps://"}))
      top.fault("broker", in_quotes(config_.broker_url) +
                              " is not a broker (memcache://HOST:PORT, memcache+unix://PATH, "
                              "amqp://HOST)");
    constexpr std::string_view memcache = "memcache://";
    if (std::string_view address = config_.broker_url; address.starts_with(memcache)) {
      address.remove_prefix(memcache.size());
      const auto host = address.rfind('@') + 1;  // behind USER:PASSWORD@, which no message shows
      if (!parse_address(address.substr(host)))
        top.fault("broker", in_quotes(std::string(memcache) + (host > 0 ? "***@" : "") +
                                      std::string(address.substr(host))) +
                                " has no HOST:PORT behind memcache://");
    }
    top.text("database", config_.database_url);
    resolve_after("sqlite:", config_.database_url);
    top.note("database", config_.database_url);
    if (!is_one_of(config_.database_url, {"sqlite:", "mysql://"}))
      top.fault("database", in_quotes(config_.database_url) +
                                " is not a database (sqlite:PATH, mysql://USER@HOST/NAME)");
  }

  void resolve_after(std::string_view scheme, std::string& url) const {
    if (url.starts_with(scheme) && url.size() > scheme.size())
      url = std::string(scheme) + config_.resolve(std::string_view(url).substr(scheme.size()));
  }

  static bool is_one_of(std::string_view url, std::initializer_list<std::string_view> schemes) {
    return std::any_of(schemes.begin(), schemes.end(), [&](std::string_view scheme) {
      return url.starts_with(scheme) && url.size() > scheme.size();
    });
  }

  void read_daemons(Section& top) {
    const Node* const node = top.map_of("daemons");
    if (!node) return;
    for (const auto& [key, value] : node->entries)
      config_.daemons.push_back(read_daemon(reader_, key, "daemons." + key.text, value));
    std::sort(config_.daemons.begin(), config_.daemons.end(), [](const auto& a, const auto& b) {
      return std::tie(a.start_order, a.name) < std::tie(b.start_order, b.name);
    });
    if (is_whole_) check_dependencies(reader_, *node);  // else a name may stand in what is missing
  }

  const LoadOptions& options_;
  FaultLog faults_;
  Config config_;
  Builtins builtins_;
  bool is_whole_ = true;     // every file could be read to its end
  bool is_outline_ = false;  // without its daemons
  Reader reader_;
};

}  // namespace

std::string Config::resolve(std::string_view path_text) const {
  auto text = (fs::path(root_path) / fs::path(path_text)).lexically_normal().string();
  while (text.size() > 1 && text.ends_with('/')) text.pop_back();
  return text;
}

std::string Config::shown(std::string_view path_text) const {
  const std::string_view root = root_path;
  if (root.size() > 1 && path_text.starts_with(root) && path_text.size() > root.size() &&
      path_text[root.size()] == '/')
    return std::string(path_text.substr(root.size() + 1));
  return std::string(path_text);
}

const Daemon* Config::find_daemon(std::string_view name) const {
  const auto found = std::find_if(daemons.begin(), daemons.end(),
                                  [&](const Daemon& daemon) { return daemon.name == name; });
  return found == daemons.end() ? nullptr : &*found;
}

Config load(const std::string& path, const LoadOptions& options) {
  return Loader(options).load(path);
}

Config load_places(const std::string& path, const LoadOptions& options) {
  auto places = Loader(options).load_places(path);
  return places ? std::move(*places) : load(path, options);
}

std::string find(const std::string& given) {
  if (!given.empty()) return given;
  for (auto folder = fs::current_path();; folder = folder.parent_path()) {
    const auto candidate = folder / "config" / "daemonz.yml";
    std::error_code code;
    if (fs::exists(candidate, code)) return candidate.string();
    if (folder == folder.root_path()) return {};
  }
}

Config load_found(const std::string& given) {
  const auto path = find(given);
  return path.empty() ? defaults(fs::current_path()) : load(path);
}

Config defaults(const std::string& root_path, const LoadOptions& options) {
  return Loader(options).defaults(root_path);
}

}  // namespace daemonz::config
