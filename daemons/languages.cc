#include "languages.h"

#include "base/error.h"
#include "judge/language.h"

namespace daemonz::program {

void add_languages(const config::Config& config) {
  std::vector<judge::Language> rows;
  for (const auto& [name, row] : config.sandbox.languages)
    rows.push_back({.name = name,
                    .code = row.code,
                    .extensions = row.extensions,
                    .compile = row.compile,
                    .run = row.run,
                    .is_disabled = row.is_disabled});
  try {
    judge::extend_languages(rows);
  } catch (const Error& fault) {
    throw Error(ErrorText{.what = fault.what(),
                          .where = config.shown(config.path) + ": sandbox.languages"});
  }
}

}  // namespace daemonz::program
