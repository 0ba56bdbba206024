// What discovery neither hears nor asks: IDs, and networks of IP addresses; for ever or until a
// time.
//
// Bans of networks are those of the switch (p2p/admission/ban_list.h), handed over one by one; bans
// of IDs are discovery's own, and are kept with its rows (node_rows.h). Private and loopback
// addresses are never banned by their address, whatever network a ban is of: many nodes share them,
// and no stranger has them. Traffic alone bans nobody, for its source may be forged.
//
// Bounded: kMostIds of each origin; networks as many as the switch's list may hold. What displaces
// what: an operator's ban never makes room, and one more is refused when theirs are full; of our
// own the first to end makes room.
//
// A datagram's address costs one lookup for each length of network in use.
// Threads: none of its own.
#pragma once

#include <array>
#include <map>
#include <optional>
#include <unordered_map>
#include <utility>
#include <vector>

#include "conn/address/ban_rule.h"
#include "conn/base/time.h"
#include "pex/discovery/record/enode_id.h"

namespace peerage::pex {

class DiscoveryBans {
 public:
  static constexpr std::size_t kMostIds = 4096;
  static constexpr std::size_t kMostNetworks = conn::kBanOriginCount * conn::kMaxBans;

  // None: for ever.
  using Until = std::optional<conn::TimePoint>;
  enum class Added : std::uint8_t {
    yes,
    full,
    private_network,  // all of it is
    ended,            // already
  };
  // A ban of what is banned replaces it; but one of our own does not replace an operator's.
  Added ban(const EnodeId& id, Until until, conn::BanOrigin origin, conn::TimePoint now);
  Added ban(const conn::Cidr& network, Until until, conn::TimePoint now);
  // False when there was none.
  bool unban(const EnodeId& id);
  bool unban(const conn::Cidr& network);

  bool banned(const EnodeId& id, conn::TimePoint now) const;
  bool banned(const conn::IpAddress& ip, conn::TimePoint now) const;

  // Those that have ended go.
  void sweep(conn::TimePoint now);

  std::vector<std::pair<EnodeId, Until>> ids() const;
  std::size_t networks() const noexcept;

 private:
  struct IdBan {
    Until until;
    conn::BanOrigin origin;
  };
  using ByBase = std::map<conn::IpAddress, Until>;
  using ByLength = std::map<unsigned, ByBase>;

  ByLength& family(const conn::IpAddress& ip) { return ip.is_v4() ? v4_ : v6_; }
  bool make_room(conn::BanOrigin origin);

  std::unordered_map<EnodeId, IdBan> ids_;
  std::array<std::size_t, conn::kBanOriginCount> counts_{};  // of IDs
  ByLength v4_, v6_;
};

}  // namespace peerage::pex
