// The random numbers of an experiment: one generator, from one seed, apart from the world's own, so
// that what a strategy draws does not depend on what a victim does.
//
// Threads: plain values.
#pragma once

#include <chrono>
#include <cmath>
#include <cstddef>
#include <cstdint>

#include "conn/runtime/runtime.h"

namespace peerage::sim::eclipse {

class TrialRandom {
 public:
  explicit TrialRandom(std::uint64_t seed) : state_(seed) {}

  std::uint64_t next() {  // SplitMix64
    std::uint64_t z = (state_ += 0x9e3779b97f4a7c15);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
    z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
    return z ^ (z >> 31);
  }
  // Below `limit`, which is not 0.
  std::size_t below(std::size_t limit) { return static_cast<std::size_t>(next() % limit); }
  double share() { return static_cast<double>(next() >> 11) * 0x1p-53; }
  bool with_chance(double chance) { return share() < chance; }
  // Until the next of events that come `count` times in `span` on the average.
  conn::Duration until_next(double count, conn::Duration span) {
    const double mean = static_cast<double>(span.count()) / count;
    return about(conn::Duration(static_cast<conn::Duration::rep>(mean)));
  }
  // Exponentially distributed, with this mean.
  conn::Duration about(conn::Duration mean) {
    const double factor = -std::log1p(-share());
    return conn::Duration(
        static_cast<conn::Duration::rep>(static_cast<double>(mean.count()) * factor));
  }

 private:
  std::uint64_t state_;
};

}  // namespace peerage::sim::eclipse
