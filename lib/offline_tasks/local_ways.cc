#include "offline_tasks/local_ways.h"

#include "base/error.h"
#include "base/log.h"

namespace daemonz::offline_tasks {
namespace {

/// The text of an outcome that is no success; inline, it comes out of the push.
[[noreturn]] void not_done(const Envelope& job, const std::string& what, const std::string& why) {
  throw Error(ErrorText{.what = what + (why.empty() ? "" : ": " + why),
                        .where = "job " + job.id + " (" + job.task + ")"});
}

}  // namespace

broker::PushResult InlineWay::take(const Parcel& parcel, Milliseconds) {
  for (const auto& job : parcel.jobs) {
    const auto outcome = performer_.perform(job);
    if (const auto* fail = std::get_if<Fail>(&outcome)) not_done(job, "failed", fail->why);
    if (const auto* kill = std::get_if<Kill>(&outcome)) not_done(job, "killed", kill->why);
    if (const auto* again = std::get_if<Again>(&outcome))
      not_done(job,
               "wants to run again in " + daemonz::to_string(again->in) + ", which inline cannot",
               again->why);
  }
  return {broker::PushState::confirmed, {}};
}

broker::PushResult DiscardWay::take(const Parcel& parcel, Milliseconds) {
  for (const auto& job : parcel.jobs)
    log::warn("offline_tasks", "job discarded, as the fallback chain says",
              {{"job", job.id}, {"task", job.task}});
  return {broker::PushState::confirmed, {}};
}

}  // namespace daemonz::offline_tasks
