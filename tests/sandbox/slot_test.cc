// One program at a time through a real keeper: the table of verdicts, with real processes.
#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>
#include <sstream>
#include <thread>

#include <doctest/doctest.h>

#include "base/error.h"
#include "sandbox/run.h"
#include "slot_fixture.h"
#include "support/temp_dir.h"

using namespace daemonz;
using namespace daemonz::sandbox;
using tests::SlotFixture;

TEST_CASE_FIXTURE(SlotFixture, "sandbox: a program that ends well is OK, with its figures") {
  const auto result = run(shell("echo out; echo err >&2"));
  CHECK(result.verdict == Verdict::OK);
  CHECK(result.exit_code == 0);
  CHECK_FALSE(result.signal);
  CHECK(text_of(output) == "out\n");
  CHECK(text_of(errors) == "err\n");
  CHECK(result.stdout_bytes == 4);
  CHECK(result.stderr_bytes == 4);
  CHECK_FALSE(result.is_stdout_cut);
  CHECK(result.peak_kib > 100);
  CHECK(result.processes_peak >= 1);
  CHECK(result.switches_voluntary + result.switches_forced > 0);
  CHECK(result.setup > Microseconds(0));
  CHECK((result.limits == "v2" || result.limits == "v1" || result.limits == "rlimit"));
}

TEST_CASE_FIXTURE(SlotFixture, "sandbox: exit codes and signals are told apart, and raw") {
  CHECK(run(hostile("exit_7")).exit_code == 7);
  CHECK(run(hostile("exit_7")).verdict == Verdict::RE);
  const auto crash = run(hostile("segfault"));
  CHECK(crash.verdict == Verdict::SG);
  CHECK(crash.signal == SIGSEGV);
  CHECK_FALSE(crash.exit_code);
  CHECK(run(shell("exit 139")).exit_code == 139);
  CHECK(run(shell("kill -15 $$")).signal == SIGTERM);
}

TEST_CASE_FIXTURE(SlotFixture, "sandbox: output is kept up to exactly its cap") {
  auto program = shell("head -c 70000 /dev/zero; echo end >&2");
  program.limits.stdout_max = Bytes(70000);
  CHECK(run(program).verdict == Verdict::OK);
  CHECK(text_of(output).size() == 70000);
  program.limits.stdout_max = Bytes(69999);
  REQUIRE(::ftruncate(output.get(), 0) == 0);
  ::lseek(output.get(), 0, SEEK_SET);
  const auto result = run(program);
  CHECK(result.verdict == Verdict::OLE);
  CHECK(result.killed_by == "stdout");
  CHECK(result.is_stdout_cut);
  CHECK(result.stdout_bytes == 69999);
  CHECK(text_of(output).size() == 69999);
}

TEST_CASE_FIXTURE(SlotFixture, "sandbox: the kept bytes are the first ones, after a kill too") {
  auto program = shell("i=0; while :; do i=$((i+1)); echo line $i; done");
  program.limits.stdout_max = Bytes(1000);
  CHECK(run(program).verdict == Verdict::OLE);
  std::string expected;
  for (int i = 1; expected.size() < 1000; ++i) expected += "line " + std::to_string(i) + "\n";
  CHECK(text_of(output) == expected.substr(0, 1000));
}

TEST_CASE_FIXTURE(SlotFixture, "sandbox: input comes from the start of a file, again and again") {
  std::ofstream(folder / "input") << std::string(3'000'000, 'x') << "end";
  const auto input = open_file(folder / "input");
  auto program = shell("wc -c");
  program.stdin_fd = input.get();
  for (int i = 0; i < 2; ++i) CHECK(run(program).verdict == Verdict::OK);
  CHECK(text_of(output) == "3000003\n3000003\n");
  CHECK(::lseek(input.get(), 0, SEEK_CUR) == 0);
}

TEST_CASE_FIXTURE(SlotFixture, "sandbox: input that nobody reads, and no input, hold nobody up") {
  std::ofstream(folder / "input") << std::string(3'000'000, 'x');
  const auto input = open_file(folder / "input");
  auto program = shell("exit 3");
  program.stdin_fd = input.get();
  CHECK(run(program).exit_code == 3);
  CHECK(run(shell("cat")).verdict == Verdict::OK);
}

