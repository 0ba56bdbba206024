// Whether a node that runs for a month keeps its outbound set full: among nodes that come and go,
// with a link of its own that fails, and seeds that die. Others drain slowly until they are
// restarted.
//
// The world is that of the eclipse experiment (tests/sim/eclipse/honest_world.h), without an
// attacker: a real node, and puppets that prove an ID and speak peer exchange.
//
// Threads: a pure function; several may run at the same time, in processes of their own.
#pragma once

#include <cstdint>
#include <filesystem>
#include <vector>

#include "tests/sim/eclipse/plans.h"

namespace peerage::sim::drain {

using namespace std::chrono_literals;

struct DrainPlan {
  eclipse::WorldPlan world;
  double days = 30;
  // The node's own link: everything stops arriving, and dials are not answered.
  conn::Duration blackout = 10min;
  double blackouts_a_day = 1;
  // When the seeds vanish for good, one after another; those that are not named stay.
  std::vector<conn::Duration> seeds_die = {2 * 24h, 9 * 24h, 16 * 24h};
};

inline constexpr double kPromisedFull = 0.999;          // of the time that the link works
inline constexpr conn::Duration kPromisedRefill = 30s;  // after a blackout, at most

struct Drained {
  double full = 0;  // share of the time, without blackouts and kPromisedRefill after each
  std::size_t blackouts = 0;
  std::size_t unfilled = 0;  // blackouts after which the set was not full before the next
  conn::Duration refill_p50{};
  conn::Duration refill_max{};
  std::size_t lowest = 0;  // outbound peers at the worst, while the link worked
  double dials_an_hour = 0;
  std::uint64_t trace = 0;

  bool holds() const {
    return full >= kPromisedFull && unfilled == 0 && refill_max <= kPromisedRefill;
  }
};

// `directory` is for the node's book.
Drained run_drain(const DrainPlan& plan, std::uint64_t seed,
                  const std::filesystem::path& directory);

}  // namespace peerage::sim::drain
