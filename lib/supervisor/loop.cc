#include "supervisor/loop.h"

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>

#include <variant>

namespace daemonz::supervisor {

namespace asio = boost::asio;
using Descriptor = asio::posix::stream_descriptor;

struct Loop::Parts {
  asio::io_context context{1};
  asio::executor_work_guard<asio::io_context::executor_type> work = asio::make_work_guard(context);
};

struct Loop::Watch::Source : std::enable_shared_from_this<Source> {
  explicit Source(Callback work) : callback(std::move(work)) {}

  void wait_for(Descriptor::wait_type type) {
    std::get<Descriptor>(what).async_wait(
        type, [self = shared_from_this(), type](boost::system::error_code code) {
          if (code || self->is_cancelled) return;
          self->callback();
          if (!self->is_cancelled) self->wait_for(type);
        });
  }

  void cancel() noexcept {
    is_cancelled = true;
    auto* const descriptor = std::get_if<Descriptor>(&what);
    if (descriptor && descriptor->is_open()) descriptor->release();  // stays open: it is a loan
    if (auto* const timer = std::get_if<asio::steady_timer>(&what)) timer->cancel();
  }

  Callback callback;
  bool is_cancelled = false;
  std::variant<std::monostate, Descriptor, asio::steady_timer> what;
};

void Loop::Watch::cancel() noexcept {
  if (source_) source_->cancel();
  source_.reset();
}

Loop::Watch& Loop::Watch::operator=(Watch&& other) noexcept {
  if (this != &other) {
    cancel();
    source_ = std::move(other.source_);
  }
  return *this;
}

Loop::Loop() : parts_(std::make_unique<Parts>()) {}
Loop::~Loop() = default;

Loop::Watch Loop::when_readable(int fd, Callback ready) {
  auto source = std::make_shared<Watch::Source>(std::move(ready));
  source->what.emplace<Descriptor>(parts_->context, fd);
  source->wait_for(Descriptor::wait_read);
  return Watch(std::move(source));
}

Loop::Watch Loop::when_writable(int fd, Callback ready) {
  auto source = std::make_shared<Watch::Source>(std::move(ready));
  source->what.emplace<Descriptor>(parts_->context, fd);
  source->wait_for(Descriptor::wait_write);
  return Watch(std::move(source));
}

Loop::Watch Loop::at(SteadyTime time, Callback due) {
  auto source = std::make_shared<Watch::Source>(std::move(due));
  auto& timer = source->what.emplace<asio::steady_timer>(parts_->context, time);
  timer.async_wait([source](boost::system::error_code code) {
    if (!code && !source->is_cancelled) source->callback();
  });
  return Watch(std::move(source));
}

void Loop::post(Callback work) { asio::post(parts_->context, std::move(work)); }
void Loop::run() { parts_->context.run(); }
void Loop::stop() { parts_->context.stop(); }

}  // namespace daemonz::supervisor
