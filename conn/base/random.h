// A stream of random numbers from a 32-byte seed: fit for choices that an adversary would like to
// foresee, and cheap enough to draw hundreds for one answer.
//
// ChaCha20 in blocks; each block begins with the seed of the next, which replaces it at once, so
// what was drawn before cannot be found out later. The same seed gives the same stream.
//
// Threads: none of its own.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>

#include "conn/base/bytes.h"

namespace peerage::conn {

// A number below its argument, at random; 0 when that is 0 or 1.
using RandomBelow = std::function<std::size_t(std::size_t below)>;

class Random {
 public:
  using Seed = ByteArray<32>;
  explicit Random(const Seed& seed) : seed_(seed) {}

  std::uint64_t next();
  // 0 to bound - 1, without a bias that could be seen; 0 when the bound is 0.
  std::size_t below(std::size_t bound);
  // 0 to below 1.
  double share();

 private:
  void refill();

  Seed seed_;
  std::array<std::uint64_t, 128> block_{};
  std::size_t at_ = block_.size();
};

}  // namespace peerage::conn
