// An optional value that is hardly ever there, and large: on the heap, so that an owner without one
// pays for a pointer alone. Otherwise as std::optional, copied and ended with its owner.
#pragma once

#include <memory>

namespace daemonz {

/// Threads: as the value itself.
template <class Value>
class Rare {
 public:
  Rare() = default;
  Rare(const Rare& other) : value_(other.value_ ? std::make_unique<Value>(*other) : nullptr) {}
  Rare(Rare&&) noexcept = default;
  Rare& operator=(const Rare& other) { return *this = Rare(other); }
  Rare& operator=(Rare&&) noexcept = default;
  ~Rare() = default;

  Value& emplace() { return *(value_ = std::make_unique<Value>()); }
  explicit operator bool() const noexcept { return value_ != nullptr; }
  Value& operator*() noexcept { return *value_; }
  const Value& operator*() const noexcept { return *value_; }
  Value* operator->() noexcept { return value_.get(); }
  const Value* operator->() const noexcept { return value_.get(); }

 private:
  std::unique_ptr<Value> value_;
};

}  // namespace daemonz
