#include "offline_tasks/spool.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "base/error.h"
#include "base/hmac.h"
#include "base/log.h"
#include "base/random.h"
#include "base/unique_fd.h"
#include "offline_tasks/queue_way.h"
#include "process/lock_file.h"

namespace daemonz::offline_tasks {
namespace {

namespace fs = std::filesystem;
using broker::PushResult;
using broker::PushState;

constexpr std::string_view magic = "daemonz-spool 1 ";
constexpr std::size_t mac_size = 64;

std::string mac_of(std::string_view bytes) { return to_hex(hmac_sha256("daemonz spool", bytes)); }

void sync_folder(const fs::path& folder) {
  const UniqueFd fd(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!fd.is_open() || ::fsync(fd.get()) != 0) throw_errno("cannot sync", folder.string());
}

void write_durably(const fs::path& path, std::string_view bytes) {
  constexpr mode_t mode = 0640;  // jobs hold what users typed
  const UniqueFd fd(::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode));
  if (!fd.is_open()) throw_errno("cannot make", path.string());
  while (!bytes.empty()) {
    const auto written = ::write(fd.get(), bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) throw_errno("cannot write", path.string());
    bytes.remove_prefix(static_cast<std::size_t>(written));
  }
  if (::fsync(fd.get()) != 0) throw_errno("cannot sync", path.string());
}

void make_folder(const fs::path& folder) {
  if (fs::exists(folder)) return;
  fs::create_directories(folder);
  sync_folder(folder.parent_path());
}

void keep(const fs::path& folder, const std::string& text) {
  make_folder(folder);
  const auto name = new_job_id();
  const auto unfinished = folder / (name + ".tmp");
  try {
    write_durably(unfinished, text);
    fs::rename(unfinished, folder / (name + ".job"));
  } catch (...) {
    std::error_code ignored;
    fs::remove(unfinished, ignored);
    throw;
  }
  sync_folder(folder);
}

std::string read_whole(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  text << file.rdbuf();
  if (!file) throw Error(ErrorText{.what = "cannot read", .where = path.string()});
  return std::move(text).str();
}

/// The lines behind the first one. nullopt: not whole.
std::optional<std::vector<std::string>> bodies_of(std::string_view text) {
  const auto head_end = text.find('\n');
  if (!text.starts_with(magic) || head_end == std::string_view::npos) return {};
  const auto head = text.substr(magic.size(), head_end - magic.size());
  auto rest = text.substr(head_end + 1);
  if (head != std::to_string(rest.size()) + " " + mac_of(rest)) return {};
  std::vector<std::string> bodies;
  for (std::size_t end; (end = rest.find('\n')) != std::string_view::npos;
       rest.remove_prefix(end + 1))
    bodies.emplace_back(rest.substr(0, end));
  if (bodies.empty()) return {};
  return bodies;
}

void move_aside(const fs::path& path, const char* what) {
  const auto folder = path.parent_path() / "torn";
  make_folder(folder);
  fs::rename(path, folder / path.filename());
  log::error("spool", what, {{"file", (folder / path.filename()).string()}});
}

/// Names sort by the time of their pushes.
std::vector<fs::path> files_in(const fs::path& folder, Replayed& replayed) {
  std::vector<fs::path> files;
  for (const auto& entry : fs::directory_iterator(folder)) {
    const auto& path = entry.path();
    if (path.extension() == ".job") files.push_back(path);
    std::error_code gone;
    if (path.extension() != ".tmp") continue;
    const auto written = fs::last_write_time(path, gone);
    if (gone || fs::file_time_type::clock::now() - written < spool_unfinished_age_max) continue;
    move_aside(path, "spooled job of a push that never returned, set aside");
    ++replayed.torn;
  }
  std::sort(files.begin(), files.end());
  return files;
}

/// nullopt: torn, moved aside.
std::optional<PushResult> replay(const fs::path& path, const PushParcel& push) {
  const auto bodies = bodies_of(read_whole(path));
  std::vector<Envelope> jobs;
  try {
    if (bodies)
      for (const auto& body : *bodies) jobs.push_back(Envelope::decode(body).value());
  } catch (const std::exception&) {
    jobs.clear();
  }
  if (jobs.empty()) {
    move_aside(path, "spooled job is torn, set aside: look at it and push it by hand");
    return {};
  }
  auto result = push({jobs, *bodies});
  const bool is_over = result.state == PushState::confirmed || result.state == PushState::duplicate;
  if (result.state == PushState::duplicate || result.state == PushState::refused)
    log::warn("spool",
              is_over ? "spooled job dropped, its unique key is alive" : "spooled job refused",
              {{"job", jobs.front().id}, {"why", result.detail}});
  if (is_over) fs::remove(path);
  return result;
}

}  // namespace

SpoolWay::SpoolWay(const std::string& folder) {
  if (folder.empty())
    throw Error(ErrorText{.what = "the fallback spool needs a folder",
                          .hint = "connect({.., .spool = \"tmp/daemonz/spool\"})"});
  folder_ = fs::absolute(folder).string();
}

PushResult SpoolWay::take(const Parcel& parcel, Milliseconds) {
  std::string lines;
  for (const auto& body : parcel.bodies) lines += body + "\n";
  const auto head = std::string(magic) + std::to_string(lines.size()) + " " + mac_of(lines) + "\n";
  try {
    keep(folder_, head + lines);
    return {PushState::confirmed, {}};
  } catch (const std::exception& problem) {
    return {PushState::refused, problem.what()};
  }
}

Replayed replay_spool(const std::string& folder_name, const PushParcel& push,
                      std::optional<SteadyTime> until) {
  const fs::path folder(folder_name);
  Replayed replayed;
  std::error_code none;
  if (!fs::is_directory(folder, none)) return replayed;
  const auto lock = process::LockFile::try_acquire((folder / "replay.lock").string());
  if (!lock) return replayed;
  const auto files = files_in(folder, replayed);
  for (auto file = files.begin(); file != files.end(); ++file) {
    const bool is_late = until && real_clock().steady() >= *until;
    const auto result = is_late ? PushResult{PushState::unreachable, {}} : replay(*file, push);
    if (!result)
      ++replayed.torn;
    else if (result->state == PushState::confirmed)
      ++replayed.pushed;
    else if (result->state == PushState::duplicate)
      ++replayed.duplicates;
    else if (result->state == PushState::refused)
      ++replayed.refused;
    else {
      replayed.left = static_cast<std::size_t>(files.end() - file);
      log::info("spool", "replay stopped, jobs wait",
                {{"files", replayed.left}, {"why", is_late ? "time is up" : result->detail}});
      break;
    }
  }
  if (replayed.pushed + replayed.duplicates == 0) return replayed;
  sync_folder(folder);
  log::info("spool", "spooled jobs pushed",
            {{"pushed", replayed.pushed},
             {"duplicates", replayed.duplicates},
             {"refused", replayed.refused},
             {"left", replayed.left}});
  return replayed;
}

Replayed replay_spool(const std::string& folder, broker::Broker& broker) {
  return replay_spool(folder, [&](const Parcel& parcel) { return push_parcel(broker, parcel); });
}

}  // namespace daemonz::offline_tasks
