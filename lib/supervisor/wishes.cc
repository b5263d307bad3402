#include "supervisor/wishes.h"

#include <fstream>
#include <sstream>

#include "base/error.h"
#include "base/json.h"
#include "base/log.h"
#include "supervisor/state_file.h"

namespace daemonz::supervisor {

void Wishes::apply_to(config::Config& config) const {
  for (auto& daemon : config.daemons)
    if (const auto wish = scaled.find(daemon.name);
        wish != scaled.end() && wish->second.configured == daemon.instances)
      daemon.instances = wish->second.instances;
}

void Wishes::set_stopped(const std::string& daemon, int index, bool is_stopped) {
  const auto name = daemon + ":" + std::to_string(index);
  if (is_stopped)
    stopped.insert(name);
  else
    stopped.erase(name);
}

void KeptWishes::set(Wishes wishes) {
  if (wishes == now_) return;
  now_ = std::move(wishes);
  try {
    write_wishes(path_, now_);
  } catch (const Error& problem) {
    log::error("supervisor", "what was asked for will not outlive this supervisor",
               {{"why", problem.what()}});
  }
}

Wishes read_wishes(const std::string& path) {
  Wishes wishes;
  std::ifstream file(path);
  if (!file) return wishes;
  std::stringstream text;
  text << file.rdbuf();
  const auto parsed = json::parse(text.str(), path);
  if (!parsed.is_object() || json::integer_of(parsed.get_object(), "version") != wishes_version)
    throw Error(ErrorText{.what = "not a file of wishes, version 1",
                          .where = path,
                          .hint = "Remove it: then everything is wanted, as the file says"});
  const auto& object = parsed.get_object();
  if (const auto* stopped = json::array_of(object, "stopped"))
    for (const auto& name : *stopped)
      if (name.is_string()) wishes.stopped.emplace(name.get_string());
  if (const auto* scaled = json::object_of(object, "scaled"))
    for (const auto& [name, value] : *scaled) {
      if (!value.is_object()) continue;
      const auto& wish = value.get_object();
      wishes.scaled[name] = {
          .instances = static_cast<int>(json::integer_of(wish, "instances").value_or(0)),
          .configured = static_cast<int>(json::integer_of(wish, "configured").value_or(0))};
    }
  return wishes;
}

void write_wishes(const std::string& path, const Wishes& wishes) {
  json::array stopped;
  for (const auto& name : wishes.stopped) stopped.emplace_back(name);
  json::object scaled;
  for (const auto& [name, wish] : wishes.scaled)
    scaled[name] = json::object{{"instances", wish.instances}, {"configured", wish.configured}};
  replace_file(path,
               json::serialize(json::object{{"version", wishes_version},
                                            {"stopped", std::move(stopped)},
                                            {"scaled", std::move(scaled)}}) +
                   "\n",
               Sync::yes);
}

}  // namespace daemonz::supervisor
