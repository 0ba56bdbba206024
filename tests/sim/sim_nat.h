// A NAT in front of simulated hosts: which endpoint outside stands for which inside, and what may
// come in. A rule, which moves nothing itself.
//
// Mapping is endpoint-independent: an inside endpoint has one outside port, whoever it talks to. A
// mapping, and the leave of a peer to answer, last for `idle` since something went out; what comes
// in prolongs neither. A mapping made anew gets another port. Source: RFC 4787, REQ-1, 5, 6, 8.
#pragma once

#include <cstdint>
#include <map>
#include <unordered_map>

#include <tl/expected.hpp>

#include "tests/sim/sim_world.h"

namespace peerage::sim {

class SimNat {
 public:
  explicit SimNat(const NatPlan& plan) : plan_(plan) {}

  // Whether it changes addresses of this one's family.
  bool concerns(const IpAddress& address) const { return address.is_v4() == plan_.outside.is_v4(); }
  const IpAddress& outside() const { return plan_.outside; }

  void add_host(const IpAddress& inside, SimHost& host) { hosts_[inside] = &host; }
  void remove_host(const IpAddress& inside) { hosts_.erase(inside); }
  // Null when it has none with this address.
  SimHost* host_of(const IpAddress& inside) const;

  // As whom `inside` appears outside when it sends to `peer`.
  Endpoint outwards(const Endpoint& inside, const Endpoint& peer, TimePoint now);
  // For whom something is that `peer` sends to our `port`.
  enum class Refusal : std::uint8_t { unmapped, filtered };
  tl::expected<Endpoint, Refusal> inwards(const Endpoint& peer, std::uint16_t port,
                                          TimePoint now) const;

 private:
  struct Mapping {
    std::uint16_t port = 0;
    TimePoint used;                          // outwards
    std::map<Endpoint, TimePoint> contacts;  // sent to, when last; none when nothing is filtered
    std::size_t sweep_at = 64;               // contacts
  };
  bool lives(TimePoint used, TimePoint now) const { return now - used < plan_.idle; }
  bool may_enter(const Mapping& mapping, const Endpoint& peer, TimePoint now) const;
  void remember(Mapping& mapping, const Endpoint& peer, TimePoint now) const;
  std::uint16_t take_port(const Endpoint& inside, TimePoint now);

  static constexpr std::uint16_t kFirstPort = 20'000;
  const NatPlan plan_;
  std::map<IpAddress, SimHost*> hosts_;
  std::map<Endpoint, Mapping> mappings_;  // by inside endpoint
  std::unordered_map<std::uint16_t, Endpoint> by_port_;
  std::uint16_t next_port_ = kFirstPort;
};

}  // namespace peerage::sim
