// Programs of one and of several files in each language, through the real compilers in the sandbox.
#include "judge/language.h"

#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "judge/compile.h"
#include "judge/judge.h"
#include "package_files.h"
#include "slot.h"

namespace daemonz {
namespace {

using doctest::Contains;
using judge::Verdict;
using tests::PackageFiles;
using tests::slot;
using tests::sum_c;
using tests::sum_python;

struct Source {
  std::string name, text;
};

/// The judgement of a submission of these files: the sum of two numbers, 256M.
judge::Judgement judge_files(const std::vector<Source>& sources, const std::string& limits = "") {
  PackageFiles files;
  files.write(".timelimit", "5\n").with_case("secret/1", "20 22\n", "42\n");
  files.write("problem.yaml", limits.empty() ? "limits: {memory: 256}\n" : limits);
  for (const auto& source : sources) files.write("submissions/any/sub/" + source.name, source.text);
  const auto package = files.read();
  REQUIRE(package.submissions.size() == 1);
  const auto judgement =
      judge::Judge(slot()).judge(package, package.submissions[0], {.time_limit = Seconds(5)});
  REQUIRE(judgement);
  return *judgement;
}

struct Trial {
  std::string what;
  std::vector<Source> files;
  Verdict verdict;
  std::string note;
};

void check(const std::vector<Trial>& trials) {
  for (const auto& trial : trials) {
    CAPTURE(trial.what);
    const auto judgement = judge_files(trial.files);
    CAPTURE(judgement.note);
    CHECK(std::string(to_string(judgement.verdict)) == to_string(trial.verdict));
    CHECK(doctest::String(judgement.note.c_str()) == Contains(trial.note.c_str()));
  }
}

TEST_CASE("compile: a hint names the language and the entry, and a wrong one is told") {
  PackageFiles files;
  const auto names = std::vector<std::string>{"one.py", "two.py", "three.c"};
  for (const auto& name : names) files.write(name, name == "three.c" ? sum_c : sum_python);
  std::vector<judge::Entry> entries;
  for (const auto& name : names) entries.push_back({.name = name, .path = files.path() / name});
  const auto compile = [&](const judge::ProgramHints& hints) {
    return judge::compile(entries, {}, slot(), hints);
  };
  CHECK(compile({}).state == judge::CompileState::unknown_language);
  CHECK(compile({.language = "c", .entry = ""}).executable.argv.size() == 1);
  CHECK(compile({.language = "", .entry = "two.py"}).executable.argv.back() == "./two.py");
  CHECK(compile({.language = "Python3", .entry = "one.py"}).executable.argv.back() == "./one.py");
  CHECK(compile({.language = "cobol", .entry = ""}).text == "unknown language: cobol");
  const auto missing = compile({.language = "python3", .entry = "four.py"});
  CHECK(missing.state == judge::CompileState::failed);
  CHECK(missing.text == "there is no source called four.py, which is named as the program's entry");
}

TEST_CASE("languages: what a package says of its submission is followed") {
  PackageFiles files;
  files.write(".timelimit", "5\n").with_case("secret/1", "20 22\n", "42\n");
  files.write("submissions/any/sub/one.py", sum_python).write("submissions/any/sub/two.py", "");
  auto package = files.read();
  const auto verdict = [&](const judge::ProgramHints& hints) {
    package.submissions[0].hints = hints;
    return judge::Judge(slot()).judge(package, package.submissions[0], {})->verdict;
  };
  CHECK(verdict({}) == Verdict::compile_error);
  CHECK(verdict({.language = "", .entry = "one.py"}) == Verdict::accepted);
  CHECK(verdict({.language = "", .entry = "two.py"}) == Verdict::wrong_answer);
  CHECK(verdict({.language = "cobol", .entry = ""}) == Verdict::skipped);
}

TEST_CASE("languages: C and C++ of several files, with odd names and the same names in folders") {
  const std::string header = "#pragma once\nint add(int a, int b);\n";
  check({{"two C files and a header",
          {{"main.c",
            "#include <stdio.h>\n#include \"add.h\"\nint main(void) { int a, b;"
            " scanf(\"%d %d\", &a, &b); printf(\"%d\", add(a, b)); }\n"},
           {"add.h", header},
           {"add.c", "#include \"add.h\"\nint add(int a, int b) { return a + b; }\n"}},
          Verdict::accepted,
          ""},
         {"the same names in two folders",
          {{"main.cc",
            "#include <iostream>\n#include \"a/part.h\"\n#include \"b/part.h\"\n"
            "int main() { int x, y; std::cin >> x >> y; std::cout << a(x) + b(y); }\n"},
           {"a/part.h", "int a(int);\n"},
           {"a/part.cc", "#include \"part.h\"\nint a(int x) { return x; }\n"},
           {"b/part.h", "int b(int);\n"},
           {"b/part.cc", "#include \"part.h\"\nint b(int x) { return x; }\n"}},
          Verdict::accepted,
          ""},
         {"names that look like options, hold blanks or are not ASCII",
          {{"-o.c", sum_c}, {"@x y.c", "int f;\n"}, {"\xc3\xa4 \xe2\x82\xac.c", "int g;\n"}},
          Verdict::accepted,
          ""},
         {"C beside C++",
          {{"main.cpp",
            "#include <iostream>\nint twice(int);\n"
            "int main() { int a, b; std::cin >> a >> b; std::cout << a + b; }\n"},
           {"twice.c", "int twice(int x) { return 2 * x; }\n"}},
          Verdict::accepted,
          ""},
         {"an object and data beside it are not linked",
          {{"sum.c", sum_c}, {"other.o", "no object"}, {"data.txt", "7"}},
          Verdict::accepted,
          ""},
         {"two main functions",
          {{"one.c", sum_c}, {"two.c", sum_c}},
          Verdict::compile_error,
          "multiple definition"}});
}

TEST_CASE("languages: Python of several files") {
  const std::string package_main =
      "from parts.add import add\nimport other\nprint(add(*map(int, input().split())))\n";
  check({{"a package and a module",
          {{"main.py", package_main},
           {"parts/__init__.py", ""},
           {"parts/add.py", "def add(a, b): return a + b\n"},
           {"other.py", "X = 1\n"}},
          Verdict::accepted,
          ""},
         {"__main__.py is an entry too",
          {{"__main__.py", sum_python}, {"__init__.py", ""}},
          Verdict::accepted,
          ""},
         {"the same names in folders, blanks and accents",
          {{"main.py", sum_python}, {"a b/x.py", ""}, {"c/x.py", ""}, {"\xc3\xa9.py", ""}},
          Verdict::accepted,
          ""},
         {"a file called -c", {{"-c.py", sum_python}}, Verdict::accepted, ""},
         {"no entry",
          {{"one.py", sum_python}, {"two.py", ""}},
          Verdict::compile_error,
          "which of the 2 sources is the program? Name one of them main.py"},
         {"a fault in a module that is not started",
          {{"main.py", sum_python}, {"broken.py", "def (:\n"}},
          Verdict::compile_error,
          "broken.py"}});
}

std::string java(const std::string& name, const std::string& body) {
  return "import java.util.*;\npublic class " + name +
         " {\n  public static void main(String[] args) throws Exception {\n" + body + "\n  }\n}\n";
}

const std::string java_sum =
    "Scanner in = new Scanner(System.in); System.out.println(in.nextInt() + in.nextInt());";

/// False, and says why: it is not installed, or cannot start under rlimits.
bool has_java() {
  const auto judgement = judge_files({{"A.java", "class A { }\n"}});
  const bool is_there = judgement.verdict != Verdict::skipped;
  if (!is_there) MESSAGE("skipped: " << judgement.note);
  CHECK((is_there || judge::missing_program(*judge::language_of_code("java")) != "" ||
         judgement.note.starts_with("a virtual machine does not start here")));
  return is_there;
}

TEST_CASE("languages: Java of one and of several files, in packages, with inner classes") {
  if (!has_java()) return;
  check({{"one class", {{"Main.java", java("Main", java_sum)}}, Verdict::accepted, ""},
         {"a file that is called otherwise",
          {{"my sum.java", java("Adder", java_sum)}},
          Verdict::accepted,
          ""},
         {"several files, a package and an inner class",
          {{"school/Main.java",
            "package school;\n" + java("Main", "Other.run(new Main.In());") + "// } \n"},
           {"school/Other.java",
            "package school;\nclass Other { static void run(Main.In x) { x.go(); } }\n"}},
          Verdict::compile_error,
          "cannot find symbol"},
         {"the same, and right",
          {{"school/Main.java",
            "package school;\nimport java.util.*;\npublic class Main {\n"
            "  static class In { void go() { " +
                java_sum +
                " } }\n"
                "  public static void main(String[] a) { Other.run(new In()); }\n}\n"},
           {"school/Other.java",
            "package school;\nclass Other { static void run(Main.In x) { x.go(); } }\n"}},
          Verdict::accepted,
          ""},
         {"Main goes before others with a main method",
          {{"Test.java", java("Test", "System.out.println(7);")},
           {"Main.java", java("Main", java_sum)}},
          Verdict::accepted,
          ""},
         {"which one?",
          {{"One.java", java("One", java_sum)}, {"Two.java", java("Two", java_sum)}},
          Verdict::compile_error,
          "which of the 2 classes with a main method is the program?"},
         {"no main",
          {{"Main.java", "class Main { }\n"}},
          Verdict::compile_error,
          "no class has a main method"},
         {"an error",
          {{"Main.java", java("Main", "int x = \"a\";")}},
          Verdict::compile_error,
          "incompatible types"}});
}

TEST_CASE("languages: Java's exceptions, full heap and deep recursion are run-time errors") {
  if (!has_java()) return;
  check({{"an exception",
          {{"Main.java", java("Main", "throw new Exception(\"by hand\");")}},
          Verdict::run_time_error,
          "by hand"},
         {"an exit code",
          {{"Main.java", java("Main", "System.exit(3);")}},
          Verdict::run_time_error,
          "exit code 3"},
         {"a full heap",
          {{"Main.java", java("Main",
                              "List<byte[]> all = new ArrayList<>();"
                              " while (true) { byte[] x = new byte[1 << 20];"
                              " Arrays.fill(x, (byte) 1); all.add(x); }")}},
          Verdict::run_time_error,
          "OutOfMemoryError"},
         {"a deep recursion",
          {{"Main.java",
            "public class Main {\n  static int f(int n) { return n + f(n + 1); }\n"
            "  public static void main(String[] a) { f(0); }\n}\n"}},
          Verdict::run_time_error,
          "StackOverflowError"},
         {"a recursion of 100,000 calls that ends",
          {{"Main.java",
            "public class Main {\n"
            "  static int f(int n) { return n == 0 ? 0 : 1 + f(n - 1); }\n"
            "  public static void main(String[] a) {\n"
            "    System.out.println(f(100_000) - 99_958); }\n}\n"}},
          Verdict::accepted,
          ""}});
}

TEST_CASE("languages: of a compiler's long text the beginning and the end are kept") {
  CHECK(judge::clipped("short", 5) == "short");
  CHECK(judge::clipped("0123456789abcdef", 12) == "012345\n..\nef");
  CHECK(judge::clipped("0123456789", 2) == "\n.");
  CHECK(judge::clipped("0123456789", 0) == "");
  std::string source;
  for (int i = 0; i < 3'000; ++i)
    source += "#warning number " + std::to_string(i) + " of many, and each of some length\n";
  const auto judgement = judge_files({{"a.c", source + sum_c}});
  CHECK(judgement.verdict == Verdict::accepted);
  CHECK(judgement.compiler.size() <= judge::compiler_kept_max);
  CHECK(judgement.compiler.size() > judge::compiler_kept_max - 10);
  CHECK(doctest::String(judgement.compiler.c_str()) == Contains("number 0 of many"));
  CHECK(doctest::String(judgement.compiler.c_str()) == Contains("number 2999 of many"));
}

TEST_CASE("languages: the heap leaves room for the virtual machine") {
  CHECK(judge::heap_mib(mebibytes(2048)) == 1792);
  CHECK(judge::heap_mib(mebibytes(256)) == 192);
  CHECK(judge::heap_mib(mebibytes(64)) == 16);
  CHECK(judge::heap_mib(Bytes(0)) == 16);
  CHECK(judge::stack_mib(mebibytes(2048)) == 64);
  CHECK(judge::stack_mib(mebibytes(256)) == 16);
  CHECK(judge::stack_mib(Bytes(0)) == 1);
}

/// What adding the row throws; empty: nothing.
doctest::String refusal(const judge::Language& row) {
  try {
    judge::extend_languages({row});
  } catch (const Error& problem) {
    return problem.what();
  }
  return {};
}

TEST_CASE("languages: rows are added, and one that cannot be right is refused by name") {
  CHECK(refusal({.name = "x", .extensions = {".c"}, .run = {"x", "{entry}"}}) ==
        Contains("language x takes .c, which is c's"));
  CHECK(refusal({.name = "x", .run = {"x", "{entry}"}}) == Contains("x has no extensions"));
  CHECK(refusal({.name = "x", .extensions = {".x"}}) == Contains("no command that runs it"));
  CHECK(refusal({.name = "x", .extensions = {".x"}, .run = {"{binary}"}}) ==
        Contains("runs a {binary} that"));
  CHECK(refusal({.name = "x", .extensions = {".x"}, .run = {"x", "{file}"}}) ==
        Contains("names {file}; there are {sources} {entry}"));
  CHECK(
      refusal({.name = "x", .extensions = {".x"}, .compile = {"x", "a{sources}"}, .run = {"x"}}) ==
      Contains("needs {sources} as a word of its own"));
  CHECK(judge::language_of_code("x") == nullptr);  // a refused row changes nothing

  judge::extend_languages(
      {{.name = "awk", .code = "", .extensions = {".awk"}, .run = {"mawk", "-f", "{entry}"}},
       {.name = "perl",
        .code = "perl",
        .extensions = {".pl", ".pm"},
        .compile = {"perl", "-c", "{entry}"},
        .run = {"perl", "{entry}"}},
       {.name = "nothing", .code = "", .extensions = {".not"}, .run = {"not-there", "{entry}"}},
       {.name = "loud",
        .code = "",
        .extensions = {".loud"},
        .compile = {"bash", "-c", "echo told on stdout; exit 1"},
        .run = {"bash", "{entry}"}},
       {.name = "copied",
        .code = "",
        .extensions = {".copy"},
        .compile = {"cp", "{entry}", "{binary}"},
        .run = {"bash", "{binary}"}}});
  check({{"awk", {{"sum.awk", "{ print $1 + $2 }\n"}}, Verdict::accepted, ""},
         {"perl",
          {{"sum.pl", "my ($a, $b) = split ' ', <>; print $a + $b;\n"}},
          Verdict::accepted,
          ""},
         {"perl's own check", {{"sum.pl", "my ($a = ;\n"}}, Verdict::compile_error, "syntax error"},
         {"not installed", {{"sum.not", "x"}}, Verdict::skipped, "not-there is not installed"},
         {"a check that complains on stdout",
          {{"sum.loud", "x"}},
          Verdict::compile_error,
          "told on stdout"},
         {"a product that is run by a program",
          {{"sum.copy", "read a b; echo $((a + b))\n"}},
          Verdict::accepted,
          ""}});
  judge::extend_languages({{.name = "awk", .is_disabled = true},
                           {.name = "perl", .is_disabled = true},
                           {.name = "nothing", .is_disabled = true},
                           {.name = "loud", .is_disabled = true},
                           {.name = "copied", .is_disabled = true}});
  check({{"taken out again",
          {{"sum.awk", "{ print $1 + $2 }\n"}},
          Verdict::skipped,
          "unknown language: .awk"}});
}

}  // namespace
}  // namespace daemonz
