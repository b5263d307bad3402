#include "base/progress_bar.h"

#include <doctest/doctest.h>

#include <sstream>

using namespace daemonz;

TEST_CASE("base: the progress bar is silent but on a terminal, and leaves a clean line") {
  std::ostringstream file, terminal;
  {
    ProgressBar(file, {.total = 3, .unit = "judged"}).show(2);
    ProgressBar(terminal, {.is_terminal = true, .total = 3, .unit = "judged"}).show(2);
  }
  CHECK(file.str().empty());
  CHECK(terminal.str().find("2/3 judged") != std::string::npos);
  CHECK(terminal.str().ends_with("\r\x1b[K"));
}

TEST_CASE("base: a long way is drawn a thousand times, its end always") {
  std::ostringstream terminal;
  ProgressBar bar(terminal, {.is_terminal = true, .total = 1'000'000, .unit = "retried"});
  for (std::size_t i = 0; i <= 1'000'000; ++i) bar.show(i);
  CHECK(terminal.str().find("1000000/1000000 retried") != std::string::npos);
  CHECK(terminal.str().size() < 200'000);
}
