#include "judge/compile.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>

#include "base/error.h"
#include "judge/package.h"

namespace daemonz::judge {

using daemonz::to_string;  // sizes and durations, beside that of Verdict

namespace {

// The box's name of what a compiler makes; a source of this name would be replaced by it.
const std::string program_name = "daemonz-program";
const std::string archive_name = "daemonz-built.tar";
constexpr Bytes shebang_max{256};  // the kernel's own limit for a #! line

std::string extension_of(const Entry& file) {
  return std::filesystem::path(file.name).extension().string();
}

std::string stem_of(const Entry& file) { return std::filesystem::path(file.name).stem().string(); }

bool is_python2(const Entry& file) {
  const auto start = read_file(file.path, shebang_max);
  const auto line = std::string_view(start).substr(0, start.find('\n'));
  return line.starts_with("#!") && line.find("python2") != std::string_view::npos;
}

std::vector<Entry> sources_of(const std::vector<Entry>& files, const Language& language) {
  std::vector<Entry> sources;
  for (const auto& file : files) {
    const auto* found = language_of_extension(extension_of(file));
    // A folder of C++ may hold C sources: they are compiled with it.
    if (found == &language || (found && found->name == "c" && language.name == "c++"))
      sources.push_back(file);
  }
  return sources;
}

/// The entry that was named; without a name main.*, else the only source. nullptr: none of these.
const Entry* entry_of(const std::vector<Entry>& sources, const std::string& named) {
  const auto found = std::ranges::find_if(sources, [&](const Entry& file) {
    return file.name == (named.empty() ? "main" + extension_of(file) : named);
  });
  if (!named.empty()) return found != sources.end() ? &*found : nullptr;
  if (found != sources.end()) return &*found;
  return sources.size() == 1 ? &sources[0] : nullptr;
}

UniqueFd duplicate(int fd) {
  UniqueFd copy(::fcntl(fd, F_DUPFD_CLOEXEC, 3));
  if (!copy.is_open()) throw_errno("cannot duplicate a descriptor");
  return copy;
}

void add_files(sandbox::Program& program, const std::vector<Entry>& files) {
  for (const auto& file : files) {
    sandbox::BoxFile box_file;
    box_file.name = file.name;
    box_file.fd = open_file(file.path);
    box_file.is_executable = ::access(file.path.c_str(), X_OK) == 0;
    program.files.push_back(std::move(box_file));
  }
}

Compiled refused(CompileState state, std::string why) {
  Compiled compiled;
  compiled.state = state;
  compiled.text = std::move(why);
  return compiled;
}

/// What the compiler's run means, and its text.
Compiled outcome_of(sandbox::Result& result, int text_fd, const CompileLimits& limits) {
  using sandbox::Verdict;
  auto text = read_file(text_fd, compiler_text_max);
  switch (result.verdict) {
    case Verdict::OK: return refused(CompileState::compiled, std::move(text));
    case Verdict::CANCELLED: return refused(CompileState::cancelled, "cancelled");
    case Verdict::XX:
      return refused(CompileState::broken,
                     "the box failed at " + result.stage + ": " + error_text(result.errno_value));
    case Verdict::TLE_CPU:
    case Verdict::TLE_WALL:
      return refused(CompileState::failed,
                     "the compiler did not end within " + to_string(limits.time) + "\n" + text);
    case Verdict::MLE:
      return refused(CompileState::failed,
                     "the compiler needed more than " + to_string(limits.memory) + "\n" + text);
    case Verdict::OLE: return refused(CompileState::failed, "the compiler wrote too much\n" + text);
    case Verdict::SG:
      return refused(
          CompileState::failed,
          "the compiler died by signal " + std::to_string(result.signal.value_or(0)) + "\n" + text);
    case Verdict::RE:
      if (result.stage == "exec")
        return refused(CompileState::broken, "the compiler cannot be executed in the box");
      return refused(CompileState::failed, std::move(text));
  }
  return refused(CompileState::broken, "unknown result");
}

sandbox::Program compiler_run(const std::vector<Entry>& files, const CompileLimits& limits) {
  sandbox::Program program;
  program.profile = sandbox::Profile::compile;
  program.limits = sandbox::Limits::for_profile(sandbox::Profile::compile);
  program.limits.cpu = limits.time;
  program.limits.wall = wall_limit(limits.time);
  program.limits.memory = limits.memory;
  program.limits.stdout_max = compiler_output_max;
  program.limits.stderr_max = compiler_output_max;
  add_files(program, files);
  return program;
}

/// Runs compiler, syntax check or build script; collects `product` unless that is empty.
Compiled run_compiler(std::vector<std::string> argv, const std::vector<Entry>& files,
                      const std::string& product, const CompileLimits& limits,
                      sandbox::Slot& slot) {
  auto request = compiler_run(files, limits);
  const auto text = memory_file("compiler text");
  request.argv = std::move(argv);
  request.stderr_fd = text.get();
  if (!product.empty()) request.collect = {product};
  auto result = slot.run(request);
  auto compiled = outcome_of(result, text.get(), limits);
  if (compiled.state != CompileState::compiled || product.empty()) return compiled;
  if (result.collected.empty() || !result.collected[0].fd.is_open())
    return refused(CompileState::failed, "the compiler made no program\n" + compiled.text);
  compiled.executable.image = std::move(result.collected[0].fd);
  return compiled;
}

Compiled compile_program(const Language& language, const std::vector<Entry>& files,
                         const CompileLimits& limits, sandbox::Slot& slot) {
  std::vector<std::string> argv{installed_program(language.compiler)};
  argv.insert(argv.end(), language.before_sources.begin(), language.before_sources.end());
  argv.insert(argv.end(), {"-o", program_name});
  // "./": a file may be called "-o" or "@options".
  for (const auto& source : sources_of(files, language)) argv.push_back("./" + source.name);
  argv.insert(argv.end(), language.after_sources.begin(), language.after_sources.end());
  auto compiled = run_compiler(std::move(argv), files, program_name, limits, slot);
  compiled.executable.argv = {program_name};
  return compiled;
}

Compiled compile_script(const Language& language, const std::vector<Entry>& files,
                        const CompileLimits& limits, sandbox::Slot& slot,
                        const std::string& named_entry) {
  const auto sources = sources_of(files, language);
  const auto* entry = entry_of(sources, named_entry);
  if (!entry && !named_entry.empty())
    return refused(CompileState::failed, "there is no source called " + named_entry +
                                             ", which is named as the program's entry");
  if (!entry)
    return refused(CompileState::failed, "which of the " + std::to_string(sources.size()) +
                                             " sources is the program? "
                                             "Name one of them main" +
                                             std::string(language.extensions[0]));
  const auto interpreter = installed_program(language.interpreter);
  Compiled compiled;
  compiled.state = CompileState::compiled;
  if (!language.before_sources.empty()) {  // a syntax check
    std::vector<std::string> argv{interpreter};
    argv.insert(argv.end(), language.before_sources.begin(), language.before_sources.end());
    for (const auto& source : sources) argv.push_back("./" + source.name);
    compiled = run_compiler(std::move(argv), files, "", limits, slot);
  }
  compiled.executable.argv = {interpreter, "./" + entry->name};
  compiled.executable.files = files;
  return compiled;
}

}  // namespace

const Language* language_of(const std::vector<Entry>& files, std::string& why,
                            const ProgramHints& hints) {
  if (!hints.language.empty()) {
    const auto* named = language_of_code(hints.language);
    if (!named) why = "unknown language: " + hints.language;
    return named;
  }
  const auto entry = std::ranges::find(files, hints.entry, &Entry::name);
  if (!hints.entry.empty() && entry != files.end())
    if (const auto* language = language_of_extension(extension_of(*entry))) return language;
  const Language* of_main = nullptr;
  std::vector<const Language*> found;
  std::string first_unknown;
  for (const auto& file : files) {
    const auto extension = extension_of(file);
    const auto* language = language_of_extension(extension);
    if (!language) {
      if (first_unknown.empty() && !is_header(extension)) first_unknown = extension;
      continue;
    }
    if (language->name == "python3" && is_python2(file)) {
      why = file.name + " asks for Python 2, which is not installed";
      return nullptr;
    }
    if (stem_of(file) == "main" && !of_main) of_main = language;
    if (std::ranges::find(found, language) == found.end()) found.push_back(language);
  }
  if (found.empty()) {
    why = "unknown language" + (first_unknown.empty() ? "" : ": " + first_unknown) +
          " (known are " + known_extensions() + ")";
    return nullptr;
  }
  if (found.size() == 1) return found[0];
  // C beside C++ is C++.
  if (found.size() == 2 && std::ranges::all_of(found, [](const Language* language) {
        return language->name == "c" || language->name == "c++";
      }))
    return found[0]->name == "c++" ? found[0] : found[1];
  if (of_main) return of_main;
  why = "unknown language: sources of several, and none of them is called main";
  return nullptr;
}

Compiled compile(const std::vector<Entry>& files, const CompileLimits& limits, sandbox::Slot& slot,
                 const ProgramHints& hints) {
  std::string why;
  const auto* language = language_of(files, why, hints);
  if (!language) return refused(CompileState::unknown_language, why);
  const auto needed = language->compiler.empty() ? language->interpreter : language->compiler;
  if (installed_program(needed).empty())
    return refused(CompileState::unknown_language,
                   std::string(language->name) + ": " + std::string(needed) + " is not installed");
  return language->compiler.empty() ? compile_script(*language, files, limits, slot, hints.entry)
                                    : compile_program(*language, files, limits, slot);
}

Compiled compile_validator(const std::vector<Entry>& files, const CompileLimits& limits,
                           sandbox::Slot& slot) {
  const auto has = [&](std::string_view name) {
    return std::ranges::find(files, name, &Entry::name) != files.end();
  };
  if (!has("build") && !has("run")) return compile(files, limits, slot);
  if (!has("build")) {
    Compiled compiled;
    compiled.state = CompileState::compiled;
    compiled.executable.argv = {"./run"};
    compiled.executable.files = files;
    return compiled;
  }
  // Nobody knows what a build script makes: the whole folder goes along, as one file.
  const std::string script = "./build >&2 && test -x ./run && tar --create --file=" + archive_name +
                             " --exclude=./" + archive_name + " .";
  auto compiled = run_compiler({"bash", "-c", script}, files, archive_name, limits, slot);
  compiled.executable.archive = std::move(compiled.executable.image);
  compiled.executable.argv = {
      "bash", "-c", "tar --extract --file=" + archive_name + " && exec ./run \"$@\"", "run"};
  return compiled;
}

void prepare(sandbox::Program& program, const Executable& executable,
             const std::vector<std::string>& arguments) {
  program.argv = executable.argv;
  program.argv.insert(program.argv.end(), arguments.begin(), arguments.end());
  if (executable.image.is_open()) program.image = duplicate(executable.image.get());
  add_files(program, executable.files);
  if (executable.archive.is_open()) {
    sandbox::BoxFile archive;
    archive.name = archive_name;
    archive.fd = duplicate(executable.archive.get());
    program.files.push_back(std::move(archive));
  }
}

}  // namespace daemonz::judge
