// daemonz-jobs: look at jobs, push, retry, cancel and delete them. Its commands and output are a
// contract: cli.md. Dead deliveries that no scheduler has moved yet are moved first, so that
// nothing dead is missed.
#include <unistd.h>

#include <iostream>
#include <thread>

#include "base/error.h"
#include "base/progress_bar.h"
#include "broker/broker.h"
#include "config/config.h"
#include "db/migrations.h"
#include "job_table/show.h"
#include "job_table/table.h"
#include "move_items.h"
#include "offline_tasks/from_config.h"
#include "offline_tasks/push.h"
#include "program.h"
#include "scheduler/dead_deliveries.h"
#include "scheduler/leader.h"
#include "scheduler/retry.h"

namespace {

using namespace daemonz;
using job_table::State;

struct Arguments {
  std::string broker, database;
  bool is_json = false;
  std::string id, task, args = "{}";  // show, retry, cancel, delete, push
  std::string queue, batch, in, at, unique_key, before, timeout, from, to;
  std::vector<std::string> states;
  std::optional<int> priority;
  bool all_dead = false;
  std::size_t limit = 50;
};

/// What the commands work on; the queue is reached when a command needs it.
struct Site {
  config::Config config;
  std::string broker_url;
  std::unique_ptr<db::Connection> connection;
  std::unique_ptr<broker::Broker> queue;
  std::unique_ptr<job_table::Table> table;

