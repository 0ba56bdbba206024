// Which of the nodes that discovery has found are told to the address books, and when.
//
// A record names a comet node (record/cmt.h), and only the discovery key signs it, so it can name
// anybody. A dial proves it: one that proves another ID blames the record, and never the node that
// it names.
//
// A *candidate* is a live record that names a network of ours, at an address with the IP that has
// answered us. It is handed over once for each of its sequence numbers, and once a day anew; after
// a dial that failed in an hour, doubling to a day. A record that names several of our networks is
// a candidate for each.
//
// Invariants:
//  - Whoever has one address fills only what one address may: what is handed over is at the very IP
//    that was proven, and that IP is the source.
//  - Of the records that name one node, kRecordsOfNode at a time are handed over: those that are
//    live longest, which have not failed. kRecordsKept are known.
//  - A public host (an IPv4 address, an IPv6 /64) has one place in each network. Another record of
//    that host gets it a day later, if the one that has it is no longer of use.
//  - The pool, and what is remembered against records and hosts, is bounded by
//    DiscoveryLimits::candidates each.
// What displaces what, when the pool is full: a newcomer takes the place of the least useful (State
// in its order), of those the one that was live longest ago; never that of one that waits to be
// handed over, or is connected.
//
// Source: Henningsen et al. 2019, "false friends", for the shares of hosts and nodes.
// Threads: none of its own.
#pragma once

#include <array>
#include <chrono>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

#include "conn/address/ban_rule.h"
#include "conn/address/net_address.h"
#include "conn/base/recent_map.h"
#include "conn/base/token_bucket.h"
#include "pex/discovery/limits.h"
#include "pex/discovery/update.h"

namespace peerage::pex {

// What a dial of a candidate has shown.
enum class DialOutcome : std::uint8_t {
  connected,      // a peer: right ID, our network
  other_network,  // right ID
  other_id,
  failed,  // refused, timed out, no comet port
  closed,  // it proved itself, and closed: full, most likely
  gone,    // it was connected, and is not any more
};

class Candidates {
 public:
  static constexpr conn::Duration kLiveWithin = std::chrono::hours(24);
  static constexpr conn::Duration kAnew = std::chrono::hours(24);
  static constexpr conn::Duration kFirstRetry = std::chrono::hours(1);
  static constexpr conn::Duration kLastRetry = std::chrono::hours(24);
  // Between two times that one is handed over, whatever its record does meanwhile.
  static constexpr conn::Duration kPause = std::chrono::minutes(10);
  // One that may not be handed over now is looked at again.
  static constexpr conn::Duration kLookAgain = std::chrono::minutes(1);
  // A record that named another's address is no candidate for so long; the second time its ID is to
  // be banned for as long.
  static constexpr conn::Duration kUnwanted = std::chrono::hours(24);
  static constexpr unsigned kWrongIdsToBan = 2;
  static constexpr std::size_t kRecordsOfNode = 2;
  static constexpr std::size_t kRecordsKept = 16;

  struct Settings {
    conn::NodeId own;                   // no candidate
    std::vector<std::string> networks;  // ours
    DiscoveryLimits limits;
  };
  Candidates(Settings settings, conn::TimePoint now);

  // The least useful first.
  enum class State : std::uint8_t {
    rejected,   // of another network: until its record changes
    waits,      // its node, or its host, has others that come first
    failed,     // the last dial failed
    handed,     // over, and nothing was heard of it since
    fresh,      // to be handed over
    connected,  // a peer of ours
  };
  static constexpr std::size_t kStates = 6;

  // --- what comes in ---

  void on_update(const Update& update, conn::TimePoint now);
  // The records that named the address. Those whose IDs are to be banned now, for kUnwanted.
  std::vector<EnodeId> on_dial(const conn::NetAddress& address, std::string_view network,
                               DialOutcome outcome, conn::TimePoint now);
  // Candidates at such an address, or of such a node, end.
  void on_banned(const conn::BanTarget& target);

