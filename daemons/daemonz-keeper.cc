// daemonz-keeper: holds one sandbox slot. All of it is lib/sandbox/keeper.h.
#include "sandbox/keeper.h"

int main(int argc, char** argv) { return daemonz::sandbox::keeper_main(argc, argv); }
