#include "sandbox/run.h"

namespace daemonz::sandbox {

const char* to_string(Verdict verdict) {
  switch (verdict) {
    case Verdict::XX: return "XX";
    case Verdict::CANCELLED: return "CANCELLED";
    case Verdict::MLE: return "MLE";
    case Verdict::OLE: return "OLE";
    case Verdict::TLE_CPU: return "TLE_CPU";
    case Verdict::TLE_WALL: return "TLE_WALL";
    case Verdict::SG: return "SG";
    case Verdict::RE: return "RE";
    case Verdict::OK: return "OK";
  }
  return "XX";
}

const char* to_string(LimitMode mode) {
  switch (mode) {
    case LimitMode::automatic: return "auto";
    case LimitMode::v2: return "v2";
    case LimitMode::v1: return "v1";
    case LimitMode::rlimit: return "rlimit";
  }
  return "auto";
}

std::optional<LimitMode> limit_mode_named(std::string_view name) {
  for (const auto mode : {LimitMode::automatic, LimitMode::v2, LimitMode::v1, LimitMode::rlimit})
    if (name == to_string(mode)) return mode;
  return {};
}

Limits Limits::for_profile(Profile profile) {
  if (profile == Profile::run) return {};
  // A compiler is a large program that starts others and writes large files; see sandbox.md, 10.
  return {.cpu = Seconds(30),
          .wall = Seconds(30),
          .memory = gibibytes(1),
          .processes = 64,
          .file_size = mebibytes(256),
          .scratch = mebibytes(256),
          .inodes = 4096,
          .descriptors = 256};
}

}  // namespace daemonz::sandbox
