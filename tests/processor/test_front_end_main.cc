// A front end of a test site as a real program, and its processor: tests/shown/jobs start both.
//
//     test-front-end CONFIG        for each number on stdin one push, the same call sites whatever
//                                  CONFIG's strategy; "NUMBER ID TAKEN_BY" or "NUMBER - ERROR"
//     test-front-end processor ..  its processor, see processor/main.h
#include <fcntl.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <iostream>

#include "base/error.h"
#include "base/unique_fd.h"
#include "offline_tasks/fake.h"
#include "offline_tasks/from_config.h"
#include "offline_tasks/task.h"
#include "processor/main.h"

namespace daemonz::tests {

using namespace offline_tasks;

/// Appends its number to a file. The lines are what became of the jobs, doubled ones too.
struct Mark {
  std::int64_t number{};
  std::string file;
  std::int64_t fails_before{};  ///< so many attempts fail first
  static constexpr std::string_view name = "mark";
  static Options defaults() { return {.max_attempts = 9, .backoff = {{Milliseconds(50)}}}; }
  Outcome perform(Context& context) const {
    if (context.job().attempt < fails_before) return Fail{"not yet"};
    const UniqueFd out(::open(file.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644));
    const auto line = std::to_string(number) + "\n";
    if (::write(out.get(), line.data(), line.size()) < 0) throw_errno("cannot write", file);
    return Done{};
  }
};
BOOST_DESCRIBE_STRUCT(Mark, (), (number, file, fails_before))

using MarkTasks = TaskList<Mark>;

std::string pushed(std::int64_t number, const std::string& file, std::int64_t fails_before) {
  const Mark mark{number, file, fails_before};
  try {
    const auto answer = number % 2 ? MarkTasks::push_push(mark) : MarkTasks::push_pull(mark);
    const auto& taken = std::get<Pushed>(answer.value());
    return taken.id + " " + taken.taken_by;
  } catch (const Error& problem) {
    return std::string("- ") + problem.what();
  }
}

int run_front_end(const char* config) {
  const auto registry = Registry::of<MarkTasks>();
  const auto strategy = connect_options(config::load(config)).strategy;
  connect_from_config(config, &registry);
  const char* const file = std::getenv("MARKS");
  const char* const fails = std::getenv("FAILS_BEFORE");
  for (std::int64_t number; std::cin >> number;)
    std::cout << number << ' ' << pushed(number, file, fails ? std::atol(fails) : 0) << std::endl;
  if (strategy == Strategy::fake) fake().drain();
  disconnect();
  return 0;
}

}  // namespace daemonz::tests

int main(int argc, char** argv) {
  using namespace daemonz;
  try {
    if (argc > 1 && std::strcmp(argv[1], "processor") == 0)
      return processor::main<tests::MarkTasks>(argc - 1, argv + 1);
    return argc == 2 ? tests::run_front_end(argv[1]) : 2;
  } catch (const std::exception& problem) {
    std::fprintf(stderr, "test-front-end: %s\n", problem.what());
    return 1;
  }
}
