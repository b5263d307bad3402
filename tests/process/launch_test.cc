#include "process/launch.h"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>
#include <fstream>

#include "base/error.h"
#include "base/units.h"
#include "process/cgroup.h"
#include "process/fork_child.h"
#include "process/launch_numbers.h"
#include "support/temp_dir.h"

using namespace daemonz;
using namespace daemonz::process;
using daemonz::tests::TempDir;

namespace {

SteadyTime in(Milliseconds time) { return std::chrono::steady_clock::now() + time; }

std::string content_of(const std::string& path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), {}};
}

// Runs a shell line with its stdout in a file and returns what it wrote.
std::string output_of(const std::string& script, LaunchOptions options = {}) {
  const TempDir folder;
  const auto path = folder / "out";
  const UniqueFd out(::open(path.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
  options.argv = {"sh", "-c", script};
  options.stdout_fd = out.get();
  auto child = launch(options);
  const auto status = child.wait(in(Seconds(10)));
  REQUIRE(status);
  return content_of(path);
}

std::string message_of(const LaunchOptions& options) {
  try {
    static_cast<void>(launch(options));
  } catch (const Error& problem) {
    return problem.what();
  }
  return "launched";
}

}  // namespace

TEST_CASE("launch: a program runs, and its exit code is seen once and for all") {
  auto child = launch({.argv = {"sh", "-c", "exit 7"}});
  const auto status = child.wait(in(Seconds(10)));
  REQUIRE(status);
  CHECK(status->exit_code == 7);
  CHECK_FALSE(status->signal);
  CHECK_FALSE(status->is_success());
  CHECK(child.wait()->exit_code == 7);
  CHECK_FALSE(child.signal(SIGTERM));
}

TEST_CASE("launch: a signal that ends the child is named, and waiting has a deadline") {
  auto child = launch({.argv = {"sleep", "1000"}});
  CHECK_FALSE(child.wait(in(Milliseconds(20))));
  CHECK(child.signal(SIGKILL));
  CHECK(child.wait(in(Seconds(10)))->signal == SIGKILL);
}

TEST_CASE("launch: a child that is let go of is killed and reaped") {
  pid_t pid = 0;
  {
    const auto child = launch({.argv = {"sleep", "1000"}});
    pid = child.pid();
  }
  CHECK(::kill(pid, 0) == -1);
}

TEST_CASE("launch: failures name the program, the step and the reason, and leave no child") {
  CHECK(message_of({.argv = {"no-such-program-here"}}) ==
        "cannot start no-such-program-here: not found in PATH: No such file or directory. Is it "
        "installed?");
  CHECK(message_of({.argv = {"/no/such/file"}}) ==
        "cannot start /no/such/file: execve: No such file or directory. Is the path right, and is "
        "it installed?");
  CHECK(message_of({.argv = {"/etc/passwd"}}) ==
        "cannot start /etc/passwd: execve: Permission denied. Is it executable for this user "
        "(chmod +x)?");
  CHECK(message_of({.argv = {"/bin/true"}, .working_folder = "/no/such/folder"}) ==
        "cannot start /bin/true: chdir: No such file or directory. The working folder is "
        "/no/such/folder");
  CHECK(message_of({.argv = {"/bin/true"}, .cgroup = "/no/such/group"}).find("no such cgroup") !=
        std::string::npos);
  CHECK(message_of({.argv = {}}) == "cannot start a program without a name");
  siginfo_t info{};
  CHECK(::waitid(P_ALL, 0, &info, WEXITED | WNOHANG) == -1);
  CHECK(errno == ECHILD);
}

TEST_CASE("launch: a script without its interpreter says so") {
  const TempDir folder;
  const auto path = folder / "script";
  std::ofstream(path) << "#!/no/such/interpreter\n";
  ::chmod(path.c_str(), 0755);
  CHECK(message_of({.argv = {path}}).find("Its interpreter (#! line) is missing") !=
        std::string::npos);
}

TEST_CASE("launch: the child has no descriptor that was not named") {
  const UniqueFd leaky(::open("/dev/null", O_RDONLY));  // without CLOEXEC, on purpose
  const UniqueFd wanted(::open("/dev/zero", O_RDONLY | O_CLOEXEC));
  const auto listing =
      output_of("ls /proc/self/fd | tr '\\n' ' '", {.descriptors = {{wanted.get(), 9}}});
  CHECK(listing == "0 1 2 3 9 ");  // 3 is ls's own
}

TEST_CASE("launch: descriptors that change places arrive at their places") {
  const TempDir folder;
  const auto a = folder / "a", b = folder / "b";
  const UniqueFd fd_a(::open(a.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
  const UniqueFd fd_b(::open(b.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
  // Each one's place is the other one's number.
  auto child = launch({.argv = {"sh", "-c",
                                "echo to-b >&" + std::to_string(fd_a.get()) + "; echo to-a >&" +
                                    std::to_string(fd_b.get())},
                       .descriptors = {{fd_b.get(), fd_a.get()}, {fd_a.get(), fd_b.get()}}});
  CHECK(child.wait(in(Seconds(10)))->is_success());
  CHECK(content_of(a) == "to-a\n");
  CHECK(content_of(b) == "to-b\n");
}

TEST_CASE("launch: environment, folder, umask, limits and niceness are the child's") {
  CHECK(output_of("echo $A-$HOME", {.env = std::map<std::string, std::string>{{"A", "1"}}}) ==
        "1-\n");
  CHECK(output_of("pwd", {.working_folder = "/usr"}) == "/usr\n");
  CHECK(output_of("umask", {.umask = 027}) == "0027\n");
  CHECK(output_of("ulimit -n", {.limits = {{RLIMIT_NOFILE, rlimit{77, 77}}}}) == "77\n");
  CHECK(output_of("ulimit -n", {.limits = {{RLIMIT_NOFILE, rlimit{10, 10}}}}) == "10\n");
  CHECK(output_of("nice", {.nice = 7}) == "7\n");
  CHECK(output_of("cat /proc/self/oom_score_adj", {.oom_score_adj = 321}) == "321\n");
}

TEST_CASE("launch: stdin is empty unless given") { CHECK(output_of("cat; echo end") == "end\n"); }

TEST_CASE("launch: the child leads a session, unless it should not") {
  CHECK(output_of("test $(cut -d' ' -f6 /proc/$$/stat) = $$ && echo leads") == "leads\n");
  CHECK(output_of("test $(cut -d' ' -f6 /proc/$$/stat) = $$ || echo follows",
                  {.is_session_leader = false}) == "follows\n");
}

TEST_CASE("launch: the child starts with default signals and an empty mask") {
  sigset_t blocked, before;
  ::sigemptyset(&blocked);
  ::sigaddset(&blocked, SIGTERM);
  ::pthread_sigmask(SIG_BLOCK, &blocked, &before);  // SIGPIPE is ignored by test_main besides
  const auto text = output_of("grep -E '^Sig(Blk|Ign)' /proc/self/status");
  ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
  CHECK(text == "SigBlk:\t0000000000000000\nSigIgn:\t0000000000000000\n");
}

TEST_CASE("launch: another user gets that user's rights and no others") {
  if (::geteuid() != 0) return;  // only root may
  CHECK(output_of("echo $(id -u) $(id -g) $(id -G)", {.uid = 65534, .gid = 65534}) ==
        "65534 65534 65534\n");
}

TEST_CASE("launch: the child is born in its cgroup") {
  const auto own = own_cgroup();
  if (!own) return;  // no cgroup v2 for this user on this machine
  const auto group = *own + "/daemonz-test-" + std::to_string(::getpid());
  if (!create_cgroup(group)) return;
  auto child = launch({.argv = {"sleep", "1000"}, .cgroup = group});
  CHECK(processes_in(group) == std::vector<pid_t>{child.pid()});
  CHECK(is_populated(group));
  CHECK(kill_cgroup(group));
  CHECK(child.wait(in(Seconds(10)))->signal == SIGKILL);
  CHECK(wait_until_empty(group, in(Seconds(10))));
  CHECK(remove_cgroup(group));
  CHECK_FALSE(std::filesystem::exists(group));
}

TEST_CASE("launch: with low numbers kept for them, children get what was named and no more") {
  reserve_launch_numbers();  // for this process from here on
  std::vector<UniqueFd> many;
  for (int i = 0; i < 500; ++i) many.emplace_back(::open("/dev/null", O_RDONLY | O_CLOEXEC));
  const TempDir folder;
  const auto a = folder / "a", b = folder / "b";
  {
    const UniqueFd fd_a(::open(a.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
    const UniqueFd fd_b(::open(b.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
    auto child = launch({.argv = {"sh", "-c", "echo to-b >&8; echo to-a >&9"},
                         .descriptors = {{fd_b.get(), 8}, {fd_a.get(), 9}}});
    CHECK(child.wait(in(Seconds(10)))->is_success());
  }
  CHECK(content_of(a) == "to-a\n");
  CHECK(content_of(b) == "to-b\n");
  const UniqueFd wanted(::open("/dev/zero", O_RDONLY | O_CLOEXEC));
  CHECK(output_of("ls /proc/self/fd | tr '\\n' ' '", {.descriptors = {{wanted.get(), 9}}}) ==
        "0 1 2 3 9 ");
  CHECK(message_of({.argv = {"/nowhere/program"}}).find("execve") != std::string::npos);
  // More than there are numbers: the plain way.
  std::vector<std::pair<int, int>> descriptors;
  for (std::size_t i = 0; i <= launch_numbers_max; ++i)
    descriptors.emplace_back(wanted.get(), 10 + static_cast<int>(i));
  CHECK(output_of("ls /proc/self/fd | wc -l", {.descriptors = descriptors}) == "21\n");
}

TEST_CASE("launch: with the last descriptors of the process it still hears of the exec") {
  auto launching = fork_child([] {
    reserve_launch_numbers();
    int last = 0;  // above the numbers that a child lifts its own descriptors to
    while (last < 200) last = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
    const rlimit two_for_the_pipe_one_for_the_pidfd{static_cast<rlim_t>(last) + 4, 4096};
    ::setrlimit(RLIMIT_NOFILE, &two_for_the_pipe_one_for_the_pidfd);
    auto child = launch({.argv = {"/bin/true"}, .stdin_fd = last});
    return child.wait(in(Seconds(10)))->is_success() ? 0 : 1;
  });
  const auto status = launching.wait(in(Seconds(20)));
  REQUIRE(status);  // else it waits for ever for what it holds itself
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)  // there the plain way is taken
  CHECK(status->exit_code == 0);
#endif
}

TEST_CASE("launch: a hundred children come and go without a descriptor lost") {
  const auto count_fds = [] {
    std::size_t count = 0;
    for ([[maybe_unused]] const auto& entry : std::filesystem::directory_iterator("/proc/self/fd"))
      ++count;
    return count;
  };
  const auto before = count_fds();
  for (int i = 0; i < 100; ++i) {
    auto child = launch({.argv = {"/bin/true"}});
    CHECK(child.wait(in(Seconds(10)))->is_success());
  }
  for (int i = 0; i < 20; ++i) CHECK_THROWS_AS(static_cast<void>(launch({.argv = {"/no"}})), Error);
  CHECK(count_fds() == before);
}
