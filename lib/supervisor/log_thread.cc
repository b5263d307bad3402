#include "supervisor/log_thread.h"

#include <pthread.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <csignal>

#include "base/error.h"

namespace daemonz::supervisor {
namespace {

constexpr Milliseconds taken_time_max(50);  // the loop waits no longer, whatever a disk does
constexpr int events_max = 64;              // of one look; the rest come with the next

}  // namespace

LogThread::LogThread()
    : epoll_(::epoll_create1(EPOLL_CLOEXEC)), wake_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
  epoll_event event{.events = EPOLLIN, .data = {.ptr = nullptr}};
  if (::epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, wake_.get(), &event) != 0)
    throw_errno("cannot watch the logs");
  sigset_t all, before;  // signals are the loop's
  ::sigfillset(&all);
  ::pthread_sigmask(SIG_SETMASK, &all, &before);
  thread_ = std::thread([this] { run(); });
  ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
}

LogThread::~LogThread() {
  {
    const std::scoped_lock lock(guard_);
    is_ending_ = true;
  }
  wake();
  thread_.join();
}

void LogThread::wake() {
  const std::uint64_t one = 1;
  [[maybe_unused]] const auto written = ::write(wake_.get(), &one, sizeof one);
}

void LogThread::add(std::shared_ptr<LogSink> sink) {
  auto* const key = sink.get();
  {
    const std::scoped_lock lock(guard_);
    sinks_[key] = {.sink = std::move(sink)};
  }
  epoll_event event{.events = EPOLLIN, .data = {.ptr = key}};
  if (::epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, key->read_end(), &event) != 0)
    throw_errno("cannot watch the log", key->path());
}

void LogThread::remove(const std::shared_ptr<LogSink>& sink) {
  sink->remove_name();
  release(sink);
}

void LogThread::release(const std::shared_ptr<LogSink>& sink) {
  ::epoll_ctl(epoll_.get(), EPOLL_CTL_DEL, sink->read_end(), nullptr);
  bool is_first = false;
  {
    const std::scoped_lock lock(guard_);
    const auto found = sinks_.find(sink.get());
    if (found == sinks_.end()) return;
    found->second.is_leaving = true;
    is_first = leaving_.empty();
    leaving_.push_back(sink.get());
  }
  if (is_first) wake();
}

void LogThread::wait_until_taken(const LogSink& sink) {
  std::unique_lock lock(guard_);
  has_taken_.wait_for(lock, taken_time_max, [&] {
    const auto found = sinks_.find(&sink);
    if (found == sinks_.end()) return current_ != &sink;
    return !found->second.is_leaving && current_ != &sink && sink.bytes_waiting() == 0;
  });
}

void LogThread::take(LogSink* key) {
  std::shared_ptr<LogSink> sink;
  bool is_leaving = false;
  {
    const std::scoped_lock lock(guard_);
    const auto found = sinks_.find(key);
    if (found == sinks_.end()) return;
    sink = found->second.sink;
    is_leaving = found->second.is_leaving;
    if (is_leaving) sinks_.erase(found);
    current_ = key;
  }
  sink->take();
  sink.reset();
  {
    const std::scoped_lock lock(guard_);
    current_ = nullptr;
  }
  has_taken_.notify_all();
}

void LogThread::run() {
  for (;;) {
    epoll_event events[events_max];
    const int count = ::epoll_wait(epoll_.get(), events, events_max, -1);
    bool is_woken = false;
    for (int i = 0; i < count; ++i) {
      if (events[i].data.ptr)
        take(static_cast<LogSink*>(events[i].data.ptr));
      else
        is_woken = true;
    }
    if (!is_woken) continue;
    std::uint64_t wakes = 0;
    [[maybe_unused]] const auto got = ::read(wake_.get(), &wakes, sizeof wakes);
    std::vector<LogSink*> asked_for;
    bool is_ending = false;
    {
      const std::scoped_lock lock(guard_);
      is_ending = is_ending_;
      asked_for.swap(leaving_);
      if (is_ending)
        for (const auto& [key, entry] : sinks_) asked_for.push_back(entry.sink.get());
    }
    for (auto* const key : asked_for) take(key);
    if (is_ending) return;
  }
}

}  // namespace daemonz::supervisor
