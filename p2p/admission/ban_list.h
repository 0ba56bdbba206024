// Bans: what is neither let in nor dialled, by node ID, by IP address, by network; each with a
// reason and an end.
//
// A pure table in memory. Code that keeps bans over a restart listens to the switch's events and
// adds the rows again at the start. Bounded: when kMaxBans are in force, the oldest is dropped.
//
// Looking up an ID is one hash lookup; looking up an address is one for each length of network in
// use, at most 33 for IPv4 and 129 for IPv6, which is below 10 microseconds.
//
// Threads: none of its own (the control shard).
#pragma once

#include <list>
#include <map>
#include <set>
#include <string>
#include <unordered_map>
#include <utility>
#include <variant>
#include <vector>

#include "conn/address/cidr.h"
#include "conn/address/node_id.h"
#include "conn/runtime/runtime.h"

namespace peerage::p2p {

using BanTarget = std::variant<conn::NodeId, conn::Cidr>;
std::string to_string(const BanTarget& target);

struct Ban {
  BanTarget target;
  conn::TimePoint until;
  std::string reason;  // for the operator; printable
};

class BanList {
 public:
  static constexpr std::size_t kMaxBans = 10'000;

  // Adds a ban, or replaces the one of the same target. One that has ended changes nothing.
  void add(Ban ban, conn::TimePoint now);
  // False when there was none.
  bool remove(BanTarget target);

  // The ban in force, or null; valid until the list changes.
  const Ban* find(const conn::NodeId& id, conn::TimePoint now) const;
  const Ban* find(const conn::IpAddress& ip, conn::TimePoint now) const;

  // Those in force, the oldest first.
  std::vector<Ban> all(conn::TimePoint now) const;
  // Those that were in force at the last `add`.
  std::size_t size() const noexcept { return bans_.size(); }

 private:
  struct HashIp {
    std::size_t operator()(const conn::IpAddress& ip) const noexcept;
  };
  using Entry = std::list<Ban>::iterator;
  using Networks = std::unordered_map<conn::IpAddress, Entry, HashIp>;

  std::list<Ban> bans_;  // in the order of adding
  std::set<std::pair<conn::TimePoint, BanTarget>> by_end_;
  std::unordered_map<conn::NodeId, Entry> by_id_;
  std::map<unsigned, Networks> v4_;  // by length
  std::map<unsigned, Networks> v6_;
};

}  // namespace peerage::p2p
