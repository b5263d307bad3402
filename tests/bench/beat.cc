// The child of script/bench supervisor: says on the named pipe $BEAT when its main() ran, in
// nanoseconds of CLOCK_MONOTONIC, and lives until a signal ends it. `beat once` ends at once.
#include <fcntl.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>

constexpr int ready = 3;  // s6's notification-fd: without that word it waits a second

int main(int argc, char** argv) {
  timespec now{};
  ::clock_gettime(CLOCK_MONOTONIC, &now);
  const char* path = std::getenv("BEAT");
  const int beats = path ? ::open(path, O_WRONLY | O_CLOEXEC) : -1;
  char line[64];  // below PIPE_BUF: it arrives whole
  const int size = std::snprintf(line, sizeof line, "%d %lld\n", ::getpid(),
                                 static_cast<long long>(now.tv_sec) * 1'000'000'000 + now.tv_nsec);
  if (::write(beats, line, static_cast<std::size_t>(size)) != size) return 1;
  ::close(beats);
  // Others may have something else at that number.
  [[maybe_unused]] const auto told = std::getenv("BEAT_READY") ? ::write(ready, "\n", 1) : 0;
  const bool is_once = argc > 1 && std::strcmp(argv[1], "once") == 0;  // s6 gives it its own name
  while (!is_once) ::pause();
}
