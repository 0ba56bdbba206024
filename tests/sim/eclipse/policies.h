// The policies that are compared: ours, ours without one of its countermeasures, and the Go node's.
//
// Threads: plain values.
#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "tests/sim/eclipse/victim.h"
#include "tests/sim/sim_world.h"

namespace peerage::sim::eclipse {

struct Policy {
  std::string name;
  std::string what;  // for the reader
  // What a victim takes for a peer's address: the socket, or the peer's claim. The second needs no
  // other victim: the attacker's sockets then bear the addresses that they claim.
  enum class Source : std::uint8_t { socket, claim } source = Source::socket;
  // How many entries the attacker can have in its book: how many IDs an address is worth.
  std::size_t ids_per_address = 2;
  std::size_t entries = 0;  // not 0: as many IDs as this many entries take
  using Make = std::function<std::unique_ptr<Victim>(SimHost& host,
                                                     const std::vector<conn::HostAddress>& seeds,
                                                     const std::filesystem::path& file)>;
  Make make;

  std::size_t ids_for(std::size_t addresses) const;
};

// All of them, ours first.
const std::vector<Policy>& policies();
// Throws std::invalid_argument for a name that none has.
const Policy& policy(const std::string& name);
// "ours,go", "all", or "ablations": ours, and ours without each countermeasure.
std::vector<std::string> parse_policies(const std::string& text);

}  // namespace peerage::sim::eclipse
