#include <doctest/doctest.h>

#include "fixture.h"

using namespace daemonz;
using tests::faults_of;
using tests::Site;

namespace {

std::string with_limits(const std::string& text) {
  return "daemons:\n  a: {command: x, limits: {" + text + "}}\n";
}

rlimit limit_of(const std::string& text, int resource) {
  return Site(with_limits(text)).load().daemons.at(0).limits.resources.at(resource);
}

bool is(rlimit limit, rlim_t soft, rlim_t hard) {
  return limit.rlim_cur == soft && limit.rlim_max == hard;
}

}  // namespace

TEST_CASE("config: a resource limit is one value, unlimited, or a soft and a hard one") {
  CHECK(is(limit_of("nofile: 64", RLIMIT_NOFILE), 64, 64));
  CHECK(is(limit_of("nofile: \"64:128\"", RLIMIT_NOFILE), 64, 128));
  CHECK(is(limit_of("core: unlimited", RLIMIT_CORE), RLIM_INFINITY, RLIM_INFINITY));
  CHECK(is(limit_of("core: 0", RLIMIT_CORE), 0, 0));
  CHECK(is(limit_of("stack: \"8M:unlimited\"", RLIMIT_STACK), 8 << 20, RLIM_INFINITY));
  CHECK(is(limit_of("cpu: 2m", RLIMIT_CPU), 120, 120));
  CHECK(is(limit_of("nproc: 10, as: 4G", RLIMIT_AS), 4ull << 30, 4ull << 30));
}

TEST_CASE("config: a resource limit that is none says what it takes") {
  const auto fault_of = [](const std::string& text) { return faults_of(with_limits(text)); };
  CHECK(fault_of("nofile: 2") ==
        "daemonz.yml:2:36: daemons.a.limits.nofile: \"2\" is not a number of files (from 3), "
        "`unlimited`, or SOFT:HARD with SOFT not above HARD");
  for (const auto* bad : {"cpu: 500ms", "cpu: 0s", "nproc: 0", "core: 010", "stack: \"2M:1M\"",
                          "stack: \":1M\"", "as: -1", "rtprio: high", "nofile: 1K"})
    CHECK_MESSAGE(fault_of(bad).find("SOFT:HARD") != std::string::npos, bad);
  CHECK(fault_of("nofiles: 64").ends_with("(did you mean \"nofile\"?)"));
}
