// Which nodes have proven that they are where they say: by (ID, IP), from a Pong that carried the
// hash of a ping that we had sent there, and that came from there.
//
// The proof is what permits us to send a node more than it has sent, so it must not be had for
// another's address: the port may change, the IP may not.
//
// Bounded: DiscoveryLimits::proofs. What displaces what: a public network (/24, /48) has room for
// `proofs_of_network` and loses its own least recently used one first; when all is full, the least
// recently used of all goes. Proofs of the nodes that we talk to are used again and again; to push
// them out, a stranger needs proofs/proofs_of_network networks in that time.
// Source: ethereum/devp2p discv4.md, endpoint proof. Threads: none of its own.
#pragma once

#include <compare>
#include <cstdint>
#include <list>
#include <map>
#include <optional>

#include "conn/address/ip_address.h"
#include "conn/base/time.h"
#include "pex/discovery/limits.h"
#include "pex/discovery/record/enode_id.h"

namespace peerage::pex {

class EndpointProofs {
 public:
  explicit EndpointProofs(const DiscoveryLimits& limits) : limits_(limits) {}

  void add(const EnodeId& id, const conn::IpAddress& ip, conn::TimePoint now);
  // Whether there is one that lasts; that is a use of it.
  bool proven(const EnodeId& id, const conn::IpAddress& ip, conn::TimePoint now);
  // When it was given; none: there is none that lasts.
  std::optional<conn::TimePoint> since(const EnodeId& id, const conn::IpAddress& ip,
                                       conn::TimePoint now) const;
  // Whether any node has proven to be at this IP.
  bool proven(const conn::IpAddress& ip, conn::TimePoint now) const;

  void remove(const EnodeId& id);
  // Everything of which `which(id, ip)` is true: for bans.
  template <typename Which>
  void remove_if(Which which) {
    for (auto at = by_use_.begin(); at != by_use_.end();) {
      const auto here = at++;
      if (which(here->key.id, here->key.ip)) erase(here);
    }
  }
  // Those that have ended go.
  void sweep(conn::TimePoint now);
  std::size_t size() const noexcept { return by_use_.size(); }

 private:
  // Proofs of one network stand together.
  struct Key {
    conn::IpAddress network;
    conn::IpAddress ip;
    EnodeId id;
    auto operator<=>(const Key&) const = default;
  };
  struct Proof {
    Key key;
    conn::TimePoint given;
    std::uint64_t used;  // the number of its last use
  };
  using Entry = std::list<Proof>::iterator;

  static Key key_of(const EnodeId& id, const conn::IpAddress& ip);
  bool lasts(const Proof& proof, conn::TimePoint now) const {
    return now - proof.given <= limits_.proof_lasts;
  }
  void use(Entry entry);
  void make_room(const Key& newcomer);
  void erase(Entry entry);

  DiscoveryLimits limits_;
  std::list<Proof> by_use_;  // the longest unused first
  std::map<Key, Entry> by_key_;
  std::uint64_t uses_ = 0;
};

}  // namespace peerage::pex
