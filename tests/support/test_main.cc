// The main of every room's tests: prints the seed of this run, and takes it back by DAEMONZ_SEED.
#define DOCTEST_CONFIG_IMPLEMENT
#include <doctest/doctest.h>

#include <csignal>
#include <cstdio>

#include "support/seed.h"

int main(int argc, char** argv) {
  std::signal(SIGPIPE, SIG_IGN);
  std::printf("seed: DAEMONZ_SEED=%llu\n", static_cast<unsigned long long>(daemonz::tests::seed()));
  std::fflush(stdout);
  return doctest::Context(argc, argv).run();
}
