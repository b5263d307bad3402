#include "supervisor/line_search.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/check.h"
#include "base/unique_fd.h"

namespace daemonz::supervisor {
namespace {

constexpr std::size_t line_size_max = 65536;  // of a longer line only the end is looked at

}  // namespace

void LineSearch::Free::operator()(regex_t* expression) const {
  ::regfree(expression);
  delete expression;
}

LineSearch::LineSearch(const std::string& pattern, std::string path, std::uint64_t offset)
    : path_(std::move(path)), offset_(offset) {
  auto compiled = std::make_unique<regex_t>();
  const int code = ::regcomp(compiled.get(), pattern.c_str(), REG_EXTENDED | REG_NOSUB);
  DAEMONZ_CHECK(code == 0, "the configuration lets no other expression through");
  expression_.reset(compiled.release());
}

bool LineSearch::look() {
  const UniqueFd fd(::open(path_.c_str(), O_RDONLY | O_CLOEXEC));
  struct stat found {};
  if (!fd.is_open() || ::fstat(fd.get(), &found) != 0) return false;
  if (static_cast<std::uint64_t>(found.st_size) < offset_) offset_ = 0;  // it was turned over
  char piece[16384];
  for (;;) {
    const auto size = ::pread(fd.get(), piece, sizeof piece, static_cast<off_t>(offset_));
    if (size <= 0) return false;
    offset_ += static_cast<std::uint64_t>(size);
    rest_.append(piece, static_cast<std::size_t>(size));
    for (auto end = rest_.find('\n'); end != std::string::npos; end = rest_.find('\n')) {
      const auto line = rest_.substr(0, end);
      rest_.erase(0, end + 1);
      if (::regexec(expression_.get(), line.c_str(), 0, nullptr, 0) == 0) return true;
    }
    if (rest_.size() > line_size_max) rest_.erase(0, rest_.size() - line_size_max);
  }
}

}  // namespace daemonz::supervisor
