// What is tried: the honest network, and what the attacker has and does. Each number that is a
// guess stands here.
//
// Threads: plain values.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "conn/base/time.h"

namespace peerage::sim::discovery {

struct WorldPlan {
  std::size_t nodes = 100;  // honest ones, besides the victim and the boot node
  double loss = 0.02;
  conn::Duration delay = std::chrono::milliseconds(50);  // one way
};

// An attacker has addresses in so many /24s, and any number of IDs behind them. Its IDs answer
// everything, at once and for ever, and tell of one another alone.
struct AttackPlan {
  std::size_t addresses = 2;
  std::size_t networks = 2;  // /24, each in another /16
  std::size_t ids = 10'000;
  // Pings that each address sends to the victim in a second, each from the next ID; as many as an
  // address may send that is not known.
  double pings = 8;
  // The same to each honest node, in an hour.
  double introductions = 20;

  std::string text() const;  // "2/2"
};
// The inverse of text(). Throws std::invalid_argument.
AttackPlan parse_attack(const std::string& text);

// What the victim is when the attack begins.
enum class Age : std::uint8_t {
  fresh,      // it starts then, and knows the boot node
  restarted,  // it has run for a day, and starts anew while the attacker's pings come in
  day_old,    // it has run for a day
};
std::string_view name(Age age) noexcept;

// A rule that is left out, to see what it is worth.
enum class Without : std::uint8_t {
  nothing,
  network_shares,  // of a bucket, and of the table
  inbound_share,   // of a bucket; and strangers are taken in from the first moment
  stored_nodes,    // at the start
};
std::string_view name(Without without) noexcept;
const std::vector<Without>& ablations();

struct EclipsePlan {
  WorldPlan world;
  AttackPlan attack;
  Age age = Age::fresh;
  Without without = Without::nothing;
  double hours = 24;
  // How long a victim that is no fresh one has run before.
  conn::Duration warm_up = std::chrono::hours(24);
  std::uint64_t seed = 1;
};

}  // namespace peerage::sim::discovery
