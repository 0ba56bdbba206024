// The outcome of a trial, as plain values that travel from one process to another as text.
//
// Threads: plain values.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace peerage::sim::eclipse {

// The state at a moment: the attacker's shares, 0 to 1.
struct Standing {
  double in_new = 0;    // of the new table
  double in_tried = 0;  // of the old one
  double outbound = 0;  // of the outbound peers
  double inbound = 0;
  double told = 0;  // of what the victim has sent to honest nodes
  std::size_t outbound_peers = 0;
  std::size_t known = 0;  // addresses in the book
};

struct Restart {
  bool eclipsed = false;  // within the hour
  double outbound = 0;    // share at its end
};

struct Checkpoint {
  double hours = 0;
  bool eclipsed = false;  // at any moment up to here
  Standing standing;
  std::optional<Restart> plain;
  std::optional<Restart> timed;  // its anchors are down
};

struct Outcome {
  std::vector<Checkpoint> checkpoints;
  std::optional<double> eclipsed_at;  // hours
  std::optional<double> full_at;      // seconds, from the start of the victim: all slots taken
  double dials_per_hour = 0;          // during the attack
  std::uint64_t visits = 0;           // the attacker's
  std::uint64_t trace = 0;            // of the world at the end
  double seconds = 0;                 // of processor time

  std::string to_text() const;
  // Throws std::invalid_argument for what to_text() did not make.
  static Outcome from_text(const std::string& text);
};

}  // namespace peerage::sim::eclipse
