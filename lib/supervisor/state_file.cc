#include "supervisor/state_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "base/error.h"
#include "base/json.h"

namespace daemonz::supervisor {
namespace {

json::object to_json(const process::Identity& identity) {
  return {{"pid", identity.pid}, {"start", identity.start_ticks}, {"boot_id", identity.boot_id}};
}

process::Identity identity_from(const json::object& object) {
  return {.pid = static_cast<pid_t>(json::integer_of(object, "pid").value_or(0)),
          .start_ticks = static_cast<std::uint64_t>(json::integer_of(object, "start").value_or(0)),
          .boot_id = json::string_of(object, "boot_id").value_or("")};
}

json::object to_json(const RecordedInstance& instance, const json::storage_ptr& memory) {
  json::object object(to_json(instance.mark.leader), memory);
  object["name"] = instance.name;
  object["daemon"] = instance.daemon;
  object["index"] = instance.index;
  object["log"] = instance.log_path;
  object["stderr"] = instance.stderr_path;
  object["log_begin"] = instance.log_begin;
  object["stderr_begin"] = instance.stderr_begin;
  object["wanted"] = instance.is_wanted;
  object["ready"] = instance.is_ready;
  object["exited"] = instance.has_exited_well;
  object["restarts"] = instance.restarts;
  object["fingerprint"] = instance.fingerprint;
  object["cgroup"] = instance.mark.cgroup;
  object["token"] = instance.mark.token;
  object["rank"] = instance.rank;
  object["stop_signal"] = instance.stop_signal;
  object["stop_timeout_ms"] = instance.stop_timeout.count();
  return object;
}

RecordedInstance instance_from(const json::object& object) {
  RecordedInstance instance;
  instance.name = json::string_of(object, "name").value_or("?");
  instance.daemon = json::string_of(object, "daemon").value_or("");
  instance.index = static_cast<int>(json::integer_of(object, "index").value_or(0));
  instance.log_path = json::string_of(object, "log").value_or("");
  instance.stderr_path = json::string_of(object, "stderr").value_or("");
  const auto begin = [&object](const char* key) {
    return static_cast<std::uint64_t>(
        std::max<std::int64_t>(json::integer_of(object, key).value_or(0), 0));
  };
  instance.log_begin = begin("log_begin");
  instance.stderr_begin = begin("stderr_begin");
  instance.is_wanted = json::boolean_of(object, "wanted").value_or(true);
  instance.is_ready = json::boolean_of(object, "ready").value_or(false);
  instance.has_exited_well = json::boolean_of(object, "exited").value_or(false);
  instance.restarts = static_cast<int>(json::integer_of(object, "restarts").value_or(0));
  instance.fingerprint = json::string_of(object, "fingerprint").value_or("");
  instance.mark = {.leader = identity_from(object),
                   .cgroup = json::string_of(object, "cgroup").value_or(""),
                   .token = json::string_of(object, "token").value_or("")};
  instance.rank = static_cast<int>(json::integer_of(object, "rank").value_or(0));
  instance.stop_signal = static_cast<int>(json::integer_of(object, "stop_signal").value_or(15));
  instance.stop_timeout =
      Milliseconds(json::integer_of(object, "stop_timeout_ms").value_or(10'000));
  return instance;
}

}  // namespace

void replace_file(const std::string& path, const std::string& text, Sync sync) {
  const auto fresh = path + ".new";
  const UniqueFd fd(::open(fresh.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0640));
  if (!fd.is_open() ||
      ::write(fd.get(), text.data(), text.size()) != static_cast<ssize_t>(text.size()) ||
      (sync == Sync::yes && ::fsync(fd.get()) != 0) ||
      std::rename(fresh.c_str(), path.c_str()) != 0)
    throw_errno("cannot write", path, "Is the disk full, or the folder not writable?");
  if (sync == Sync::no) return;
  const auto folder = std::filesystem::path(path).parent_path().string();
  const UniqueFd names(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!names.is_open() || ::fsync(names.get()) != 0) throw_errno("cannot sync the folder", folder);
}

void write_state_file(const std::string& path, const RecordedState& state) {
  const auto memory = json::make_shared_resource<json::monotonic_resource>();
  json::array instances(memory);
  for (const auto& instance : state.instances) instances.push_back(to_json(instance, memory));
  json::object object({{"version", state_file_version}, {"supervisor", to_json(state.supervisor)}},
                      memory);
  object["instances"] = std::move(instances);
  replace_file(path, json::serialize(object) + "\n", Sync::no);
}

std::optional<RecordedState> read_state_file(const std::string& path) {
  std::ifstream file(path);
  if (!file) return {};
  std::stringstream text;
  text << file.rdbuf();
  const auto parsed = json::parse(text.str(), path);
  if (!parsed.is_object() || json::integer_of(parsed.get_object(), "version") != state_file_version)
    throw Error(ErrorText{.what = "not a state file of version 1",
                          .where = path,
                          .hint = "If no daemon of an earlier run is left, remove it"});
  const auto& object = parsed.get_object();
  RecordedState state;
  if (const auto* supervisor = json::object_of(object, "supervisor"))
    state.supervisor = identity_from(*supervisor);
  if (const auto* instances = json::array_of(object, "instances"))
    for (const auto& instance : *instances)
      if (instance.is_object()) state.instances.push_back(instance_from(instance.get_object()));
  return state;
}

}  // namespace daemonz::supervisor
