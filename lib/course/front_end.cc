#include "course/front_end.h"

#include <fnmatch.h>

#include <algorithm>
#include <map>
#include <numeric>
#include <set>
#include <thread>

#include "base/error.h"
#include "course/submit.h"
#include "course/tasks.h"
#include "offline_tasks/push.h"
#include "offline_tasks/status.h"

namespace daemonz::course {
namespace {

using std::chrono::steady_clock;

// Polling: quick for short jobs, cheap for long ones (jobs.md).
constexpr Milliseconds poll_min{10};
constexpr Milliseconds poll_max{200};
// Jobs are asked about less often than results: only a dead one needs it.
constexpr Milliseconds status_interval{1'000};
// A queue server that is being restarted is back within this; the first push does not wait.
constexpr Milliseconds push_patience{30'000};
constexpr Milliseconds push_pause{200};

/// Pushes; later pushes of the same front end outlast a restart of the queue server.
class PatientPush {
 public:
  template <class Task>
  std::string operator()(const Task& task) {
    const auto deadline = steady_clock::now() + (has_succeeded_ ? push_patience : Milliseconds(0));
    while (true) {
      try {
        auto id = CourseTasks::push_pull(task).id();
        has_succeeded_ = true;
        return id;
      } catch (const Error& problem) {
        if (steady_clock::now() >= deadline)
          throw Error(ErrorText{
              .what = std::string("cannot push ") + std::string(Task::name) + ": " + problem.what(),
              .hint = "To start everything: daemonz start"});
      }
      std::this_thread::sleep_for(push_pause);  // sleep-ok: the server is being restarted
    }
  }

 private:
  bool has_succeeded_ = false;
};

/// Waits between looks: from poll_min up to poll_max, back to poll_min when something moved.
class Poll {
 public:
  explicit Poll(const Watch& watch) : watch_(watch) {}

  void pause(bool has_moved) {
    const auto now = steady_clock::now();
    if (has_moved) {
      last_move_ = now;
      interval_ = poll_min;
    } else if (!is_idle_told_ && now - last_move_ >= idle_max) {
      is_idle_told_ = true;
      if (watch_.idle) watch_.idle();
    }
    std::this_thread::sleep_for(interval_);  // sleep-ok: tables tell nobody, they are asked
    interval_ = std::min(interval_ * 2, poll_max);
  }
  [[nodiscard]] bool is_status_due() {
    const auto now = steady_clock::now();
    if (now < next_status_) return false;
    next_status_ = now + status_interval;
    return true;
  }

 private:
  const Watch& watch_;
  Milliseconds interval_ = poll_min;
  steady_clock::time_point last_move_ = steady_clock::now();
  steady_clock::time_point next_status_ = steady_clock::now() + status_interval;
  bool is_idle_told_ = false;
};

/// Why a job will never give a result; nullopt: it may.
std::optional<std::string> death_of(const std::string& job_id) {
  const auto status = offline_tasks::status(job_id);
  if (status.state == offline_tasks::JobState::dead)
    return "the job is dead: " + status.last_error + " (daemonz-jobs show " + job_id + ")";
  if (status.state == offline_tasks::JobState::cancelled) return "the job was cancelled";
  return std::nullopt;
}

offline_tasks::JobState state_of(const ResultRow& row) {
  return row.submission.job_id.empty() ? offline_tasks::JobState::unknown
                                       : offline_tasks::status(row.submission.job_id).state;
}

/// It will never give a result.
bool is_job_over(const ResultRow& row) {
  const auto state = state_of(row);
  return state == offline_tasks::JobState::dead || state == offline_tasks::JobState::cancelled;
}

bool is_job_alive(const ResultRow& row) {
  const auto state = state_of(row);
  return state == offline_tasks::JobState::queued || state == offline_tasks::JobState::running ||
         state == offline_tasks::JobState::retrying;
}

bool matches(const std::string& name, const std::string& glob) {
  return glob.empty() || ::fnmatch(glob.c_str(), name.c_str(), 0) == 0;
}

judge::Judgement without_result(const std::string& why) {
  judge::Judgement judgement;
  judgement.verdict = judge::Verdict::judge_error;
  judgement.note = judge::printable(why, judge::note_max);
  judgement.started = judgement.ended = real_clock().wall();
  return judgement;
}

/// Which submissions take long, as far as their labels tell: a compiler that never ends, then
/// those that run into the time limit. They go first, so that all processors finish together.
int rank(const SubmissionRow& row) {
  const auto expects = [&](judge::Verdict verdict) {
    return row.expected && std::ranges::find(*row.expected, verdict) != row.expected->end();
  };
  if (expects(judge::Verdict::compile_error)) return 0;
  return expects(judge::Verdict::time_limit_exceeded) ? 1 : 2;
}

}  // namespace

FrontEnd::FrontEnd(db::Connection& connection) : connection_(connection) { migrate(connection_); }

std::vector<Problem> FrontEnd::import(const std::vector<judge::Package>& packages,
                                      const Watch& watch) {
  std::set<std::string> names;  // of problems in the table: one package each
  for (const auto& package : packages)
    if (!names.insert(package.short_name).second)
      throw Error(ErrorText{.what = "two packages are called " + package.short_name,
                            .where = package.root,
                            .hint = "Judge them one after the other, or rename a folder."});
  std::vector<std::pair<std::string, std::string>> folders;
  for (const auto& package : packages) folders.emplace_back(package.short_name, package.root);
  return import_all(folders, watch);
}

/// Names and folders.
std::vector<Problem> FrontEnd::import_all(
    const std::vector<std::pair<std::string, std::string>>& packages, const Watch& watch) {
  PatientPush push;
  std::vector<std::int64_t> ids;
  std::vector<std::string> jobs;
  for (const auto& [name, folder] : packages) {
    ids.push_back(add_problem(connection_, name, folder));
    jobs.push_back(push(ImportProblem{.problem_id = ids.back()}));
  }
  std::vector<Problem> problems;
  Poll poll(watch);
  while (problems.size() < packages.size()) {
    const auto next = problems.size();
    const auto problem = find_problem(connection_, ids[next]);
    if (!problem) throw Error("the row of problem " + packages[next].first + " is gone");
    if (problem->state == ProblemState::broken) throw Error(problem->note);
    if (problem->state == ProblemState::ready) {
      problems.push_back(*problem);
      continue;
    }
    if (poll.is_status_due())
      if (const auto death = death_of(jobs[next]))
        throw Error(ErrorText{.what = "cannot import: " + *death, .where = packages[next].second});
    poll.pause(false);
  }
  return problems;
}

std::vector<std::int64_t> FrontEnd::push(const std::vector<SubmissionRow>& submissions) {
  PatientPush push;
  std::vector<std::int64_t> ids(submissions.size());
  std::vector<std::size_t> order(submissions.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::ranges::stable_sort(order, {}, [&](std::size_t at) { return rank(submissions[at]); });
  for (const auto at : order) {
    ids[at] = add_submission(connection_, submissions[at]);
    set_job(connection_, ids[at], push(GradeSubmission{.submission_id = ids[at]}));
  }
  return ids;
}

Rejudge FrontEnd::rejudge(const std::string& name, const std::string& only, const Watch& watch) {
  auto problem = find_problem(connection_, name);
  if (!problem) throw unknown_problem(name);
  auto rows = results(connection_, {.problem = name});
  const auto is_left = [&](const ResultRow& row) {
    return problem->round > 0 && row.submission.round == problem->round && !is_judged(row) &&
           !is_job_over(row);
  };
  if (std::ranges::none_of(rows, is_left)) {
    std::vector<std::int64_t> ids;
    for (const auto& row : rows)
      if (matches(row.submission.name, only)) ids.push_back(row.submission.id);
    if (ids.empty())
      throw Error(
          ErrorText{.what = "no submission to " + name + " matches " + (only.empty() ? "*" : only),
                    .hint = "See: course results --problem " + name});
    import_all({{problem->name, problem->package}}, watch);
    begin_round(connection_, problem->id, ids);
    problem = find_problem(connection_, name);
    rows = results(connection_, {.problem = name});
  }
  Rejudge rejudge;
  PatientPush push;
  for (const auto& row : rows) {
    const auto& submission = row.submission;
    if (submission.round != problem->round) continue;
    rejudge.submissions.push_back(submission.id);
    if (is_judged(row)) ++rejudge.done;
    if (is_left(row) && !is_job_alive(row))
      set_job(connection_, submission.id, push(GradeSubmission{.submission_id = submission.id}));
  }
  return rejudge;
}

std::vector<ResultRow> FrontEnd::wait(const std::vector<std::int64_t>& submissions,
                                      const Watch& watch) {
  std::map<std::int64_t, ResultRow> done;
  Poll poll(watch);
  auto pending = submissions;
  while (!pending.empty()) {
    const bool asks_jobs = poll.is_status_due();
    bool has_moved = false;
    for (auto& row : results(connection_, {.problem = {}, .submissions = pending})) {
      if (!is_judged(row)) {
        const auto death = asks_jobs ? death_of(row.submission.job_id) : std::nullopt;
        if (!death) continue;
        row.judgement = without_result(*death);
      }
      has_moved = true;
      done.insert_or_assign(row.submission.id, std::move(row));
    }
    std::erase_if(pending, [&](std::int64_t id) { return done.contains(id); });
    if (has_moved && watch.progress) watch.progress(done.size());
    if (!pending.empty()) poll.pause(has_moved);
  }
  std::vector<ResultRow> rows;
  for (const auto id : submissions) rows.push_back(std::move(done.at(id)));
  return rows;
}

std::vector<SubmissionRow> rows_of(const judge::Package& package, const std::string& only) {
  std::vector<SubmissionRow> rows;
  for (const auto& submission : package.submissions) {
    if (!matches(submission.name, only)) continue;
    SubmissionRow row;
    row.name = submission.name;
    row.path = submission.path;
    row.root = package.root;
    row.expected = judge::expected(submission);
    rows.push_back(std::move(row));
  }
  return rows;
}

}  // namespace daemonz::course
