#include "judge/compile.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>

#include "base/error.h"
#include "judge/java.h"
#include "judge/package.h"

namespace daemonz::judge {

using daemonz::to_string;  // sizes and durations, beside that of Verdict

namespace {

// The box's name of what a compiler makes; a source of this name would be replaced by it.
const std::string program_name = "daemonz-program";
const std::string archive_name = "daemonz-built.tar";
// What a virtual machine needs beside its heap; with less than heap_least_mib it does not start.
constexpr std::uint64_t virtual_machine_least = 64ULL << 20;
constexpr std::uint64_t heap_least_mib = 16;
constexpr std::uint64_t stack_most_mib = 64;  // a million calls
constexpr auto rlimits = sandbox::LimitMode::rlimit;
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

/// The entry that was named; without a name main.* (Python's __main__.py too), else the only
/// source. nullptr: none of these.
const Entry* entry_of(const std::vector<Entry>& sources, const std::string& named) {
  const auto found = std::ranges::find_if(sources, [&](const Entry& file) {
    return named.empty() ? file.name == "main" + extension_of(file) || file.name == "__main__.py"
                         : file.name == named;
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
Compiled outcome_of(const sandbox::Result& result, std::string text, const CompileLimits& limits) {
  using sandbox::Verdict;
  switch (result.verdict) {
    case Verdict::OK: return refused(CompileState::compiled, std::move(text));
    case Verdict::CANCELLED: return refused(CompileState::cancelled, "cancelled");
    case Verdict::XX:
      return refused(CompileState::broken,
                     "the box failed at " + result.stage + ": " + error_text(result.errno_value));
    case Verdict::TLE_CPU:
      return refused(CompileState::failed,
                     "the compiler did not end within " + to_string(limits.time) + "\n" + text);
    case Verdict::TLE_WALL:
      return refused(CompileState::failed, "the compiler did not end within " +
                                               to_string(wall_limit(limits.time)) +
                                               " of wall time\n" + text);
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

/// Java's, and what is built on it: it reserves more than it uses. The sources are not at fault.
bool is_refused_machine(const sandbox::Result& result, const std::string& text) {
  return result.verdict == sandbox::Verdict::RE && result.limits == to_string(rlimits) &&
         text.find("initialization of VM") != std::string::npos;
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
  const auto errors = memory_file("compiler errors"), output = memory_file("compiler output");
  request.argv = std::move(argv);
  request.stderr_fd = errors.get();
  request.stdout_fd = output.get();
  if (!product.empty()) request.collect = {product};
  auto result = slot.run(request);
  // Most compilers complain on stderr, some (Pascal) on stdout.
  auto text = read_file(errors.get(), compiler_output_max);
  text += read_file(output.get(), compiler_output_max);
  auto compiled = outcome_of(result, clipped(std::move(text), compiler_text_max.count), limits);
  if (is_refused_machine(result, compiled.text))
    return refused(CompileState::unknown_language,
                   "a virtual machine does not start here: without control groups a memory limit"
                   " is one of address space\n" +
                       compiled.text);
  if (compiled.state != CompileState::compiled || product.empty()) return compiled;
  if (result.collected.empty() || !result.collected[0].fd.is_open())
    return refused(CompileState::failed, "the compiler made no program\n" + compiled.text);
  compiled.executable.image = std::move(result.collected[0].fd);
  return compiled;
}

bool names(const std::vector<std::string>& command, std::string_view placeholder) {
  return std::ranges::any_of(command, [&](const std::string& word) {
    return word.find(placeholder) != std::string::npos;
  });
}

/// What a language's commands are filled in with.
struct Filling {
  std::vector<Entry> sources;
  std::string entry, main_class;
};

void replace_all(std::string& word, std::string_view placeholder, const std::string& text) {
  for (auto at = word.find(placeholder); at != std::string::npos;
       at = word.find(placeholder, at + text.size()))
    word.replace(at, placeholder.size(), text);
}

std::vector<std::string> filled(const std::vector<std::string>& command, const Filling& filling,
                                Bytes memory) {
  std::vector<std::string> argv;
  for (auto word : command) {
    if (word == "{sources}") {
      // "./": a file may be called "-o" or "@options".
      for (const auto& source : filling.sources) argv.push_back("./" + source.name);
      continue;
    }
    if (argv.empty() && word.find('{') == std::string::npos) word = installed_program(word);
    replace_all(word, "{entry}", "./" + filling.entry);
    replace_all(word, "{binary}", program_name);
    replace_all(word, "{class}", filling.main_class);
    replace_all(word, "{heap_mib}", std::to_string(heap_mib(memory)));
    replace_all(word, "{stack_mib}", std::to_string(stack_mib(memory)));
    argv.push_back(std::move(word));
  }
  return argv;
}

/// An only source whose public type has another name gets that name: javac insists on it, and
/// students' files are called as they like.
void rename_java_file(std::vector<Entry>& files) {
  if (files.size() != 1) return;
  const auto type = scan_java(read_file(files[0].path, source_size_max)).public_type;
  if (!type.empty() && type != stem_of(files[0])) files[0].name = type + ".java";
}

/// The class to start. False: none or several, and `text` says so.
bool find_main_class(const std::vector<Entry>& sources, const std::string& named,
                     std::string& main_class, std::string& text) {
  std::vector<std::string> found;
  for (const auto& file : sources) {
    const auto source = scan_java(read_file(file.path, source_size_max));
    for (const auto& type : source.startable) {
      found.push_back(source.qualified(type));
      const bool is_it = named.empty()
                             ? type == "Main" || stem_of(file) == "main"
                             : named == type || named == found.back() || named == file.name;
      if (is_it && main_class.empty()) main_class = found.back();
    }
  }
  if (main_class.empty() && named.empty() && found.size() == 1) main_class = found[0];
  if (!main_class.empty()) return true;
  if (!named.empty())
    text = "no class " + named + " with a main method, which is named as the program's entry";
  else if (found.empty())
    text = "no class has a main method: public static void main(String[])";
  else
    text = "which of the " + std::to_string(found.size()) +
           " classes with a main method is the program? Name one of them Main";
  return false;
}

/// The file to start. False: none or several, and `text` says so.
bool find_entry(const Language& language, const std::vector<Entry>& sources,
                const std::string& named, std::string& entry, std::string& text) {
  if (const auto* found = entry_of(sources, named)) {
    entry = found->name;
    return true;
  }
  text = named.empty()
             ? "which of the " + std::to_string(sources.size()) +
                   " sources is the program? Name one of them main" + language.extensions[0]
             : "there is no source called " + named + ", which is named as the program's entry";
  return false;
}

Compiled compile_in(const Language& language, std::vector<Entry> files, const CompileLimits& limits,
                    sandbox::Slot& slot, const std::string& named_entry) {
  const bool is_class_wanted = names(language.run, "{class}");
  if (is_class_wanted) rename_java_file(files);
  Filling filling{.sources = sources_of(files, language), .entry = {}, .main_class = {}};
  std::string text;
  if ((names(language.compile, "{entry}") || names(language.run, "{entry}")) &&
      !find_entry(language, filling.sources, named_entry, filling.entry, text))
    return refused(CompileState::failed, text);

  Compiled compiled;
  compiled.state = CompileState::compiled;
  const bool makes_binary = names(language.compile, "{binary}");
  if (!language.compile.empty())
    compiled = run_compiler(filled(language.compile, filling, limits.memory), files,
                            makes_binary ? program_name : "", limits, slot);
  if (compiled.state != CompileState::compiled) return compiled;
  if (is_class_wanted && !find_main_class(filling.sources, named_entry, filling.main_class, text))
    return refused(CompileState::failed, text + "\n" + compiled.text);

  auto& executable = compiled.executable;
  executable.argv = language.run.empty() ? std::vector{program_name}
                                         : filled(language.run, filling, limits.run_memory);
  if (!makes_binary) {
    executable.files = std::move(files);
  } else if (!language.run.empty() && language.run != std::vector<std::string>{"{binary}"}) {
    executable.product_name = program_name;
    executable.product = std::move(executable.image);
  }
  return compiled;
}

}  // namespace

std::uint64_t heap_mib(Bytes memory) {
  const auto own = std::max(virtual_machine_least, memory.count / 8);
  return std::max<std::uint64_t>(heap_least_mib,
                                 (memory.count - std::min(own, memory.count)) >> 20);
}

std::uint64_t stack_mib(Bytes memory) {
  return std::clamp<std::uint64_t>(memory.count >> 24, 1, stack_most_mib);
}

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
  if (const auto missing = missing_program(*language); !missing.empty())
    return refused(CompileState::unknown_language,
                   language->name + ": " + missing + " is not installed");
  return compile_in(*language, files, limits, slot, hints.entry);
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
  compiled.executable.product_name = archive_name;
  compiled.executable.product = std::move(compiled.executable.image);
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
  if (executable.product.is_open()) {
    sandbox::BoxFile product;
    product.name = executable.product_name;
    product.fd = duplicate(executable.product.get());
    program.files.push_back(std::move(product));
  }
}

}  // namespace daemonz::judge
