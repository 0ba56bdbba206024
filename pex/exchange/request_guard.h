// How often others may ask us for addresses, and what it costs a host to break the rules of peer
// exchange. Kept across connections and node IDs, which are free.
//
// Asking too often goes unanswered and costs nothing else, since honest Go nodes do so: a host has
// a token bucket, and its neighbourhood another. A host spends from its own first, so that its
// neighbours are still served. Only a flood, which costs us time although it is not answered, is an
// offence.
//
// Offences: a flood, a list that we did not ask for, a message that is none, and lists with
// nonsense in them again and again. The connection ends (the caller judges nothing more that it
// sent: one connection is one offence), and the second offence of a host bans it for a while.
//
// Named nodes (persistent and unconditional peers among them) commit no offence; they are answered
// as often as any other.
// Where many nodes may share an address (a private network, an exempt one), each node has an
// account of its own, by its ID, and there is no neighbourhood.
//
// A pure state machine. Bounded: kMaxHosts hosts, and as many neighbourhoods and nodes, the least
// recently seen forgotten first. Threads: none of its own (the control shard).
#pragma once

#include <cstddef>
#include <cstdint>
#include <variant>

#include "conn/address/ip_address.h"
#include "conn/address/node_id.h"
#include "conn/base/recent_map.h"
#include "conn/base/token_bucket.h"
#include "pex/limits/limits.h"

namespace peerage::pex {

class RequestGuard {
 public:
  static constexpr std::size_t kMaxHosts = 16'384;

  enum class Trust : std::uint8_t { stranger, trusted };  // trusted: a named node
  enum class Verdict : std::uint8_t {
    answer,
    ignore,  // do not answer, keep the peer
    drop,    // an offence: end the connection
    ban,     // one too many: and do not let the host in for RequestLimits::ban
  };

  // The peer that asks. `counted_as` its host, or as itself where hosts are shared.
  enum class CountedAs : std::uint8_t { host, itself };
  struct Asker {
    conn::IpAddress ip;
    conn::NodeId id;
    Trust trust = Trust::stranger;
    CountedAs counted_as = CountedAs::host;
  };

  explicit RequestGuard(const RequestLimits& limits = {}) : limits_(limits) {}

  Verdict on_request(const Asker& asker, conn::TimePoint now);
  // The answer that it was just given had no addresses: it is as new here as before.
  void had_nothing(const Asker& asker);
  // It sent what no node may: a list that we did not ask for, or what is no message of peer
  // exchange.
  Verdict on_violation(const Asker& asker, conn::TimePoint now);
  // It sent a list with entries that no node can have, which did no harm.
  Verdict on_nonsense(const Asker& asker, conn::TimePoint now);

  std::size_t hosts() const noexcept { return hosts_.size(); }
  std::size_t neighbourhoods() const noexcept { return neighbourhoods_.size(); }
  std::size_t nodes() const noexcept { return answered_.size(); }

 private:
  struct Account {
    conn::TokenBucket answers;
    conn::TokenBucket unanswered;
    std::uint32_t offences = 0;
    std::uint32_t bad_lists = 0;
    conn::TimePoint offended;  // the last time that one of them was counted
  };
  using Key = std::variant<conn::IpAddress, conn::NodeId>;

  Account& account_of(const Asker& asker, conn::TimePoint now);
  // Whether the accounts have an answer for it, which is then paid.
  bool pay(const Asker& asker, Account& account, conn::TimePoint now);
  Verdict offence(const Asker& asker, conn::TimePoint now);

  RequestLimits limits_;
  conn::RecentMap<Key, Account> hosts_{kMaxHosts};
  conn::RecentMap<conn::IpAddress, conn::TokenBucket> neighbourhoods_{kMaxHosts};
  // When nodes were last answered, and whether with addresses.
  struct Answered {
    conn::TimePoint at;
    enum class With : std::uint8_t { nothing, addresses } with = With::addresses;
  };
  conn::RecentMap<conn::NodeId, Answered> answered_{kMaxHosts};
};

}  // namespace peerage::pex
