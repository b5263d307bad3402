#include "journal/tail.h"

#include <algorithm>
#include <cstring>

#include "base/check.h"

namespace daemonz::journal {

Tail::Tail(std::size_t capacity)
    : capacity_(capacity), ring_(std::make_unique_for_overwrite<char[]>(capacity)) {}

void Tail::push(std::string_view bytes) {
  DAEMONZ_CHECK(bytes.size() <= capacity_, "a piece larger than the ring goes past it");
  const auto start = static_cast<std::size_t>(end_ % capacity_);
  const auto first = std::min(bytes.size(), capacity_ - start);
  if (first > 0) std::memcpy(ring_.get() + start, bytes.data(), first);
  if (first < bytes.size()) std::memcpy(ring_.get(), bytes.data() + first, bytes.size() - first);
  end_ += bytes.size();
}

void Tail::push_zeros(std::size_t count) {
  static constexpr std::array<char, 64> zeros{};
  for (; count > 0; count -= std::min(count, zeros.size()))
    push({zeros.data(), std::min(count, zeros.size())});
}

std::array<iovec, 2> Tail::pieces(std::uint64_t from, std::size_t size) const {
  const auto start = static_cast<std::size_t>(from % capacity_);
  const auto first = std::min(size, capacity_ - start);
  return {iovec{ring_.get() + start, first}, iovec{ring_.get(), size - first}};
}

std::optional<std::string_view> Tail::view(std::uint64_t from, std::size_t size,
                                           std::string& scratch) const {
  const auto oldest = std::max(begin_, end_ > capacity_ ? end_ - capacity_ : 0);
  if (from < oldest || from + size > end_) return std::nullopt;
  const auto [first, second] = pieces(from, size);
  if (second.iov_len == 0) return std::string_view(static_cast<char*>(first.iov_base), size);
  scratch.assign(static_cast<char*>(first.iov_base), first.iov_len);
  scratch.append(static_cast<char*>(second.iov_base), second.iov_len);
  return scratch;
}

}  // namespace daemonz::journal