TEST_CASE_FIXTURE(SlotFixture, "sandbox: two pipes carry a conversation with somebody outside") {
  int to_program[2], from_program[2];
  REQUIRE(::pipe2(to_program, O_CLOEXEC) == 0);
  REQUIRE(::pipe2(from_program, O_CLOEXEC) == 0);
  auto program = shell("while read number; do echo $((number * 2)); done");
  program.stdin_fd = to_program[0];
  program.stdout_fd = from_program[1];
  Result result;
  std::thread sandboxed([&] { result = run(program); });
  std::string answers;
  for (const std::string question : {"21\n", "4\n"}) {
    REQUIRE(::write(to_program[1], question.data(), question.size()) > 0);
    char answer[16] = {};
    REQUIRE(::read(from_program[0], answer, sizeof answer) > 0);
    answers += answer;
  }
  ::close(to_program[1]);
  sandboxed.join();
  for (const int fd : {to_program[0], from_program[0], from_program[1]}) ::close(fd);
  CHECK(answers == "42\n8\n");
  CHECK(result.verdict == Verdict::OK);
}

TEST_CASE_FIXTURE(SlotFixture, "sandbox: what cannot be executed is RE:127 at stage exec") {
  std::ofstream(folder / "text") << "no program\n";
  std::ofstream(folder / "garbage") << "no program\n";
  std::filesystem::permissions(folder / "garbage", std::filesystem::perms(0755));
  std::ofstream(folder / "script") << "#!/no/such/interpreter\n";
  std::filesystem::permissions(folder / "script", std::filesystem::perms(0755));
  const std::pair<const char*, int> images[] = {
      {"text", EACCES}, {"garbage", ENOEXEC}, {"script", ENOENT}};
  for (const auto& [name, error] : images) {
    auto program = command({name});
    program.image = open_file(folder / name);
    const auto result = run(program);
    CAPTURE(name);
    CHECK(result.verdict == Verdict::RE);
    CHECK(result.exit_code == 127);
    CHECK(result.stage == "exec");
    CHECK(result.errno_value == error);
  }
  CHECK(run(command({"no-such-command"})).errno_value == ENOENT);
  auto program = command({"folder"});
  program.image = open_file(folder.path());
  const auto result = run(program);
  CHECK(result.verdict == Verdict::RE);
  CHECK(result.stage == "exec");
  CHECK(result.errno_value == EACCES);
  CHECK_FALSE(result.limits.empty());
}

TEST_CASE_FIXTURE(SlotFixture, "sandbox: a script runs through its interpreter inside the box") {
  std::ofstream(folder / "script.py") << "#!/usr/bin/python3\nimport sys\nprint(sys.argv[1:])\n";
  std::filesystem::permissions(folder / "script.py", std::filesystem::perms(0755));
  auto program = command({"script.py", "a", "b c"});
  program.image = open_file(folder / "script.py");
  CHECK(run(program).verdict == Verdict::OK);
  CHECK(text_of(output) == "['a', 'b c']\n");
}

TEST_CASE_FIXTURE(SlotFixture, "sandbox: files come into the box and out of it") {
  std::ofstream(folder / "input") << "seven";
  auto program = shell("cat in/put; tr a-z A-Z < in/put > result; ln -s /etc/passwd link; ls -l");
  program.files.push_back({.name = "in/put", .host_path = folder / "input"});
  program.collect = {"result", "link", "absent", "../x"};
  const auto result = run(program);
  CHECK(result.verdict == Verdict::OK);
  CHECK(text_of(output).starts_with("seven"));
  REQUIRE(result.collected.size() == 1);
  CHECK(result.collected[0].name == "result");
  CHECK(text_of(result.collected[0].fd) == "SEVEN");
}

TEST_CASE_FIXTURE(SlotFixture, "sandbox: a read-only box cannot be written, /tmp can") {
  auto program = shell("echo x > file || touch /tmp/file");
  program.is_box_read_only = true;
  CHECK(run(program).exit_code == 0);
  CHECK(text_of(errors).find("Read-only") != std::string::npos);
}

