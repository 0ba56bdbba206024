// A fuzzer's bytes, taken piece by piece.
#pragma once

#include <algorithm>
#include <cstdint>
#include <cstdlib>

#include "conn/base/bytes.h"

namespace peerage::fuzz {

// Ends the run: a property does not hold.
inline void require(bool holds) {
  if (!holds) std::abort();
}

class Input {
 public:
  Input(const std::uint8_t* data, std::size_t size) : rest_(data, size) {}

  bool empty() const { return rest_.empty(); }
  std::uint8_t byte() {
    if (rest_.empty()) return 0;
    const std::uint8_t value = rest_.front();
    rest_ = rest_.subspan(1);
    return value;
  }
  // At most `size` bytes.
  conn::ByteView take(std::size_t size) {
    const conn::ByteView taken = rest_.first(std::min(size, rest_.size()));
    rest_ = rest_.subspan(taken.size());
    return taken;
  }
  conn::ByteView all() { return take(rest_.size()); }

 private:
  conn::ByteView rest_;
};

}  // namespace peerage::fuzz
