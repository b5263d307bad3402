// Custom output validators in the real sandbox.
#include "judge/validator.h"

#include <doctest/doctest.h>

#include <filesystem>
#include <string>

#include "judge/judge.h"
#include "package_files.h"
#include "slot.h"

namespace daemonz {
namespace {

using doctest::Contains;
using judge::Verdict;
using tests::PackageFiles;
using tests::slot;

/// A package with one case, one submission that prints "yes 7", and a validator.
PackageFiles& with_validator(PackageFiles& files, const std::string& name, std::string_view text) {
  return files
      .write("problem.yaml",
             "validation: custom\nvalidator_flags: --base 10\n"
             "limits: {validation_time: 1, validation_memory: 128}\n")
      .write(".timelimit", "1")
      .with_case("secret/1", "the input\n", "the answer\n")
      .write("submissions/any/a.sh", "echo yes 7\n")
      .write("output_validators/" + name, text);
}

judge::Judgement judge_with(judge::Judge& judge, const PackageFiles& files) {
  const auto package = files.read();
  const auto judgement =
      judge.judge(package, package.submissions.at(0), {.time_limit = Seconds(1)});
  REQUIRE(judgement);
  return *judgement;
}

judge::Judgement judge_with(const std::string& name, std::string_view text) {
  PackageFiles files;
  judge::Judge judge(slot());
  return judge_with(judge, with_validator(files, name, text));
}

TEST_CASE("validator: exit 42 accepts, 43 is wrong, all else is the validator's failure") {
  const struct {
    std::string name, text;
    Verdict verdict;
    std::string note;
  } table[]{
      {"v.py", "import sys; sys.exit(42)\n", Verdict::accepted, ""},
      {"v.py", "import sys; sys.exit(43)\n", Verdict::wrong_answer, "v.py did not accept it"},
      {"v.py", "import sys; sys.exit(0)\n", Verdict::judge_error, "v.py failed"},
      {"v.py", "import sys; sys.exit(1)\n", Verdict::judge_error, "exit code 1"},
      {"v.py", "raise ValueError('too bad')\n", Verdict::judge_error, "too bad"},
      {"v.c", "#include <stdlib.h>\nint main(void) { abort(); }\n", Verdict::judge_error,
       "signal 6"},
      {"v.py", "while True: pass\n", Verdict::judge_error, "TLE"},
      // A little over 128 MiB and what the files may take.
      {"v.py", "x = b'spam' * (42 << 20)\nwhile True: pass\n", Verdict::judge_error, "MLE"},
      {"v.py", "while True: print('spam' * 1000)\n", Verdict::judge_error, "OLE"},
      {"v.c", "int main(void) { return 42; }\n", Verdict::accepted, ""},
      {"v.cc", "int main() { return 43; }\n", Verdict::wrong_answer, ""},
      {"v.sh", "exit 42\n", Verdict::accepted, ""},
      {"v.c", "int main(void) { return fortytwo; }\n", Verdict::judge_error, "does not compile"},
      {"v.pas", "begin end.\n", Verdict::judge_error, "does not compile"},
  };
  for (const auto& [name, text, verdict, note] : table) {
    CAPTURE(text);
    const auto judgement = judge_with(name, text);
    CAPTURE(judgement.note);
    CHECK(std::string(to_string(judgement.verdict)) == to_string(verdict));
    CHECK(doctest::String(judgement.note.c_str()) == Contains(note.c_str()));
  }
}

TEST_CASE("validator: it gets input, answer, a feedback folder, the flags, and the output") {
  const auto judgement =
      judge_with("v.py",
                 "import sys\n"
                 "program, given, answer, feedback, *flags = sys.argv\n"
                 "assert open(given).read() == 'the input\\n', given\n"
                 "assert open(answer).read() == 'the answer\\n', answer\n"
                 "assert feedback.endswith('/')\n"
                 "assert flags == ['--base', '10'], flags\n"
                 "assert sys.stdin.read() == 'yes 7\\n'\n"
                 "open(feedback + 'judgemessage.txt', 'w').write('seven is not enough')\n"
                 "sys.exit(43)\n");
  CHECK(judgement.verdict == Verdict::wrong_answer);
  CHECK(judgement.note == "secret/1: seven is not enough");
}

TEST_CASE("validator: a folder with several sources, or with build and run scripts") {
  PackageFiles sources;
  judge::Judge judge(slot());
  with_validator(sources, "v/main.cc", "int verdict();\nint main() { return verdict(); }\n")
      .write("output_validators/v/verdict.cc", "int verdict() { return 42; }\n");
  CHECK(judge_with(judge, sources).verdict == Verdict::accepted);

  PackageFiles scripts;
  with_validator(scripts, "v/build",
                 "#!/bin/bash\nset -e\nmkdir out\ngcc-12 -o out/check source.c || "
                 "gcc -o out/check source.c\n"
                 "printf '#!/bin/bash\\nexec ./out/check \"$@\"\\n' > run\nchmod +x run\n")
      .write("output_validators/v/source.c",
             "#include <stdio.h>\n#include <string.h>\nint main(int c, char** v) {\n"
             "  return c == 6 && strcmp(v[4], \"--base\") == 0 && getchar() == 'y' ? 42 : 43; }\n");
  std::filesystem::permissions(scripts.path() / "output_validators/v/build",
                               std::filesystem::perms::owner_all);
  const auto built = judge_with(judge, scripts);
  CAPTURE(built.note);
  CHECK(built.verdict == Verdict::accepted);

  PackageFiles script;
  with_validator(script, "v/run", "#!/bin/sh\nexit 43\n");
  std::filesystem::permissions(script.path() / "output_validators/v/run",
                               std::filesystem::perms::owner_all);
  const auto run = judge_with(judge, script);
  CAPTURE(run.note);
  CHECK(run.verdict == Verdict::wrong_answer);
}

TEST_CASE("validator: of several all must accept") {
  PackageFiles files;
  judge::Judge judge(slot());
  with_validator(files, "a.sh", "exit 42\n").write("output_validators/b.sh", "exit 43\n");
  CHECK(judge_with(judge, files).verdict == Verdict::wrong_answer);
  files.write("output_validators/b.sh", "exit 42\n# changed\n");
  CHECK(judge_with(judge, files).verdict == Verdict::accepted);
}

TEST_CASE("validator: a compiled one is kept until one of its files changes") {
  PackageFiles files;
  judge::Judge judge(slot());
  with_validator(files, "v.c", "int main(void) { return 42; }\n");
  CHECK(judge_with(judge, files).verdict == Verdict::accepted);
  CHECK(judge_with(judge, files).verdict == Verdict::accepted);
  files.write("output_validators/v.c", "int main(void) { return 43; } // changed\n");
  CHECK(judge_with(judge, files).verdict == Verdict::wrong_answer);
}

TEST_CASE("validator: it writes nothing into the package") {
  PackageFiles files;
  judge::Judge judge(slot());
  const auto root = files.path().string();
  with_validator(files, "v.py",
                 "import sys\ntry:\n    open('" + root +
                     "/data/secret/1.ans', 'w').write('x')\nexcept OSError:\n    sys.exit(42)\n"
                     "sys.exit(43)\n");
  CHECK(judge_with(judge, files).verdict == Verdict::accepted);
  CHECK(judge::read_file(files.path() / "data/secret/1.ans", kibibytes(1)) == "the answer\n");
}

}  // namespace
}  // namespace daemonz
