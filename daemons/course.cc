// course: the sample front end. Reads its command line and daemonz.yml, and prints; the work is
// done by lib/course. Its options and output are a contract: cli.md.
#include <unistd.h>

#include <algorithm>
#include <iostream>
#include <string>
#include <thread>
#include <vector>

#include "base/error.h"
#include "base/progress_bar.h"
#include "config/config.h"
#include "config/faults.h"
#include "config/yaml_json.h"
#include "course/front_end.h"
#include "course/local.h"
#include "course/report.h"
#include "course/submit.h"
#include "languages.h"
#include "limit_mode.h"
#include "offline_tasks/from_config.h"
#include "offline_tasks/push.h"
#include "program.h"

namespace {

using namespace daemonz;

struct Arguments {
  std::vector<std::string> packages, files;
  std::string only, problem, mail_to;
  std::int64_t submission = 0;
  bool is_local = false, is_json = false;
};

/// A teacher's file: its faults end the task (1), they are not those of our command line (2).
json::value read_yaml(const std::filesystem::path& path) {
  try {
    return config::yaml_file_as_json(path);
  } catch (const config::Faults& faults) {
    throw Error(ErrorText{.what = faults.what()});
  }
}

/// The database, and the way to the processors.
std::unique_ptr<db::Connection> connect(const config::Config& config) {
  offline_tasks::connect(offline_tasks::connect_options(config));
  return db::connect(config.database_url);
}

int print(const std::vector<course::ResultRow>& rows, const Arguments& arguments) {
  bool has_mismatch = false;
  for (const auto& row : rows) {
    if (arguments.is_json) std::cout << json::serialize(course::to_json(row)) << '\n';
    has_mismatch = has_mismatch || course::is_as_labelled(row) == false;
  }
  if (!arguments.is_json) course::print_table(std::cout, rows);
  std::cout << std::flush;  // before what follows on the same terminal
  std::cerr << course::summary(rows) << '\n';
  return has_mismatch ? program::exit_not_done : program::exit_done;
}

ProgressBar::Options judged_bar(std::size_t total) {
  return {.is_terminal = ::isatty(STDERR_FILENO) != 0, .total = total, .unit = "judged"};
}

void warn_idle() {
  std::cerr << "course: still waiting. Does a processor run? See: daemonz status\n";
}

course::Watch watch(ProgressBar& bar) {
  return {.progress = [&bar](std::size_t done) { bar.show(done); }, .idle = warn_idle};
}

std::vector<course::ResultRow> judge_by_queue(const config::Config& config,
                                              const std::vector<judge::Package>& packages,
                                              std::vector<std::vector<course::SubmissionRow>> rows,
                                              std::size_t total) {
  const auto connection = connect(config);
  course::FrontEnd front_end(*connection);
  ProgressBar bar(std::cerr, judged_bar(total));
  const auto problems = front_end.import(packages, watch(bar));
  std::vector<course::SubmissionRow> all;
  for (std::size_t i = 0; i < packages.size(); ++i)
    for (auto& row : rows[i]) {
      row.problem_id = problems[i].id;
      all.push_back(std::move(row));
    }
  return front_end.wait(front_end.push(all), watch(bar));
}

std::vector<course::ResultRow> judge_here(
    const config::Config& config, const std::vector<judge::Package>& packages,
    const std::vector<std::vector<course::SubmissionRow>>& rows, std::size_t total) {
  ProgressBar bar(std::cerr, judged_bar(total));
  std::vector<course::ResultRow> all;
  for (std::size_t i = 0; i < packages.size(); ++i) {
    const auto before = all.size();
    auto judged = course::judge_here(
        packages[i], rows[i],
        {.state_folder = config.state_dir,
         .slots = config.sandbox.slots,
         .limit_mode = program::limit_mode(config)},
        {.progress = [&](std::size_t done) { bar.show(before + done); }, .idle = {}});
    std::move(judged.begin(), judged.end(), std::back_inserter(all));
  }
  return all;
}

int judge_packages(const config::Config& config, const Arguments& arguments) {
  std::vector<judge::Package> packages;
  std::vector<std::vector<course::SubmissionRow>> rows;
  std::size_t total = 0;
  for (const auto& folder : arguments.packages) {
    packages.push_back(judge::read_package(folder, read_yaml));
    for (const auto& note : packages.back().notes) std::cerr << folder << ": " << note << '\n';
    rows.push_back(course::rows_of(packages.back(), arguments.only));
    total += rows.back().size();
  }
  if (total == 0)
    throw Error(ErrorText{.what = arguments.only.empty()
                                      ? "there is no submission in the package"
                                      : "no submission matches " + arguments.only,
                          .hint = "They stand in PACKAGE/submissions/LABEL/."});
  return print(arguments.is_local ? judge_here(config, packages, rows, total)
                                  : judge_by_queue(config, packages, std::move(rows), total),
               arguments);
}

int submit(const config::Config& config, const Arguments& arguments) {
  const auto connection = connect(config);
  course::FrontEnd front_end(*connection);
  auto row =
      course::take_in(*connection, {.problem = arguments.problem,
                                    .files = {arguments.files.begin(), arguments.files.end()},
                                    .folder = config.state_dir + "/course"});
  row.mail_to = arguments.mail_to;
  ProgressBar bar(std::cerr, judged_bar(1));
  return print(front_end.wait(front_end.push({row}), watch(bar)), arguments);
}

int rejudge(const config::Config& config, const Arguments& arguments) {
  const auto connection = connect(config);
  course::FrontEnd front_end(*connection);
  auto idle = course::Watch{.progress = {}, .idle = warn_idle};
  const auto rejudge = front_end.rejudge(arguments.problem, arguments.only, idle);
  if (rejudge.done > 0)
    std::cerr << "course: an earlier rejudge goes on: " << rejudge.done << " of "
              << rejudge.submissions.size() << " are judged\n";
  std::vector<course::ResultRow> rows;
  {
    ProgressBar bar(std::cerr, judged_bar(rejudge.submissions.size()));
    rows = front_end.wait(rejudge.submissions, watch(bar));
  }
  if (arguments.is_json)
    for (const auto& row : rows) std::cout << json::serialize(course::to_full_json(row)) << '\n';
  else
    course::print_rejudge(std::cout, rows);
  std::cout << std::flush;  // before what follows on the same terminal
  std::cerr << course::rejudge_summary(rows) << '\n';
  return std::ranges::all_of(rows, course::is_judged) ? program::exit_done : program::exit_not_done;
}

int show(const config::Config& config, const Arguments& arguments) {
  const auto connection = db::connect(config.database_url);
  course::migrate(*connection);
  const auto rows =
      course::results(*connection, {.problem = {}, .submissions = {arguments.submission}});
  if (rows.empty())
    throw Error(ErrorText{.what = "there is no submission " + std::to_string(arguments.submission),
                          .hint = "Their ids: course results"});
  if (arguments.is_json)
    std::cout << json::serialize(course::to_full_json(rows[0])) << '\n';
  else
    course::print_whole(std::cout, rows[0]);
  return program::exit_done;
}

int show_results(const config::Config& config, const Arguments& arguments) {
  const auto connection = db::connect(config.database_url);
  course::migrate(*connection);
  if (!arguments.problem.empty() && !course::find_problem(*connection, arguments.problem))
    throw course::unknown_problem(arguments.problem);
  const auto rows = course::results(*connection, {.problem = arguments.problem});
  std::int64_t attempts = 0;
  for (const auto& row : rows) {
    attempts += row.attempts;
    if (arguments.is_json) std::cout << json::serialize(course::to_full_json(row)) << '\n';
  }
  if (!arguments.is_json) course::print_results(std::cout, rows);
  std::cout << std::flush;  // before what follows on the same terminal
  std::cerr << course::summary(rows) << ", " << attempts << " attempts\n";
  return program::exit_done;
}

constexpr const char* description =
    "The sample front end of daemonz: a course that grades real submissions.\n"
    "\n"
    "  course judge --local PACKAGE      try a package out: needs nothing but this program\n"
    "  daemonz start                     queue and processors, for all that follows\n"
    "  course judge PACKAGE              judge its submissions by the queue, keep the results\n"
    "  course submit --problem NAME FILE hand in a solution to an imported package\n"
    "  course results --problem NAME     what was judged, with ids\n"
    "  course show ID                    one of them: compiler's text, time and memory per case\n"
    "  course rejudge --problem NAME     after a change of the package: what is different?\n"
    "\n"
    "A package is a folder:\n"
    "  problem.yaml                      name: Sum of two (limits: {memory: 256} and more)\n"
    "  .timelimit                        seconds; without it they are measured\n"
    "  data/sample/1.in, 1.ans           what is read and what must be written; data/secret/, too\n"
    "  submissions/accepted/sum.py       solutions in folders that say what they must get:\n"
    "                                    accepted, wrong_answer, time_limit_exceeded,\n"
    "                                    run_time_error, compiler_error, rejected, ..\n"
    "README.md, \"A first package in five minutes\", walks through one.";

void add_judge(CLI::App& app, Arguments& arguments) {
  auto* judge = app.add_subcommand("judge", "judge every submission of a problem package");
  judge->add_option("PACKAGE", arguments.packages, "folder with problem.yaml")->required();
  judge->add_option("--only", arguments.only, "only submissions that match, e.g. 'accepted/*'")
      ->type_name("GLOB");
  judge->add_flag("--local", arguments.is_local, "here, without queue and processors");
  judge->add_flag("--json", arguments.is_json, "one object per line");
}

void add_submit(CLI::App& app, Arguments& arguments) {
  auto* submit = app.add_subcommand("submit", "hand in a solution and wait for its verdict");
  submit->add_option("--problem", arguments.problem, "name of an imported problem")
      ->required()
      ->type_name("NAME");
  submit->add_option("FILE", arguments.files, "source files, or one folder")->required();
  submit->add_option("--mail", arguments.mail_to, "who is told the verdict")->type_name("ADDRESS");
  submit->add_flag("--json", arguments.is_json, "one object per line");
}

void add_results(CLI::App& app, Arguments& arguments) {
  auto* results = app.add_subcommand("results", "what was judged so far");
  results->add_option("--problem", arguments.problem, "of this problem only")->type_name("NAME");
  results->add_flag("--json", arguments.is_json, "one object per line");

  auto* show = app.add_subcommand("show", "all about one submission");
  show->add_option("ID", arguments.submission, "first column of: course results")->required();
  show->add_flag("--json", arguments.is_json, "one object");
}

void add_rejudge(CLI::App& app, Arguments& arguments) {
  auto* rejudge = app.add_subcommand(
      "rejudge",
      "judge a problem's stored submissions again, after its package was changed:\n"
      "the package is read and its time limit measured anew; old results stay until new\n"
      "ones replace them. Interrupted, the same command goes on where it was.");
  rejudge->add_option("--problem", arguments.problem, "name of an imported problem")
      ->required()
      ->type_name("NAME");
  rejudge->add_option("--only", arguments.only, "only submissions that match, e.g. '*.py'")
      ->type_name("GLOB");
  rejudge->add_flag("--json", arguments.is_json, "one object per line");
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app(description, "course");
  program::Common common{.log_level = "warn"};  // a person reads the table, not life events
  Arguments arguments;
  program::add_common_options(app, common);
  app.require_subcommand(1);
  add_judge(app, arguments);
  add_submit(app, arguments);
  add_results(app, arguments);
  add_rejudge(app, arguments);

  return program::run(app, argc, argv, common, [&] {
    const auto config = config::load_found(common.config_path);
    program::add_languages(config);
    if (app.got_subcommand("judge")) return judge_packages(config, arguments);
    if (app.got_subcommand("submit")) return submit(config, arguments);
    if (app.got_subcommand("rejudge")) return rejudge(config, arguments);
    if (app.got_subcommand("show")) return show(config, arguments);
    return show_results(config, arguments);
  });
}
