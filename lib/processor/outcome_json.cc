#include "processor/outcome_json.h"

#include "base/utf8.h"
#include "job_table/table.h"
#include "offline_tasks/envelope.h"

namespace daemonz::processor {

using namespace offline_tasks;

json::object to_json(const Outcome& outcome) {
  const auto text = [](const std::string& why) { return to_utf8(why, error_size_max); };
  if (const auto* again = std::get_if<Again>(&outcome))
    return {{"again", again->in.count()}, {"why", text(again->why)}};
  if (const auto* fail = std::get_if<Fail>(&outcome))
    return {{"fail", text(fail->why)}, {"trace", text(fail->trace)}};
  if (const auto* kill = std::get_if<Kill>(&outcome)) return {{"kill", text(kill->why)}};
  const auto result = json::serialize(std::get<Done>(outcome).result);
  if (!is_utf8(result))
    return {{"fail", "cannot store the result: it is not UTF-8, which JSON needs"}};
  if (result.size() > job_table::result_size_max)
    return {
        {"fail", "cannot store the result: it has " + std::to_string(result.size()) + " bytes"}};
  return {{"done", result}};
}

Outcome from_json(const json::object& line) {
  if (const auto in = json::integer_of(line, "again"))
    return Again{Milliseconds(*in), json::string_of(line, "why").value_or("")};
  if (const auto why = json::string_of(line, "fail"))
    return Fail{*why, json::string_of(line, "trace").value_or("")};
  if (const auto why = json::string_of(line, "kill")) return Kill{*why};
  if (const auto result = json::string_of(line, "done")) return Done{json::parse(*result)};
  throw Error("a forked job said nothing of its outcome");
}

}  // namespace daemonz::processor
