// The parameters of a trial: the honest world, and what the attacker has and does. Every number of
// the experiment that is a guess stands here, so that another guess is another run.
//
// Threads: plain values.
#pragma once

#include <cstddef>
#include <cstdint>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "conn/runtime/runtime.h"

namespace peerage::sim::eclipse {

using namespace std::chrono_literals;

// The honest nodes, of one network.
struct WorldPlan {
  std::size_t nodes = 2000;
  double hosted = 0.6;  // of them in the hosting groups (/16)
  std::size_t hosting_groups = 40;
  std::size_t other_groups = 2000;  // that the rest is spread over
  double reachable = 0.6;           // of the nodes, from outside
  std::size_t seeds = 3;            // besides the nodes, and always online

  // Online for `session` on average, exponentially distributed. Then a restart, or a longer
  // absence, or it leaves for good and a new node comes in its place.
  conn::Duration session = 12h;
  double restarts = 0.5;  // of the ends of sessions
  conn::Duration restart = 5min;
  conn::Duration absence = 8h;
  double moves = 0.02;  // of the absences

  double full = 0.2;             // of the dials to one find no slot
  double visits_per_hour = 2.0;  // honest nodes that dial the victim
};

// The strategies; strategies.h says what each does.
enum class Tactic : std::uint8_t {
  self_report,      // s1
  long_answers,     // s2
  trash,            // s3
  grinding,         // s4
  slot_occupation,  // s5
  wrong_ids,        // s6
  seed_poisoning,   // s7
};
using Tactics = std::set<Tactic>;

// "s1,s2", or names; "all". Throws std::invalid_argument for another.
Tactics parse_tactics(const std::string& text);
std::string_view name(Tactic tactic);
// All that help one another.
Tactics all_tactics();

struct AttackPlan {
  std::size_t addresses = 512;
  std::size_t groups = 64;  // /16 that they are spread over
  Tactics tactics = all_tactics();
  // Connections a minute to the victim, made for what they claim: while that gains something, and
  // afterwards.
  double rate = 20;
  double refresh_rate = 1;
  // For this long, nodes that the victim has dialled leave once they are tried, so that others may
  // become so (with grinding); then they stay.
  conn::Duration harvest{0};
  double seed_share = 0.5;  // of what a poisoned seed serves is the attacker's
  // How many inbound slots it occupies, at most, and with how much of its addresses.
  std::size_t occupants = 32;
  double occupying = 0.25;

  std::string text() const;  // "512/64"
};
// The inverse of text(): addresses/groups. Throws std::invalid_argument.
AttackPlan parse_attack(const std::string& text);

// The four attackers that the goals name.
std::vector<AttackPlan> reference_attackers();

}  // namespace peerage::sim::eclipse