TEST_CASE_FIXTURE(SlotFixture, "sandbox: files that cannot be placed are XX and name the file") {
  auto program = shell("true");
  program.files.push_back({.name = "../x", .host_path = "/etc/hostname"});
  CHECK(run(program).verdict == Verdict::XX);
  program.files[0] = {.name = "x", .host_path = folder / "absent"};
  auto result = run(program);
  CHECK(result.verdict == Verdict::XX);
  CHECK(result.stage == "file x");
  CHECK(result.errno_value == ENOENT);
  std::ofstream(folder / "large") << std::string(2'000'000, 'x');
  program.files[0] = {.name = "large", .host_path = folder / "large"};
  program.limits.scratch = mebibytes(1);
  result = run(program);
  CHECK(result.verdict == Verdict::XX);
  CHECK(result.errno_value == ENOSPC);
}

TEST_CASE_FIXTURE(SlotFixture, "sandbox: a scratch limit of zero is no room, not no limit") {
  auto program = shell("head -c 100000 /dev/zero > /tmp/file; wc -c < /tmp/file");
  program.limits.scratch = Bytes(0);
  CHECK(run(program).verdict == Verdict::OK);
  CHECK(std::stoi(text_of(output)) <= 4096);  // a page, the least that a tmpfs can have
}

