#include "simulation/world.h"

namespace daemonz::simulation {
namespace {

constexpr unsigned patience = 150;  // polls, about, until a client gives up

}  // namespace

void Caller::ask(const std::string& request, Milliseconds lease) {
  if (link_ && (link_->is_broken || link_->is_closed)) hang_up();
  if (!link_) link_ = world_.machine.connect();
  is_asking_ = true;
  if (!link_) return;
  link_->lease = lease;
  link_->to_server += request;
}

std::optional<Answer> Caller::poll() {
  if (!link_) {
    is_asking_ = false;
    return Answer{.is_unsent = true};
  }
  if (auto answer = parse()) {
    is_asking_ = false;
    return answer;
  }
  const bool gives_up = !world_.is_ending && chance(world_.random, patience);
  if (!link_->is_broken && !gives_up) return std::nullopt;
  hang_up();
  return Answer{};
}

void Caller::hang_up() {
  if (link_) link_->is_closed = true;
  link_.reset();
  is_asking_ = false;
}

std::optional<Answer> Caller::parse() {
  auto& bytes = link_->to_client;
  const auto line_end = bytes.find("\r\n");
  if (line_end == std::string::npos) return std::nullopt;
  const auto line = bytes.substr(0, line_end);
  if (!line.starts_with("VALUE ")) {
    bytes.erase(0, line_end + 2);
    return Answer{.kind = Answer::Kind::line, .text = line};
  }
  char queue[256];
  unsigned flags = 0;
  unsigned long size = 0, id = 0;
  if (std::sscanf(line.c_str(), "VALUE %255s %u %lu %lu", queue, &flags, &size, &id) != 4)
    throw Violation("a faulty line: " + line);
  constexpr std::string_view end = "\r\nEND\r\n";
  if (bytes.size() < line_end + 2 + size + end.size()) return std::nullopt;
  Answer answer{.kind = Answer::Kind::value,
                .text = bytes.substr(line_end + 2, size),
                .queue = queue,
                .id = id};
  if (bytes.compare(line_end + 2 + size, end.size(), end) != 0)
    throw Violation("no END behind a value: " + line);
  bytes.erase(0, line_end + 2 + size + end.size());
  return answer;
}

std::string set_command(const std::string& key, const std::string& body, std::int64_t exptime) {
  return "set " + key + " 0 " + std::to_string(exptime) + " " + std::to_string(body.size()) +
         "\r\n" + body + "\r\n";
}

Heard heard(const Answer& answer, std::optional<Settle> how) {
  if (answer.kind != Answer::Kind::line) return Heard::unknown;
  if (answer.text == "DELETED" || answer.text == "STORED" || answer.text == "TOUCHED")
    return Heard::done;
  if (answer.text == "NOT_FOUND") return Heard::gone;
  if (answer.text == "SERVER_ERROR storage failed") return Heard::unknown;
  const bool must_go_on = how == Settle::ack || how == Settle::ack_with_pop;
  const bool is_full = answer.text == "SERVER_ERROR out of memory storing object" ||
                       answer.text == "SERVER_ERROR the disk is full";
  if (is_full && !must_go_on) return Heard::unknown;
  throw Violation("delivery.md 21: a settlement was answered " + answer.text);
}

}  // namespace daemonz::simulation
