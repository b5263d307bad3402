#include "processor/program_task.h"

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include "base/log.h"
#include "base/utf8.h"
#include "process/signals.h"

namespace daemonz::processor {
namespace {

using namespace offline_tasks;

constexpr std::size_t read_size = 64 << 10;
constexpr std::size_t words_max = error_size_max - 200;  // leaves room for what stands before

struct Pipe {
  UniqueFd read_end, write_end;
  Pipe() {
    int ends[2];
    if (::pipe2(ends, O_CLOEXEC) != 0) throw_errno("cannot make a pipe for a program");
    read_end.reset(ends[0]);
    write_end.reset(ends[1]);
  }
};

/// Reads what is there. False: end of file.
bool read_some(const UniqueFd& fd, std::string& into) {
  char buffer[read_size];
  const auto size = ::read(fd.get(), buffer, sizeof buffer);
  if (size < 0) return errno == EAGAIN || errno == EINTR;
  into.append(buffer, static_cast<std::size_t>(size));
  return size > 0;
}

void keep_end(std::string& text, std::size_t size_max) {
  if (text.size() > size_max) text.erase(0, text.size() - size_max);
}

/// stdout: only its last line counts, however much came before.
struct LastLine {
  std::string text;

  bool read_from(const UniqueFd& fd) {
    const bool goes_on = read_some(fd, text);
    const auto end = text.find_last_not_of("\r\n");
    if (end != std::string::npos)
      if (const auto line = text.find_last_of('\n', end); line != std::string::npos)
        text.erase(0, line + 1);
    keep_end(text, result_line_max + 2);
    return goes_on;
  }
  [[nodiscard]] std::string line() const {
    const auto end = text.find_last_not_of("\r\n");
    return end == std::string::npos ? std::string() : text.substr(0, end + 1);
  }
};

struct ProgressLines {
  std::string text;

  bool read_from(const UniqueFd& fd, const Context::Parts& parts) {
    const bool goes_on = read_some(fd, text);
    for (std::size_t end; (end = text.find('\n')) != std::string::npos; text.erase(0, end + 1))
      take(text.substr(0, end), parts);
    if (text.size() > progress_line_max) text.clear();
    return goes_on;
  }
  static void take(std::string_view line, const Context::Parts& parts) {
    if (auto progress = parse_progress(line))
      parts.report_progress(*progress);
    else
      log::debug("processor", "a line of progress that is none", {{"job", parts.job.id}});
  }
};

struct Feed {
  UniqueFd fd;
  std::string text;
  std::size_t sent = 0;

  bool write_some() {
    const auto size = ::write(fd.get(), text.data() + sent, text.size() - sent);
    if (size < 0 && (errno == EAGAIN || errno == EINTR)) return true;
    if (size > 0) sent += static_cast<std::size_t>(size);
    if (size > 0 && sent < text.size()) return true;
    fd.reset();  // all of it, or EPIPE: it does not want the rest
    return false;
  }
};

/// "exit code 3: the last words"
std::string with_words(std::string what, std::string_view words) {
  const auto end = words.find_last_not_of(" \r\n");
  if (end == std::string_view::npos) return what;
  return what + ": " + to_utf8(words.substr(0, end + 1), words_max);
}

Outcome outcome_of(const ChildWatch::End& end, const std::string& line, const std::string& errors) {
  if (!end.killed_because.empty()) return Fail{with_words(end.killed_because, errors)};
  if (end.how.signal)
    return Fail{with_words("ended by " + process::signal_name(*end.how.signal), errors)};
  if (!end.how.exit_code) return Fail{with_words("it is not known how it ended", errors)};
  const auto code = *end.how.exit_code;
  const auto why = with_words("exit code " + std::to_string(code), errors);
  if (code == exit_again) return Again{program_again_wait, why};
  if (code == exit_kill) return Kill{why};
  if (code != 0) return Fail{why};
  if (line.size() > result_line_max)
    return Fail{"its result has more than " + std::to_string(result_line_max) + " bytes"};
  if (line.empty()) return Done{};
  if (auto result = json::try_parse(line)) return Done{std::move(*result)};
  return Done{json::value(line)};
}

}  // namespace

std::optional<Progress> parse_progress(std::string_view line) {
  if (const auto read = json::try_parse(line); read && read->is_object()) {
    try {
      const auto& fields = read->get_object();
      const auto done = json::integer_of(fields, "done");
      if (!done) return std::nullopt;
      return Progress{*done, json::integer_of(fields, "total").value_or(0),
                      json::string_of(fields, "note").value_or("")};
    } catch (const Error&) {  // a field of another type
      return std::nullopt;
    }
  }
  const auto word = [&] {
    const auto found = line.substr(0, line.find(' '));
    line.remove_prefix(std::min(line.size(), found.size() + 1));
    return parse_number(found);
  };
  const auto done = word();
  if (!done) return std::nullopt;
  Progress progress{.done = static_cast<std::int64_t>(*done)};
  auto rest = line;
  if (const auto total = word()) {
    progress.total = static_cast<std::int64_t>(*total);
    rest = line;
  }
  progress.note = to_utf8(rest, progress_note_size_max);
  return progress;
}

Outcome perform_by_program(process::WarmProcess& warm, const std::vector<std::string>& command,
                           const ChildWork& work) {
  Pipe in, out, err, progress;
  std::optional<process::WarmChild> child;
  try {
    child.emplace(
        warm.start_child({.argv = command,
                          .descriptors = {in.read_end.get(), out.write_end.get(),
                                          err.write_end.get(), progress.write_end.get()}}));
  } catch (const Error& problem) {
    if (!warm.is_alive()) throw;  // not the program's fault: the job is handed back
    return Fail{problem.what()};
  }
  in.read_end.reset();
  for (auto* pipe : {&out, &err, &progress}) pipe->write_end.reset();
  for (const int fd :
       {in.write_end.get(), out.read_end.get(), err.read_end.get(), progress.read_end.get()})
    ::fcntl(fd, F_SETFL, O_NONBLOCK);
  Feed feed{std::move(in.write_end), work.parts.job.encode() + "\n"};
  LastLine last;
  std::string errors;
  ProgressLines lines;
  ChildWatch watch(std::move(*child), work,
                   {.is_told_of_stop = false,
                    .ask_to_stop = [](const process::WarmChild& it) { (void)it.signal(SIGTERM); }});
  watch.listen({feed.fd.get(), POLLOUT, [&] { return feed.write_some(); }});
  watch.listen({out.read_end.get(), POLLIN, [&] { return last.read_from(out.read_end); }});
  watch.listen({err.read_end.get(), POLLIN, [&] {
                  const bool goes_on = read_some(err.read_end, errors);
                  keep_end(errors, words_max);
                  return goes_on;
                }});
  watch.listen({progress.read_end.get(), POLLIN,
                [&] { return lines.read_from(progress.read_end, work.parts); }});
  const auto end = watch.wait();
  return outcome_of(end, last.line(), errors);
}

}  // namespace daemonz::processor
