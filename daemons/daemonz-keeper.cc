// daemonz-keeper: holds one sandbox slot. All of it is lib/sandbox/keeper.h.
#include <cstdio>
#include <string_view>

#include "sandbox/keeper.h"

int main(int argc, char** argv) {
  const std::string_view option = argc == 2 ? argv[1] : "";
  if (option == "--version") return std::puts("daemonz " DAEMONZ_VERSION) < 0;
  if (option != "--help") return daemonz::sandbox::keeper_main(argc, argv);
  return std::puts(
             "daemonz-keeper holds one sandbox slot for another program of daemonz, which starts "
             "it itself.\nTo run a program in the sandbox: daemonz-run --help") < 0;
}
