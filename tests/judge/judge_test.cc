// The judge through the real sandbox: compilers, programs and validators of real files.
#include "judge/judge.h"

#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "package_files.h"
#include "slot.h"
#include "support/places.h"

namespace daemonz {
namespace {

using doctest::Contains;
using judge::Verdict;
using tests::PackageFiles;
using tests::slot;
using tests::sum_c;
using tests::sum_python;

/// A package whose answer is the sum of two numbers.
PackageFiles& add_cases(PackageFiles& files) {
  return files.write(".timelimit", "1\n")
      .with_case("sample/1", "1 2\n", "3\n")
      .with_case("secret/1", "20 22\n", "42\n")
      .with_case("secret/2", "-5 5\n", "0\n");
}

judge::Judgement judge_one(const PackageFiles& files, Milliseconds limit = Seconds(1)) {
  const auto package = files.read();
  REQUIRE(package.submissions.size() == 1);
  const auto judgement =
      judge::Judge(slot()).judge(package, package.submissions[0], {.time_limit = limit});
  REQUIRE(judgement);
  return *judgement;
}

/// The judgement of one source file on the sum package.
judge::Judgement judge_source(const std::string& name, std::string_view text) {
  PackageFiles files;
  return judge_one(add_cases(files).write("submissions/any/" + name, text));
}

TEST_CASE("judge: one right program in each language") {
  const struct {
    std::string name, text;
  } table[]{
      {"sum.c", sum_c},
      {"sum.cc",
       "#include <iostream>\nint main() { int a, b; std::cin >> a >> b;"
       " std::cout << a + b; }\n"},
      {"sum.py", sum_python},
      {"sum.sh", "read a b\necho $((a + b))\n"},
      {"a sum.c", sum_c},
  };
  for (const auto& [name, text] : table) {
    CAPTURE(name);
    const auto judgement = judge_source(name, text);
    CHECK(judgement.verdict == Verdict::accepted);
    CHECK(judgement.note == "");
    REQUIRE(judgement.cases.size() == 3);
    CHECK(judgement.cases[0].name == "sample/1");
    CHECK(judgement.cases[2].name == "secret/2");
    CHECK(judgement.cases[2].peak_kib > 0);
    CHECK(judgement.started <= judgement.ended);
    CHECK(judgement.slot == slot().number());
  }
}

TEST_CASE("judge: every way to fail has its verdict, and the first failing case decides") {
  const struct {
    std::string name, text;
    Verdict verdict;
    std::size_t cases;
    std::string note;
  } table[]{
      {"a.py", "print(3)\n", Verdict::wrong_answer, 2, "secret/1: line 1"},
      {"a.py", "pass\n", Verdict::wrong_answer, 1, "no output"},
      {"a.py", "while True: pass\n", Verdict::time_limit_exceeded, 1,
       "sample/1: "},  // on a busy machine the wall limit comes first
      {"a.py", "import time\ntime.sleep(60)\n", Verdict::time_limit_exceeded, 1, "(idle)"},
      {"a.py", "raise ValueError('by hand')\n", Verdict::run_time_error, 1, "by hand"},
      {"a.sh", "exit 7\n", Verdict::run_time_error, 1, "exit code 7"},
      {"a.c", "#include <stdlib.h>\nint main(void) { abort(); }\n", Verdict::run_time_error, 1,
       "signal 6 (SIGABRT)"},
      // A little too much: with rlimits, much too much is refused and a run-time error.
      {"a.py", "x = b'spam' * (20 << 20)\nwhile True: pass\n", Verdict::memory_limit_exceeded, 1,
       "more than 64M"},
      {"a.py", "import sys\nwhile True: sys.stdout.write('spam ' * 1000)\n",
       Verdict::output_limit_exceeded, 1, "stdout"},
      {"a.py", "import sys\nprint(3)\nwhile True: sys.stderr.write('spam ' * 1000)\n",
       Verdict::output_limit_exceeded, 1, "stderr"},
      {"a.py", "open('/box/x', 'w')\n", Verdict::run_time_error, 1, "Read-only"},
      {"a.c", "int main(void) { return x; }\n", Verdict::compile_error, 0, "undeclared"},
      {"a.c", "int f(void);\nint main(void) { return f(); }\n", Verdict::compile_error, 0,
       "undefined reference"},
      {"a.py", "print(\n", Verdict::compile_error, 0, "SyntaxError"},
      {"a.py", "#!/usr/bin/env python2\nprint 3\n", Verdict::skipped, 0, "Python 2"},
      {"a.pas", "begin end.\n", Verdict::skipped, 0, "unknown language: .pas"},
      {"a",
       "\x7f"
       "ELF",
       Verdict::skipped, 0, "unknown language"},
      {"a.h", "int x;\n", Verdict::skipped, 0, "unknown language"},
  };
  for (const auto& [name, text, verdict, cases, note] : table) {
    CAPTURE(text);
    PackageFiles files;
    files.write("problem.yaml", "limits: {memory: 64, output: 1}\n");
    const auto judgement = judge_one(add_cases(files).write("submissions/any/" + name, text));
    CAPTURE(judgement.note);
    CHECK(std::string(to_string(judgement.verdict)) == to_string(verdict));
    CHECK(judgement.cases.size() == cases);
    CHECK(doctest::String(judgement.note.c_str()) == Contains(note.c_str()));
    if (cases > 0) CHECK(judgement.cases.back().verdict == verdict);
  }
}

TEST_CASE("judge: a compiler that never ends is a compile error within its limit") {
  PackageFiles files;
  files.write("problem.yaml", "limits: {compilation_time: 1}\n");
  add_cases(files).write("submissions/any/a.cc",
                         "template <int A, int B> struct F { static constexpr long v ="
                         " F<A - 1, B>::v + F<A - 1, B + 1>::v; };\n"
                         "template <int B> struct F<0, B> { static constexpr long v = B; };\n"
                         "constexpr long loop(long n) { long s = 0; for (long i = 0; i < 200000;"
                         " ++i) s += i % (n + 1); return s; }\n"
                         "#define A(n) constexpr long a##n = loop(n);\n"
                         "#define B(n) A(n##0) A(n##1) A(n##2) A(n##3) A(n##4) A(n##5)\n"
                         "#define C(n) B(n##0) B(n##1) B(n##2) B(n##3) B(n##4) B(n##5)\n"
                         "#define D(n) C(n##0) C(n##1) C(n##2) C(n##3) C(n##4) C(n##5)\n"
                         "D(1) D(2) D(3) D(4)\nint main() {}\n");
  const auto before = real_clock().steady();
  const auto judgement = judge_one(files);
  CHECK(judgement.verdict == Verdict::compile_error);
  CHECK(doctest::String(judgement.note.c_str()) == Contains("did not end within"));
  CHECK(real_clock().steady() - before < Seconds(5));
}

TEST_CASE("judge: a submission in an unknown language is skipped, and says what is known") {
  const auto judgement = judge_source("sum.kt", "class sum {}\n");
  CHECK(judgement.verdict == Verdict::skipped);
  CHECK(judgement.note ==
        "unknown language: .kt (known are .c .cc .cpp .cxx .c++ .py .py3 .sh .bash .java)");
}

TEST_CASE("judge: NUL bytes in a source break nothing") {
  const std::string nul(3, '\0');
  CHECK(judge_source("a.py", "print(1)" + nul + "\n").verdict == Verdict::compile_error);
  CHECK(judge_source("a.sh", nul + "echo 3\n").verdict != Verdict::judge_error);
  const auto in_c = judge_source("a.c", "int main(void) {" + nul + "return 1; }\n");
  CHECK((in_c.verdict == Verdict::run_time_error || in_c.verdict == Verdict::compile_error));
  CHECK(judge_source("a.c", nul).verdict == Verdict::compile_error);
}

TEST_CASE("judge: NUL bytes and long lines in an output are compared, not printed") {
  const auto judgement = judge_source("a.py", "print('\\0\\x1b' * 1000)\n");
  CHECK(judgement.verdict == Verdict::wrong_answer);
  CHECK(judgement.note.find('\0') == std::string::npos);
  CHECK(judgement.note.find('\x1b') == std::string::npos);
}

TEST_CASE("judge: a folder of sources, its headers, and what must not be linked") {
  PackageFiles files;
  add_cases(files)
      .write("submissions/any/x/sum.c",
             "#include \"lib/add.h\"\n#include <stdio.h>\n"
             "int main(void) { int a, b; scanf(\"%d%d\", &a, &b);"
             " printf(\"%d\", add(a, b)); }\n")
      .write("submissions/any/x/lib/add.c",
             "#include \"add.h\"\nint add(int a, int b)"
             " { return a + b; }\n")
      .write("submissions/any/x/lib/add.h", "int add(int, int);\n")
      .write("submissions/any/x/old.o", "not an object")
      .write("submissions/any/x/-o", "a name like an option")
      .write("submissions/any/x/notes.txt", "error");
  CHECK(judge_one(files).verdict == Verdict::accepted);
}

TEST_CASE("judge: the entry of several Python files is main.py, and it imports the others") {
  PackageFiles files;
  add_cases(files)
      .write("submissions/any/x/main.py", "import adder\nadder.run()\n")
      .write("submissions/any/x/adder.py",
             "def run():\n    print(sum(map(int, input().split())))\n");
  CHECK(judge_one(files).verdict == Verdict::accepted);
  PackageFiles without;
  add_cases(without)
      .write("submissions/any/x/a.py", sum_python)
      .write("submissions/any/x/b.py", sum_python);
  const auto judgement = judge_one(without);
  CHECK(judgement.verdict == Verdict::compile_error);
  CHECK(doctest::String(judgement.note.c_str()) == Contains("main.py"));
}

TEST_CASE("judge: code that the package includes is laid over the submission") {
  PackageFiles files;
  add_cases(files)
      .write("include/c/main.c",
             "#include <stdio.h>\nint add(int, int);\nint main(void) { int a,"
             " b; scanf(\"%d%d\", &a, &b); printf(\"%d\", add(a, b)); }\n")
      .write("submissions/any/add.c", "int add(int a, int b) { return a + b; }\n");
  CHECK(judge_one(files).verdict == Verdict::accepted);
}

TEST_CASE("judge: a source longer than the package's limit is a compile error") {
  PackageFiles files;
  files.write("problem.yaml", "limits: {code: 1}\n");
  std::string source = sum_python;
  for (int line = 0; line < 100; ++line) source += "# a long comment\n";
  add_cases(files).write("submissions/any/a.py", source);
  CHECK(judge_one(files).verdict == Verdict::compile_error);
}

TEST_CASE("judge: a failing case is told with what its .desc says it is for") {
  PackageFiles files;
  add_cases(files)
      .write("data/secret/2.desc", "Negative numbers.\r\nAnd more of it.\n")
      .write("submissions/any/sum.py", "a, b = map(int, input().split())\nprint(abs(a) + b)\n");
  const auto judgement = judge_one(files);
  CHECK(judgement.verdict == Verdict::wrong_answer);
  CHECK(judgement.note.starts_with("secret/2 (Negative numbers.): line 1"));
}

TEST_CASE("judge: files with CRLF and without a final newline are judged as they are") {
  PackageFiles files;
  files.write(".timelimit", "1").with_case("secret/1", "1 2", "3\r\n");
  files.with_case("secret/2", "1 2\r\n", "3");
  files.write("submissions/any/a.py", "print(sum(map(int, input().split())))\r\n");
  CHECK(judge_one(files).verdict == Verdict::accepted);
}

TEST_CASE("judge: a program never sees the answer, the package or another case's files") {
  const auto judgement =
      judge_source("a.py",
                   "import os\nfor base, folders, names in os.walk('/'):\n"
                   "    if base.startswith(('/proc', '/usr')): folders[:] = []; continue\n"
                   "    for name in names:\n"
                   "        if name.endswith(('.ans', '.in', '.yaml')): raise SystemExit(base)\n"
                   "if os.path.exists('" +
                       tests::source_path("") +
                       "'): raise SystemExit(9)\n"
                       "print(sum(map(int, input().split())))\n");
  CAPTURE(judgement.note);
  CHECK(judgement.verdict == Verdict::accepted);
}

TEST_CASE("judge: a stop is obeyed between two cases, and leaves no result") {
  PackageFiles files;
  add_cases(files).write("submissions/any/sum.py", sum_python);
  const auto package = files.read();
  std::size_t seen = 0;
  const auto judgement = judge::Judge(slot()).judge(package, package.submissions[0],
                                                    {.time_limit = Seconds(1),
                                                     .is_stop_requested = [&] { return seen == 2; },
                                                     .progress =
                                                         [&](std::size_t done, std::size_t total) {
                                                           seen = done;
                                                           CHECK(total == 3);
                                                         }});
  CHECK_FALSE(judgement);
  CHECK(seen == 2);
}

TEST_CASE("judge: a package without a limit gets its slowest accepted submission's x 5, up") {
  PackageFiles files;
  files.write("problem.yaml", "limits: {time_multiplier: 5}\n");
  files.with_case("secret/1", "1 2\n", "3\n");
  files.write("submissions/accepted/sum.c", sum_c);
  CHECK(judge::Judge(slot()).time_limit(files.read()) == Seconds(1));
  files.write("submissions/accepted/slow.py",
              std::string("import time\nwhile time.process_time() < 0.3: pass\n") + sum_python);
  const auto limit = judge::Judge(slot()).time_limit(files.read());
  REQUIRE(limit);
  CHECK(*limit >= Seconds(2));
  CHECK(*limit <= Seconds(4));
  CHECK(limit->count() % 1'000 == 0);
}

TEST_CASE("judge: a package without a limit and without a solution is refused") {
  PackageFiles files;
  files.with_case("secret/1", "1 2\n", "3\n");
  files.write("submissions/wrong_answer/wrong.py", "print(4)\n");
  const auto package = files.read();
  CHECK_THROWS_WITH(static_cast<void>(judge::Judge(slot()).time_limit(package)),
                    Contains("names no time limit"));
}

TEST_CASE("judge: a solution that is wrong is shown as that: it gets the least limit") {
  PackageFiles files;
  files.with_case("secret/1", "1 2\n", "3\n");
  files.write("submissions/accepted/wrong.py", "print(4)\n");
  CHECK(judge::Judge(slot()).time_limit(files.read()) == Seconds(1));
}

}  // namespace
}  // namespace daemonz
