// daemonz-queue: the queue server. Options beat the `queue:` section of daemonz.yml (cli.md).
#include <sys/resource.h>

#include <csignal>
#include <iostream>

#include "base/error.h"
#include "base/log.h"
#include "base/password.h"
#include "base/units.h"
#include "config/config.h"
#include "journal/memory_disk.h"
#include "process/notify.h"
#include "program.h"
#include "queue/dump.h"
#include "queue/open_store.h"
#include "queue_server/server.h"

namespace daemonz {
namespace {

struct Options {
  std::vector<std::string> listen;
  std::string unix_path, dir, durability, max_memory, max_item;
  bool allow_flush_all = false, is_dump = false, is_hash = false;
};

void add_options(CLI::App& app, Options& options) {
  const CLI::Validator size(
      [](const std::string& text) {
        return parse_bytes(text) ? std::string() : "\"" + text + "\" is not a size, like 32M";
      },
      "SIZE");
  app.add_option("--listen", options.listen, "HOST:PORT to serve; may be repeated; port 0: any");
  app.add_option("--unix", options.unix_path, "path of the unix socket to serve");
  app.add_option("--dir", options.dir, "data folder");
  app.add_option("--durability", options.durability, "when a put is confirmed")
      ->check(CLI::IsMember({"always", "never", "memory"}));
  app.add_option("--max-memory", options.max_memory, "last written bytes kept in memory")
      ->check(size);
  app.add_option("--max-item", options.max_item, "largest item")->check(size);
  app.add_flag("--dump", options.is_dump, "print the records of the data folder and end");
  app.add_flag("--hash", options.is_hash, "print the hash of the password on stdin and end");
  app.add_flag("--allow-flush-all", options.allow_flush_all, "let clients empty all queues");
}

/// The configuration's section. Not read where options say all that is needed.
config::QueueServer settings(const program::Common& common, const Options& options) {
  const bool is_told = !options.dir.empty() &&
                       (options.is_dump || !options.listen.empty() || !options.unix_path.empty());
  const auto path =
      common.config_path.empty() && is_told ? std::string() : config::find(common.config_path);
  auto section = (path.empty() ? config::defaults(".") : config::load(path)).queue;
  if (!options.listen.empty() || !options.unix_path.empty()) {
    section.listen = options.listen;
    section.unix_path = options.unix_path;
  }
  if (!options.dir.empty()) section.dir = options.dir;
  if (!options.max_memory.empty()) section.max_memory = *parse_bytes(options.max_memory);
  if (!options.max_item.empty()) section.defaults.max_item_bytes = *parse_bytes(options.max_item);
  section.allow_flush_all = section.allow_flush_all || options.allow_flush_all;
  using Durability = config::QueueOptions::Durability;
  if (options.durability == "always") section.defaults.durability = Durability::always;
  if (options.durability == "never") section.defaults.durability = Durability::never;
  if (options.durability == "memory") section.defaults.durability = Durability::memory;
  return section;
}

queue::QueueOptions queue_options(const config::QueueOptions& from) {
  return {.max_items = from.max_items,
          .max_bytes = from.max_bytes,
          .max_item_bytes = from.max_item_bytes,
          .max_age = from.max_age,
          .discard_oldest = from.discard_oldest,
          .expire_to = from.expire_to,
          .dead_letter = from.dead_letter,
          .max_deliveries = from.max_deliveries,
          .retry_delay = from.retry_delay,
          .lease_default = from.lease_default,
          .lease_max = from.lease_max,
          .dedupe_window = from.dedupe_window,
          .durability = from.durability == config::QueueOptions::Durability::always
                            ? queue::Durability::always
                            : queue::Durability::never};
}

/// Each connection takes a descriptor, each segment too.
void raise_descriptor_limit() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) < 0) return;
  limit.rlim_cur = limit.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &limit);  // else it serves as many as it can
}

int serve(const config::QueueServer& section) {
  raise_descriptor_limit();
  std::atomic<queue_server::Server*> listener = nullptr;
  journal::MemoryDisk memory;
  const bool is_in_memory = section.defaults.durability == config::QueueOptions::Durability::memory;
  queue::StoreOptions options{
      .journal = {.folder = section.dir,
                  .memory = section.max_memory,
                  .disk = is_in_memory ? &memory : nullptr,
                  .on_commit =
                      [&] {
                        if (auto* server = listener.load()) server->store_committed();
                      }},
      .queues = {.defaults = queue_options(section.defaults), .queues = {}}};
  for (const auto& [name, each] : section.queues) options.queues.queues[name] = queue_options(each);

  const auto store = queue::open_store(std::move(options), real_clock());
  queue_server::Server server(*store, real_clock(),
                              {.listen = section.listen,
                               .unix_path = section.unix_path,
                               .users_file = section.users_file,
                               .allow_flush_all = section.allow_flush_all,
                               .memory_limit = section.max_memory.count});
  listener = &server;
  server.stop_on_signals({SIGTERM, SIGINT});
  const auto storage = store->storage();
  log::info("queue_server", "recovered",
            {{"dir", section.dir},
             {"segments", storage.segments},
             {"cut_bytes", storage.cut_bytes},
             {"took", to_string(storage.recovery)}});
  for (const auto& address : server.addresses())
    log::info("queue_server", "listening", {{"address", address}});
  if (!section.unix_path.empty())
    log::info("queue_server", "listening", {{"address", section.unix_path}});
  const process::Notifier notifier;
  notifier.ready();
  server.run();
  notifier.stopping();
  store->close();
  listener = nullptr;
  log::info("queue_server", "stopped");
  return program::exit_done;
}

/// stdout is data: one line per record.
int dump(const std::string& folder) {
  queue::dump(folder, [](std::string_view line) { std::cout << line << '\n'; });
  return program::exit_done;
}

/// For a line NAME:HASH of the users file.
int print_hash() {
  std::string password;
  std::getline(std::cin, password);
  if (password.ends_with('\r')) password.pop_back();
  if (password.empty())
    throw Error(ErrorText{.what = "no password on stdin",
                          .hint = "Write it as one line, then end the input"});
  std::cout << hash_password(password) << '\n';
  return program::exit_done;
}

}  // namespace
}  // namespace daemonz

int main(int argc, char** argv) {
  using namespace daemonz;
  CLI::App app("daemonz-queue: named priority queues over the memcache protocol", "daemonz-queue");
  program::Common common;
  Options options;
  program::add_common_options(app, common);
  add_options(app, options);
  return program::run(app, argc, argv, common, [&] {
    if (options.is_hash) return print_hash();
    const auto section = settings(common, options);
    return options.is_dump ? dump(section.dir) : serve(section);
  });
}
