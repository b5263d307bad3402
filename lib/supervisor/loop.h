// The event loop: descriptors, timers, and work for the next turn. Asio on epoll, kept out of every
// other file of the room. Sleeps in the kernel until something happens: no tick.
#pragma once

#include <functional>
#include <memory>

#include "base/clock.h"

namespace daemonz::supervisor {

/// Threads: one - all callbacks run in run().
class Loop {
 public:
  using Callback = std::function<void()>;

  /// One interest; its end is the end of the interest, also from within its own callback. Must end
  /// before its descriptor is closed. Move-only.
  class Watch {
   public:
    struct Source;
    Watch() = default;
    explicit Watch(std::shared_ptr<Source> source) : source_(std::move(source)) {}
    Watch(Watch&&) noexcept = default;
    Watch& operator=(Watch&& other) noexcept;
    ~Watch() { cancel(); }
    void cancel() noexcept;

   private:
    std::shared_ptr<Source> source_;  // shared with the callback that may be running while it ends
  };

  Loop();
  ~Loop();
  Loop(const Loop&) = delete;
  Loop& operator=(const Loop&) = delete;

  /// Calls `ready` whenever `fd` is readable (or at its end). The descriptor stays the caller's.
  [[nodiscard]] Watch when_readable(int fd, Callback ready);
  [[nodiscard]] Watch when_writable(int fd, Callback ready);
  /// Calls `due` once.
  [[nodiscard]] Watch at(SteadyTime time, Callback due);
  /// In the next turn.
  void post(Callback work);

  void run();   ///< until stop()
  void stop();  ///< run() returns after the callback at hand

 private:
  struct Parts;
  std::unique_ptr<Parts> parts_;
};

}  // namespace daemonz::supervisor
