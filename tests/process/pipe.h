// A pipe that tests give to children.
#pragma once

#include <doctest/doctest.h>

#include <fcntl.h>
#include <unistd.h>

#include <string>

#include "base/unique_fd.h"

namespace daemonz::tests {

struct Pipe {
  UniqueFd read_end, write_end;
  Pipe() {
    int ends[2];
    REQUIRE(::pipe2(ends, O_CLOEXEC) == 0);
    read_end.reset(ends[0]);
    write_end.reset(ends[1]);
  }
  /// Until all writers are gone; this one's end is closed first.
  std::string read_all() {
    write_end.reset();
    std::string text;
    char buffer[256];
    for (ssize_t size; (size = ::read(read_end.get(), buffer, sizeof buffer)) > 0;)
      text.append(buffer, static_cast<std::size_t>(size));
    return text;
  }
};

}  // namespace daemonz::tests
