// A value that one thread writes and any thread may read: for status, never for control.
//
// A read sees some recent value; several of them are not one consistent picture.
#pragma once

#include <atomic>

namespace peerage::conn {

template <typename T>
class Relaxed {
 public:
  Relaxed() = default;
  explicit Relaxed(T value) noexcept : value_(value) {}
  // As a member of a class that is moved before it is shared.
  Relaxed(const Relaxed& other) noexcept : value_(other) {}
  Relaxed& operator=(const Relaxed& other) noexcept { return *this = static_cast<T>(other); }

  Relaxed& operator=(T value) noexcept {
    value_.store(value, std::memory_order_relaxed);
    return *this;
  }
  // The writer's alone: two threads that add at once lose one of the sums.
  void add(T by) noexcept { *this = static_cast<T>(*this) + by; }
  operator T() const noexcept { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<T> value_{};
};

}  // namespace peerage::conn
