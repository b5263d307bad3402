// A site in one process for the course's tests: a package on disk, tables, the real sandbox; jobs
// are performed inside the push. Not a site of real daemons: tests/support/shown_site.py.
#pragma once

#include <filesystem>
#include <fstream>
#include <string>

#include "config/yaml_json.h"
#include "course/front_end.h"
#include "course/grading_room.h"
#include "course/mailer.h"
#include "course/tasks.h"
#include "offline_tasks/push.h"
#include "offline_tasks/registry.h"
#include "support/places.h"
#include "support/temp_dir.h"

namespace daemonz::tests {

inline json::value read_yaml(const std::filesystem::path& path) {
  return config::yaml_file_as_json(path);
}

inline void write_file(const std::filesystem::path& path, std::string_view text) {
  std::filesystem::create_directories(path.parent_path());
  std::ofstream(path, std::ios::binary) << text;
}

inline std::vector<std::unique_ptr<sandbox::Slot>> one_slot(const std::filesystem::path& state) {
  std::vector<std::unique_ptr<sandbox::Slot>> slots;
  slots.push_back(sandbox::open_free_slot(
      {.state_folder = state, .keeper_path = program_path("daemonz-keeper")}, 64));
  return slots;
}

/// A site: a package on disk, a database, and everything that its handlers borrow.
class Site {
 public:
  Site() : room_(one_slot(folder_.path()), read_yaml), mailer_(course::maildir(mail())) {
    write("problem.yaml", "name: Sum\n");
    write(".timelimit", "1");
    write("data/secret/1.in", "1 2\n");
    write("data/secret/1.ans", "3\n");
    write("submissions/accepted/sum.sh", "read a b; echo $((a + b))\n");
    write("submissions/wrong_answer/less.sh", "read a b; echo $((a - b))\n");
    services_.lend(room_);
    services_.lend(*mailer_);
    offline_tasks::connect({.strategy = offline_tasks::Strategy::in_call,
                            .database = database_url(),
                            .registry = &registry_,
                            .services = &services_});
    connection_ = db::connect(database_url());
  }
  ~Site() { offline_tasks::disconnect(); }

  void write(const std::string& name, std::string_view text) const {
    write_file(package_path() / name, text);
  }
  [[nodiscard]] judge::Package package() const {
    return judge::read_package(package_path(), read_yaml);
  }
  [[nodiscard]] std::filesystem::path package_path() const { return folder_.path() / "sum"; }
  [[nodiscard]] std::filesystem::path mail() const { return folder_.path() / "mail"; }
  [[nodiscard]] std::filesystem::path folder() const { return folder_.path(); }
  [[nodiscard]] db::Connection& connection() { return *connection_; }

  /// Imports the package and judges all its submissions, as `course judge` does.
  std::vector<course::ResultRow> judge_all() {
    course::FrontEnd front_end(connection());
    const auto problems = front_end.import({package()}, {});
    auto rows = course::rows_of(package(), "");
    for (auto& row : rows) row.problem_id = problems.at(0).id;
    return front_end.wait(front_end.push(rows), {});
  }

 private:
  [[nodiscard]] std::string database_url() const { return "sqlite:" + folder_ / "course.db"; }

  TempDir folder_;
  course::GradingRoom room_;
  std::unique_ptr<course::Mailer> mailer_;
  offline_tasks::Services services_;
  offline_tasks::Registry registry_ = offline_tasks::Registry::of<course::CourseTasks>();
  std::unique_ptr<db::Connection> connection_;
};

}  // namespace daemonz::tests
