#include "conn/base/random.h"

#include <algorithm>
#include <cstring>

#include <sodium.h>

namespace peerage::conn {

void Random::refill() {
  static_assert(sizeof(Seed) == randombytes_SEEDBYTES);
  randombytes_buf_deterministic(block_.data(), sizeof block_, seed_.data());
  std::memcpy(seed_.data(), block_.data(), seed_.size());
  at_ = seed_.size() / sizeof block_[0];
}

std::uint64_t Random::next() {
  if (at_ == block_.size()) refill();
  return block_[at_++];
}

std::size_t Random::below(std::size_t bound) {
  // The high half of a product: off by at most bound / 2^64.
  __extension__ using Wide = unsigned __int128;
  return static_cast<std::size_t>(static_cast<Wide>(next()) * bound >> 64);
}

double Random::share() {
  return static_cast<double>(next() >> 11) * 0x1p-53;
}

}  // namespace peerage::conn
