// How far a long command is: one line that is drawn again and again on a terminal, and nothing at
// all elsewhere. The caller owns the stream. Follows cli.md, "Progress bars".
#pragma once

#include <cstddef>
#include <iosfwd>
#include <string>

namespace daemonz {

///     ProgressBar bar(std::cerr, {.is_terminal = ::isatty(2) == 1, .total = 76, .unit = "done"});
///     bar.show(12);            // [######        ] 12/76 done
/// Threads: one. The destructor clears the line.
class ProgressBar {
 public:
  struct Options {
    bool is_terminal = false;
    std::size_t total = 0;
    std::string unit;  ///< what has happened to that many: "judged"
  };
  ProgressBar(std::ostream& out, Options options);
  ~ProgressBar();
  ProgressBar(const ProgressBar&) = delete;
  ProgressBar& operator=(const ProgressBar&) = delete;
  void show(std::size_t done);

 private:
  std::ostream& out_;
  Options options_;
  std::size_t drawn_ = 0;  ///< thousandths of the way, plus one: what is on the screen
};

}  // namespace daemonz
