// The last appended bytes of the log, in a ring of fixed size: the write buffer and the read cache
// in one. Not a general cache: what is older is read from the disk.
#pragma once

#include <sys/uio.h>

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace daemonz::journal {

/// Positions count every byte ever pushed. Threads: one.
class Tail {
 public:
  explicit Tail(std::size_t capacity);

  void push(std::string_view bytes);
  void push_zeros(std::size_t count);
  /// So many bytes go past the ring (a record too large for it): nothing older is kept.
  void skip(std::size_t count) { begin_ = end_ += count; }

  [[nodiscard]] std::uint64_t end() const { return end_; }  ///< position behind the newest byte
  [[nodiscard]] std::size_t capacity() const { return capacity_; }
  /// The bytes from..from+size in memory, in at most two pieces (iov_len 0: none).
  [[nodiscard]] std::array<iovec, 2> pieces(std::uint64_t from, std::size_t size) const;
  /// The same as one view, put together in `scratch` where the ring's end divides them. nullopt:
  /// they are not (all) here any more.
  [[nodiscard]] std::optional<std::string_view> view(std::uint64_t from, std::size_t size,
                                                     std::string& scratch) const;

 private:
  std::size_t capacity_;
  std::unique_ptr<char[]> ring_;  ///< untouched pages cost no memory
  std::uint64_t begin_ = 0;       ///< the oldest byte that is valid, unless overwritten since
  std::uint64_t end_ = 0;
};

}  // namespace daemonz::journal
