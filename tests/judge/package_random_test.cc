// Whatever stands in a package's own files, reading it gives a package or an Error with one line.
#include <doctest/doctest.h>

#include <array>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "judge/package.h"
#include "package_files.h"
#include "support/seed.h"

namespace daemonz {
namespace {

using tests::PackageFiles;

constexpr int rounds = 400;

const std::vector<std::string_view> pieces{"problem_format_version: ",
                                           "legacy\n",
                                           "2023-07-draft\n",
                                           "2025-09\n",
                                           "type: ",
                                           "[interactive, multi-pass]\n",
                                           "scoring\n",
                                           "validation: ",
                                           "custom interactive\n",
                                           "limits: ",
                                           "{memory: 1e308, time_limit: -0}\n",
                                           "{time_multipliers: {ac_to_time_limit: 2}}\n",
                                           "validation_passes: 99999999999\n",
                                           "languages: ",
                                           "constants: {}\n",
                                           "name: {en: a}\n",
                                           "args: ",
                                           "output_validator_args: ",
                                           "[float_tolerance, 1e-6]\n",
                                           "[[[",
                                           "]]]",
                                           "{a: {b: c}}\n",
                                           "null\n",
                                           "\"accepted/*\": ",
                                           "{permitted: [AC, WA], required: [TLE]}\n",
                                           "{permitted: AC}\n",
                                           "\"{a,{b,c}\": ",
                                           "secret/*: ",
                                           "entrypoint: main.py\n",
                                           "use_for_time_limit: lower\n",
                                           "&x ",
                                           "*x\n",
                                           "<<: ",
                                           "- ",
                                           "  ",
                                           "\t",
                                           "\r\n",
                                           "\n",
                                           "\xef\xbb\xbf",
                                           "\xff\xfe",
                                           "'",
                                           "\"",
                                           "#",
                                           "%",
                                           "|\n",
                                           "1e999\n",
                                           ".nan\n",
                                           "0x7fffffffffffffff\n",
                                           "timelimit = ",
                                           "'2'\n",
                                           "{\"submissions/accepted/a.c\": ",
                                           "{\"entry_point\": 1}}",
                                           "@EXPECTED_RESULTS@: WRONG-ANSWER\n"};

const std::array files_of_a_package{"problem.yaml",
                                    ".timelimit",
                                    "domjudge-problem.ini",
                                    "submissions.json",
                                    "data/testdata.yaml",
                                    "data/secret/test_group.yaml",
                                    "data/secret/1.yaml",
                                    "data/secret/1.args",
                                    "submissions/submissions.yaml",
                                    "submissions/accepted/a.c"};

TEST_CASE("package: made-up files give a package or an error, never anything else") {
  std::mt19937_64 random(tests::seed());
  const auto below = [&](std::size_t limit) { return random() % limit; };
  int read = 0;
  for (int round = 0; round < rounds; ++round) {
    PackageFiles files;
    files.with_case("secret/1", "", "").write("submissions/accepted/a.c", "");
    if (below(3) == 0) files.write("output_validator/v.py", "");
    for (const char* name : files_of_a_package) {
      if (below(3) != 0) continue;
      std::string text;
      for (auto left = below(8); left > 0; --left) text += pieces[below(pieces.size())];
      if (below(8) == 0 && !text.empty()) text[below(text.size())] = static_cast<char>(below(256));
      files.write(name, text);
    }
    try {
      static_cast<void>(files.read());
      ++read;
    } catch (const Error& problem) {
      CHECK(std::string(problem.what()).find(files.path().string()) != std::string::npos);
    }
  }
  CHECK(read > rounds / 20);  // or the pieces only ever make nonsense
}

}  // namespace
}  // namespace daemonz