  Site(const program::Common& common, const Arguments& arguments) {
    config = config::load_found(common.config_path);
    broker_url = arguments.broker.empty() ? config.broker_url : arguments.broker;
    if (!arguments.database.empty()) config.database_url = arguments.database;
    connection = db::connect(config.database_url);
    job_table::migrate(*connection);
    table = std::make_unique<job_table::Table>(*connection);
    queue = broker::connect({.url = broker_url});
  }
  [[nodiscard]] job_table::Job find(const std::string& id) const {
    if (auto job = table->find(id)) return *job;
    throw Error(
        ErrorText{.what = "no job with this id is in the job table",
                  .where = "\"" + id + "\"",
                  .hint = "Jobs that are not tracked appear when they fail: daemonz-jobs ls"});
  }
  /// Without a queue the table is looked at as it is.
  void collect_dead_if_reachable() {
    try {
      scheduler::collect_dead(*queue, *connection);
    } catch (const Error& problem) {
      std::cerr << "daemonz-jobs: dead queues not looked at: " << problem.what() << '\n';
    }
  }
};

int print(const std::vector<job_table::Job>& jobs, const Arguments& arguments) {
  if (arguments.is_json)
    for (const auto& job : jobs) std::cout << json::serialize(to_json(job)) << '\n';
  else
    std::cout << table_text(jobs, real_clock().wall());
  return program::exit_done;
}

/// Which rows the words of `ls`, `dead` and `retry --all-dead` mean.
job_table::Filter filter_of(Site& site, const Arguments& arguments) {
  job_table::Filter filter{.queue = arguments.queue,
                           .task = arguments.task,
                           .batch = arguments.batch,
                           .limit = arguments.limit};
  for (const auto& state : arguments.states)
    filter.states.push_back(job_table::parse_state(state).value());
  if (!arguments.before.empty()) filter.before = site.find(arguments.before).place;
  return filter;
}

int list(Site& site, const Arguments& arguments) {
  return print(site.table->list(filter_of(site, arguments)), arguments);
}

int dead(Site& site, const Arguments& arguments) {
  site.collect_dead_if_reachable();
  auto filter = filter_of(site, arguments);
  filter.states = {State::dead};
  return print(site.table->list(filter), arguments);
}

/// "2026-11-21T13:20:01.123Z  running  1/3  12/76 mailed"
std::string watch_line(const job_table::Job& job) {
  auto line = to_iso8601(job.updated_at) + "  " + to_string(job.state) + "  attempt " +
              std::to_string(job.attempts);
  if (job.max_attempts > 0) line += "/" + std::to_string(job.max_attempts);
  if (const auto progress = json::try_parse(job.progress); progress && progress->is_object()) {
    const auto& object = progress->get_object();
    line += "  " + std::to_string(json::integer_of(object, "done").value_or(0)) + "/" +
            std::to_string(json::integer_of(object, "total").value_or(0));
    if (const auto note = json::string_of(object, "note"); note && !note->empty())
      line += " " + job_table::one_line(*note, job_table::error_size_max);
  }
  if (!job.last_error.empty() && job.state != State::done)
    line += "  " + job_table::one_line(job.last_error, job_table::error_size_max);
  return line;
}

/// One line for each change, until the job has ended.
int watch(Site& site, const Arguments& arguments) {
  constexpr Milliseconds look_every{100};
  const auto patience = parse_duration(arguments.timeout).value_or(Milliseconds::max());
  const auto begin = real_clock().steady();
  std::string shown;
  for (;;) {
    const auto job = site.find(arguments.id);
    const auto line =
        arguments.is_json ? json::serialize(job_table::to_json(job)) : watch_line(job);
    if (line != shown) std::cout << line << std::endl;
    shown = line;
    if (job.state == State::done) return program::exit_done;
    if (job.state == State::dead || job.state == State::cancelled) return program::exit_not_done;
    if (real_clock().steady() - begin >= patience)
      throw Error(
          ErrorText{.what = "has not ended within " + arguments.timeout, .where = "job " + job.id});
    std::this_thread::sleep_for(look_every);  // sleep-ok: asks the table again
  }
}

/// What became of the jobs that were pushed together: how many, and which failed for good.
int batch(Site& site, const Arguments& arguments) {
  site.collect_dead_if_reachable();
  const auto counts = site.table->count_batch(arguments.id);
  if (counts.empty())
    throw Error(ErrorText{.what = "no job of this batch is in the job table",
                          .where = "\"" + arguments.id + "\"",
                          .hint = "Jobs that are not tracked appear when they fail."});
  const auto failed =
      site.table->list({.states = {State::dead}, .batch = arguments.id, .limit = arguments.limit});
  std::uint64_t jobs = 0;
  json::object states;
  std::string text;
  for (const auto& [state, count] : counts) {
    jobs += count;
    states[to_string(state)] = count;
    text += (text.empty() ? "" : ", ") + std::to_string(count) + " " + to_string(state);
  }
  if (arguments.is_json) {
    json::array list;
    for (const auto& job : failed) list.push_back(to_json(job));
    std::cout << json::serialize(json::object{
                     {"batch", arguments.id}, {"jobs", jobs}, {"states", states}, {"dead", list}})
              << '\n';
    return program::exit_done;
  }
  std::cout << jobs << " jobs: " << text << '\n';
  return failed.empty() ? program::exit_done : print(failed, arguments);
}

/// The tables were brought up to date when this program began.
int migrate(Site& site, const Arguments& arguments) {
  scheduler::migrate(*site.connection);
  for (const auto* component : {"jobs", "scheduler"}) {
    const int version = db::schema_version(*site.connection, component);
    if (arguments.is_json)
      std::cout << json::serialize(json::object{{"component", component}, {"version", version}})
                << '\n';
    else
      std::cout << component << ' ' << version << '\n';
  }
  return program::exit_done;
}

int show(Site& site, const Arguments& arguments) {
  const auto job = site.find(arguments.id);
  std::cout << (arguments.is_json ? json::serialize(to_json(job)) + "\n" : details_text(job));
  return program::exit_done;
}

int queues(Site& site, const Arguments& arguments) {
  if (!arguments.is_json) std::cout << "ITEMS     QUEUE\n";
  for (const auto& name : site.queue->queues()) {
    const auto depth = site.queue->depth(name);
    if (arguments.is_json) {
      std::cout << json::serialize(json::object{{"queue", name.text()}, {"items", depth}}) << '\n';
      continue;
    }
    auto number = std::to_string(depth);
    number.resize(std::max<std::size_t>(number.size(), 8), ' ');
    std::cout << number << "  " << name.text() << '\n';
  }
  return program::exit_done;
}

offline_tasks::Options push_options(const Arguments& arguments) {
  offline_tasks::Options options;
  if (!arguments.queue.empty()) options.queue = arguments.queue;
  if (!arguments.in.empty()) options.delay = parse_duration(arguments.in).value();
  if (!arguments.at.empty()) options.run_at = parse_iso8601(arguments.at).value();
  if (arguments.priority)
    options.priority = Priority{static_cast<std::uint8_t>(*arguments.priority)};
  if (!arguments.unique_key.empty()) options.unique_key = arguments.unique_key;
  return options;
}

int push(const Site& site, const Arguments& arguments) {
  constexpr Milliseconds patience{5'000};  // a person waits, no visitor of a page
  const auto args = json::parse(arguments.args, "JSON");
  if (!args.is_object())
    throw Error(
        ErrorText{.what = "the arguments must be a JSON object",
                  .where = arguments.args,
                  .hint = R"(Example: daemonz-jobs push mail_result '{"submission_id":42}')"});
  auto options = offline_tasks::queue_options(site.config);
  options.broker = site.broker_url;
  options.deadline = patience;
  offline_tasks::connect(std::move(options));
  const auto answer =
      offline_tasks::push_push(arguments.task, args.get_object(), push_options(arguments));
  if (answer.is_duplicate()) {
    std::cerr << "daemonz-jobs: a job with this unique key is alive, nothing was pushed\n";
    return program::exit_not_done;
  }
  if (arguments.is_json)
    std::cout << json::serialize(json::object{{"id", answer.id()}}) << '\n';
  else
    std::cout << answer.id() << '\n';
  return program::exit_done;
}

int retry(Site& site, const Arguments& arguments) {
  scheduler::collect_dead(*site.queue, *site.connection);
  if (!arguments.all_dead) {
    scheduler::retry_dead(site.find(arguments.id), *site.queue, *site.connection, real_clock(),
                          offline_tasks::signing_of(site.config));
    return program::exit_done;
  }
  constexpr std::size_t page = 500;
  const auto signing = offline_tasks::signing_of(site.config);
  auto filter = filter_of(site, arguments);
  filter.states = {State::dead};
  filter.limit = page;
  std::size_t count = 0, seen = 0;
  int code = program::exit_done;
  {
    ProgressBar bar(std::cerr, {.is_terminal = ::isatty(STDERR_FILENO) != 0,
                                .total = site.table->count(filter),
                                .unit = "retried"});
    for (auto jobs = site.table->list(filter); !jobs.empty(); jobs = site.table->list(filter)) {
      for (const auto& job : jobs) {
        try {
          scheduler::retry_dead(job, *site.queue, *site.connection, real_clock(), signing);
          ++count;
        } catch (const Error& problem) {  // the others need not wait for this one
          std::cerr << "daemonz-jobs: " << problem.what() << '\n';
          code = program::exit_not_done;
        }
        bar.show(++seen);
      }
      filter.before = jobs.back().place;
    }
  }
  std::cerr << count << " jobs pushed again\n";
  return code;
}

int cancel(Site& site, const Arguments& arguments) {
  const auto job = site.find(arguments.id);
  if (site.table->record_cancelled(job.id)) {
    // The row is what stops it. Out of the queue it frees its unique key, and a handler at work on
    // it is asked to stop.
    const auto queue = QueueName::parse(job.queue);
    if (queue && site.queue->cancel(*queue, job.id) == broker::Settled::unknown)
      std::cerr << "daemonz-jobs: the queue does not answer; the job goes when it is delivered\n";
    return program::exit_done;
  }
  throw Error(ErrorText{.what = std::string("has ended already (") + to_string(job.state) + ")",
                        .where = "job " + job.id});
}

int remove(Site& site, const Arguments& arguments) {
  const auto job = site.find(arguments.id);
  if (site.table->remove(job.id)) return program::exit_done;
  throw Error(ErrorText{.what = std::string("is ") + to_string(job.state) + ", not at its end",
                        .where = "job " + job.id,
                        .hint = "Cancel it first: daemonz-jobs cancel " + job.id});
}

using Command = int (*)(Site&, const Arguments&);

std::string check_time(const std::string& text) {
  return parse_iso8601(text) ? "" : "\"" + text + "\" is not a time like 2026-11-21T13:20:01Z";
}
std::string check_duration(const std::string& text) {
  return parse_duration(text) ? ""
                              : "\"" + text + "\" is not a duration like 500ms, 5s, 10m, 1h, 2d";
}

void add_commands(CLI::App& app, Arguments& arguments, Command& chosen) {
  const auto command = [&](const char* name, const char* help, Command body) {
    auto* added = app.add_subcommand(name, help);
    added->add_flag("--json", arguments.is_json, "one JSON object a line");
    added->callback([&chosen, body] { chosen = body; });
    return added;
  };
  const auto add_filters = [&](CLI::App* to) {
    to->add_option("--queue", arguments.queue, "jobs of this queue");
    to->add_option("--task", arguments.task, "jobs of this task");
    to->add_option("--batch", arguments.batch, "jobs that were pushed together")->type_name("ID");
  };
  auto* ls = command("ls", "jobs, newest first", list);
  ls->add_option("--state", arguments.states, "one or more, with commas")
      ->delimiter(',')
      ->check(CLI::IsMember({"pushed", "running", "retrying", "done", "dead", "cancelled"}));
  for (auto* listing : {ls, command("dead", "jobs that were given up, newest first", dead)}) {
    add_filters(listing);
    listing->add_option("--before", arguments.before, "the page behind this one")->type_name("ID");
    listing->add_option("--limit", arguments.limit)
        ->check(CLI::Range(1, 10'000))
        ->capture_default_str();
  }
  auto* batched = command("batch", "jobs that were pushed together: how many, which failed", batch);
  batched->add_option("ID", arguments.id)->required();
  auto* watched = command("watch", "a line for each change of one job, until it has ended", watch);
  watched->add_option("ID", arguments.id)->required();
  watched->add_option("--timeout", arguments.timeout, "give up after this time")
      ->check(check_duration)
      ->type_name("TIME");
  auto* moved = app.add_subcommand("move", "move all ready items from one queue server to another");
  for (auto [name, text] : {std::pair{"--from", &arguments.from}, {"--to", &arguments.to}})
    moved->add_option(name, *text)->type_name("URL")->required();
  command("migrate", "bring the tables up to date, print their versions", migrate);
  command("show", "all about one job", show)->add_option("ID", arguments.id)->required();
  command("queues", "queues and how many items are ready in each", queues);

  auto* pushed = command("push", "push a job; prints its id",
                         [](Site& site, const Arguments& given) { return push(site, given); });
  pushed->add_option("TASK", arguments.task)->required();
  pushed->add_option("JSON", arguments.args, "the arguments: a JSON object")->capture_default_str();
  pushed->add_option("--queue", arguments.queue, "default: the task's, or pushes");
  pushed->add_option("--in", arguments.in, "not before this time has passed")
      ->check(check_duration)
      ->type_name("TIME");
  pushed->add_option("--at", arguments.at, "not before this moment (UTC)")->check(check_time);
  pushed->add_option("--priority", arguments.priority, "0 (served first) .. 9")
      ->check(CLI::Range(0, 9));
  pushed
      ->add_option("--unique", arguments.unique_key,
                   "nothing is pushed while a job with this key lives")
      ->type_name("KEY");

  auto* retried = command("retry", "push a dead job again", retry);
  auto* one = retried->add_option("ID", arguments.id);
  retried->add_flag("--all-dead", arguments.all_dead, "all of them")->excludes(one);
  add_filters(retried);
  retried->callback([&] {
    if (arguments.id.empty() && !arguments.all_dead) throw CLI::RequiredError("ID or --all-dead");
    chosen = retry;
  });
  command("cancel", "a tracked job is not run any more; one at work is asked to stop", cancel)
      ->add_option("ID", arguments.id)
      ->required();
  command("delete", "remove the row of a job that has ended", remove)
      ->add_option("ID", arguments.id)
      ->required();
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app("Looks at jobs, pushes, retries, cancels and deletes them.", "daemonz-jobs");
  program::Common common;
  Arguments arguments;
  Command chosen = nullptr;
  program::add_common_options(app, common);
  app.add_option("--broker", arguments.broker, "memcache://HOST:PORT or memcache+unix://PATH")
      ->type_name("URL");
  app.add_option("--database", arguments.database, "sqlite:PATH or mysql://..")->type_name("URL");
  app.require_subcommand(1);
  app.fallthrough();
  add_commands(app, arguments, chosen);
  return program::run(app, argc, argv, common, [&] {
    if (!arguments.from.empty()) return program::move_items(arguments.from, arguments.to);
    Site site(common, arguments);
    return chosen(site, arguments);
  });
}
