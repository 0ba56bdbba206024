// Bans: what is neither let in nor dialled, by node ID, by IP address, by network; each with a
// reason and an end.
//
// A pure table in memory. It decides which bans are in force (conn/address/ban_rule.h has the
// rule), and reports what changes, for those that keep them over a restart: they listen to the
// switch's events, and restore the bans at the next start.
//
// Bans for misbehaviour are of IDs or hosts, and never of an exempt network. When 16 hosts of a
// neighbourhood (a /24; a /48 of IPv6) are banned for misbehaviour at once, these bans become one
// of the neighbourhood, which ends with the last of them; but not where it holds an exempt address,
// that of a named node, or an established peer that is not banned itself: then each host's stays as
// it is. One ban alone never spreads. An operator's ban is of what the operator
// says, exempt or not; for the same target it holds against any for misbehaviour.
//
// Looking up an ID is one hash lookup; looking up an address is one for each length of network in
// use, at most 33 for IPv4 and 129 for IPv6, which is below 10 microseconds.
//
// Threads: none of its own (the control shard).
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <list>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

#include "conn/address/ban_rule.h"
#include "conn/base/failure.h"
#include "conn/base/time.h"

namespace peerage::p2p {

using conn::BanOrigin;
using conn::BanTarget;
using conn::to_string;

struct Ban {
  BanTarget target;
  conn::TimePoint until;
  std::string reason;  // for the operator; printable
  BanOrigin origin = BanOrigin::operator_;
  std::string by{};  // the reactor that judged, for metrics; empty: not known
};

class BanList {
 public:
  explicit BanList(std::vector<conn::Cidr> exempt = {}) : exempt_(std::move(exempt)) {}

  // Whether one of them is in this network. Asked when a ban for misbehaviour is made; by default
  // none is.
  using HasAny = std::function<bool(const conn::Cidr&)>;
  // Addresses of named nodes.
  void set_has_named(HasAny has_named) { has_named_ = std::move(has_named); }
  // Established peers that are under no ban. Strangers may be such peers: they spare no host, only
  // a whole neighbourhood. Asked when the host's ban is in force, so that the peers that it
  // bans can be left out.
  void set_has_established(HasAny has_established) {
    has_established_ = std::move(has_established);
  }

  // What a node that has misbehaved is banned by: its host, or its ID where the host is exempt or a
  // named node's.
  BanTarget target_for(const conn::NodeId& id, const conn::IpAddress& ip) const;

  struct Changes {
    std::optional<Ban> added;        // none: nothing new is in force
    std::vector<BanTarget> dropped;  // bans that were in force, and that are not any more
  };
  // Adds a ban, or replaces the one of the same target. One that has ended changes nothing, nor
  // does one for misbehaviour where an operator's of the same target is. Refused, with nothing
  // changed: ban_list_full, for an operator's; invalid_argument, for misbehaviour in a network that
  // overlaps an exempt one.
  conn::Result<Changes> add(Ban ban, conn::TimePoint now);
  // False when there was none.
  bool remove(const BanTarget& target);

  // The ban in force, or null; valid until the list changes.
  const Ban* find(const conn::NodeId& id, conn::TimePoint now) const;
  const Ban* find(const conn::IpAddress& ip, conn::TimePoint now) const;

  // Those in force, the oldest first.
  std::vector<Ban> all(conn::TimePoint now) const;
  // Those that were in force at the last `add`.
  std::size_t size() const noexcept { return bans_.size(); }

 private:
  struct Kept {
    Ban ban;
    std::uint64_t number;  // in the order of adding
  };
  using Entry = std::list<Kept>::iterator;
  struct MakesRoomFirst {
    bool operator()(const Entry& a, const Entry& b) const;
  };
  struct HashIp {
    std::size_t operator()(const conn::IpAddress& ip) const noexcept;
  };
  struct ByNumber {
    bool operator()(const Entry& a, const Entry& b) const { return a->number < b->number; }
  };
  using Networks = std::unordered_map<conn::IpAddress, Entry, HashIp>;
  using Order = std::set<Entry, MakesRoomFirst>;
  // Of a network; none: all IDs, of which anybody can mint any number.
  using Group = std::optional<std::uint64_t>;
  // The larger of two groups; of equal ones that whose ban ends first. None is empty.
  struct LosesFirst {
    bool operator()(const Order* a, const Order* b) const;
  };
  static Group group_of(const BanTarget& target);

  Order& order(BanOrigin origin) { return orders_[static_cast<std::size_t>(origin)]; }
  std::optional<Entry> entry_of(const BanTarget& target);
  void insert(Ban ban);
  void erase(Entry entry);
  void erase_ended(conn::TimePoint now);
  // Of the strangers' bans; there are some.
  Entry makes_room_for(const BanTarget& newcomer) const;
  // Every change of the strangers' groups goes through here, so that their order holds.
  template <typename Change>
  void alter_group(const BanTarget& target, Change&& change);
  bool is_exempt(const conn::Cidr& network) const;
  bool is_spared(const conn::Cidr& neighbourhood) const;
  // Makes one ban of those of its neighbourhood, if they are enough.
  void join_neighbourhood(const conn::Cidr& host, Changes& changes);

  const std::vector<conn::Cidr> exempt_;
  HasAny has_named_;
  HasAny has_established_;
  std::uint64_t next_number_ = 0;
  std::list<Kept> bans_;  // in the order of adding
  std::array<Order, conn::kBanOriginCount> orders_;
  // The strangers' once more, by group, and the groups by who loses a ban first.
  std::map<Group, Order> groups_;
  std::set<const Order*, LosesFirst> ranking_;
  std::unordered_map<conn::NodeId, Entry> by_id_;
  std::map<unsigned, Networks> v4_;  // by length
  std::map<unsigned, Networks> v6_;
  // The hosts that are banned for misbehaviour, by neighbourhood.
  std::map<conn::IpAddress, std::set<Entry, ByNumber>> hosts_;
};

}  // namespace peerage::p2p