  // --- what goes out ---

  struct Handover {
    conn::NetAddress address;  // the IP of which is the source
    std::string network;
  };
  // Those that are due, as many as the rate allows.
  using IsBanned = std::function<bool(const conn::NetAddress&)>;
  std::vector<Handover> take(conn::TimePoint now, const IsBanned& is_banned);
  // When to take again.
  conn::TimePoint next_deadline(conn::TimePoint now);

  // --- figures ---

  std::size_t size() const noexcept { return pool_.size(); }
  std::size_t in(State state) const noexcept { return states_[static_cast<std::size_t>(state)]; }
  struct Counts {
    std::uint64_t handed = 0;
    std::uint64_t connected = 0, other_network = 0, other_id = 0, failed = 0, closed = 0;
    std::uint64_t banned = 0;     // ended by a ban
    std::uint64_t displaced = 0;  // by a newcomer
    std::uint64_t refused = 0;    // newcomers without a place
  };
  const Counts& counts() const noexcept { return counts_; }

 private:
  struct Key {
    EnodeId id;
    std::size_t network = 0;
    auto operator<=>(const Key&) const = default;
  };
  struct Candidate {
    conn::NetAddress address;
    std::uint64_t seq = 0;
    conn::TimePoint live_since, live_at;
    State state = State::fresh;
    unsigned failures = 0;                            // in a row
    conn::TimePoint handed = conn::TimePoint::min();  // the last time
    conn::TimePoint due;
  };
  using Pool = std::map<Key, Candidate>;
  using Rank = std::tuple<State, conn::TimePoint, Key>;
  // The first part of the second is the node's ID: records that name one node are neighbours.
  using Named = std::tuple<std::size_t, conn::NetAddress, EnodeId>;
  struct Place {
    Key holder;
    conn::TimePoint since;
  };
  struct WrongIds {
    unsigned count = 0;
    conn::TimePoint until;
  };

  void on_live(const Contact& node, conn::TimePoint now);
  void on_record(const Key& key, const conn::NetAddress& address, std::uint64_t seq,
                 conn::TimePoint now);
  void add(const Key& key, const conn::NetAddress& address, std::uint64_t seq, conn::TimePoint now);
  bool make_room(const Key& key, const conn::NetAddress& address, conn::TimePoint now);
  void erase(const EnodeId& id);
  void erase(Pool::iterator at);
  // Every change goes through here, so that the indices hold.
  template <typename Change>
  void alter(Pool::iterator at, Change&& change);
  void link(Pool::const_iterator at);
  void unlink(Pool::const_iterator at);

  // The pool's records that name this node in this network.
  std::vector<Pool::iterator> naming(const conn::NodeId& id, std::size_t network);
  bool may_go(Pool::iterator at, conn::TimePoint now);
  bool comes_first(Pool::iterator at);
  bool has_place(const Key& key, const conn::IpAddress& ip, conn::TimePoint now);
  void take_place(const Key& key, const conn::IpAddress& ip, conn::TimePoint now);
  void judge(Pool::iterator at, DialOutcome outcome, conn::TimePoint now);
  bool blame(const EnodeId& id, conn::TimePoint now);

  Settings settings_;
  Pool pool_;
  std::set<std::pair<conn::TimePoint, Key>> due_;
  std::set<Rank> ranking_;  // the least useful first
  std::set<Named> named_;
  std::array<std::size_t, kStates> states_{};
  conn::RecentMap<std::pair<conn::IpAddress, std::size_t>, Place> places_;  // by host and network
  conn::RecentMap<EnodeId, WrongIds> wrong_ids_;
  conn::TokenBucket rate_;
  Counts counts_;
};

// "rejected", "waits", ...: stable, for metrics.
std::string_view name(Candidates::State state) noexcept;

}  // namespace peerage::pex