TEST_CASE_FIXTURE(SlotFixture, "sandbox: limits beyond what the kernel counts to are no failure") {
  auto program = command({"true"});
  program.limits = {.cpu = Milliseconds(1'000'000'000'000'000),
                    .wall = Milliseconds(1'000'000'000'000'000),
                    .memory = Bytes(1'000'000'000'000'000'000),
                    .processes = UINT32_MAX,
                    .inodes = UINT32_MAX,
                    .descriptors = UINT32_MAX};
  const auto result = run(program);
  CAPTURE(result.stage);
  CHECK(result.verdict == Verdict::OK);
}

TEST_CASE_FIXTURE(SlotFixture, "sandbox: processor time is the sum of user and system time") {
  const auto result =
      run(shell("i=0; while [ $i -lt 20000 ]; do i=$((i + 1)); done; ls -R /usr/lib"
                " > /dev/null"));
  CHECK(result.cpu > Milliseconds(0));
  CHECK(result.cpu == result.user + result.system);
}

TEST_CASE_FIXTURE(SlotFixture,
                  "sandbox: the compile profile compiles, and run executes the result") {
  std::ofstream(folder / "main.cc") << "#include <iostream>\nint main() { std::cout << 6 * 7; }\n";
  auto compile = command({"g++", "-O1", "main.cc", "-o", "main"});
  compile.profile = Profile::compile;
  compile.limits = Limits::for_profile(Profile::compile);
  compile.files.push_back({.name = "main.cc", .host_path = folder / "main.cc"});
  compile.collect = {"main"};
  auto compiled = run(compile);
  CHECK(text_of(errors) == "");
  REQUIRE(compiled.verdict == Verdict::OK);
  REQUIRE(compiled.collected.size() == 1);
  auto program = command({"main"});
  program.image = std::move(compiled.collected[0].fd);
  CHECK(run(program).verdict == Verdict::OK);
  CHECK(text_of(output) == "42");
}

TEST_CASE_FIXTURE(SlotFixture, "sandbox: a run can be cancelled from another thread") {
  Result result;
  std::thread runner([&] { result = run(shell("echo started; sleep 100")); });
  while (text_of(output).empty()) std::this_thread::yield();
  slot->cancel();
  runner.join();
  CHECK(result.verdict == Verdict::CANCELLED);
  CHECK(result.killed_by == "cancel");
  slot->cancel();  // nothing runs: nothing happens, to the next run either
  CHECK(run(shell("true")).verdict == Verdict::OK);
}

TEST_CASE_FIXTURE(SlotFixture, "sandbox: a slot has one holder, and says who") {
  try {
    const auto second = Slot::open(options);
    FAIL("the slot was given twice");
  } catch (const Error& refused) {
    CHECK(refused.code() == EWOULDBLOCK);
    CHECK(std::string(refused.what()).find(std::to_string(::getpid())) != std::string::npos);
  }
  const auto next = open_free_slot({.state_folder = options.state_folder}, 2);
  CHECK(next->number() == 0);
  const auto after = open_free_slot({.state_folder = options.state_folder}, 2);
  CHECK(after->number() == 1);
  CHECK_THROWS_AS((void)open_free_slot({.state_folder = options.state_folder}, 2), Error);
}

TEST_CASE_FIXTURE(SlotFixture,
                  "sandbox: a keeper that dies takes its run along; the next gets a new one") {
  const auto old = keeper();
  Result result;
  std::thread runner([&] { result = run(shell("echo started; sleep 100")); });
  while (text_of(output).empty()) std::this_thread::yield();
  ::kill(old, SIGKILL);
  runner.join();
  CHECK(result.verdict == Verdict::XX);
  CHECK(result.stage == "keeper");
  CHECK(run(shell("true")).verdict == Verdict::OK);
  CHECK(keeper() != old);
  // What `auto` found at first is now required, so that no later run has less.
  std::ifstream file("/proc/" + std::to_string(keeper()) + "/cmdline");
  const std::string command(std::istreambuf_iterator<char>(file), {});
  CHECK(slot->limit_mode() != LimitMode::automatic);
  CHECK(command.find(std::string("--limits") + '\0' + to_string(slot->limit_mode()) + '\0') !=
        std::string::npos);
}

TEST_CASE_FIXTURE(SlotFixture, "sandbox: a keeper that has died between two runs is not missed") {
  const auto old = keeper();
  ::kill(old, SIGKILL);
  siginfo_t end{};
  REQUIRE(::waitid(P_PID, static_cast<id_t>(old), &end, WEXITED | WNOWAIT) == 0);
  CHECK(run(shell("true")).verdict == Verdict::OK);
  CHECK(keeper() != old);
}

TEST_CASE("sandbox: without a keeper, or with a program that is none, a slot says what to do") {
  const tests::TempDir folder;
  CHECK_THROWS_AS((void)Slot::open({.state_folder = folder / "s", .keeper_path = "/no/keeper"}),
                  Error);
  CHECK_THROWS_AS((void)Slot::open({.state_folder = folder / "s", .keeper_path = "/bin/true"}),
                  Error);
  std::ofstream(folder / "file") << "x";
  CHECK_THROWS_AS((void)Slot::open({.state_folder = folder / "file/s"}), Error);
}

TEST_CASE_FIXTURE(SlotFixture, "sandbox: the environment is the fixed list and what was added") {
  ::setenv("DAEMONZ_SECRET", "x", 1);
  auto program = command({"env"});
  program.env = {"A=b", "LANG=C"};
  CHECK(run(program).verdict == Verdict::OK);
  CHECK(text_of(output) ==
        "PATH=/usr/local/bin:/usr/bin:/bin\nHOME=/box\nTMPDIR=/tmp\nA=b\nLANG=C\n");
}

TEST_CASE_FIXTURE(SlotFixture,
                  "sandbox: a sink that fails is our failure, one that hangs up is not") {
  const UniqueFd full(::open("/dev/full", O_WRONLY | O_CLOEXEC));
  auto program = shell("echo x; sleep 1");
  program.stdout_fd = full.get();
  const auto result = run(program);
  CHECK(result.verdict == Verdict::XX);
  CHECK(result.stage == "stdout sink");
  CHECK(result.errno_value == ENOSPC);
  int ends[2];
  REQUIRE(::pipe2(ends, O_CLOEXEC) == 0);
  const UniqueFd closed(ends[1]);
  ::close(ends[0]);
  program = command({"yes"});
  program.stdout_fd = closed.get();
  CHECK(run(program).signal == SIGPIPE);
}

TEST_CASE_FIXTURE(SlotFixture,
                  "sandbox: requests that are too large are refused, and the slot lives on") {
  auto program = command({"true", std::string(200'000, 'x')});
  auto result = run(program);
  CHECK(result.verdict == Verdict::XX);
  CHECK(result.errno_value == EMSGSIZE);
  program = command({});
  CHECK(run(program).verdict == Verdict::XX);
  CHECK(run(command({"true"})).verdict == Verdict::OK);
}
