// What strangers may make us read, compute and send.
//
//  - inbound: a public source (IPv4 address, IPv6 /64) has a token bucket of datagrams. Over it a
//    datagram is dropped before any cryptography. What we wait for is free, as much of it as we
//    wait for.
//  - hashed, costly: bytes that are hashed and signatures that are checked for what nobody waits
//    for, all sources together. Strangers leave a reserve to those who have proven themselves.
//  - unproven: what a public IP that has proven nothing makes us send to it, for its source may be
//    forged. In each window no more bytes leave for it than have come from it, but for the answer
//    to one ping; and the same for its whole network (/24, /48), so that a forger gains nothing by
//    naming its neighbours. Those who have answered since are out of their network's count.
//  - own: what we send to such an IP of our own accord is bounded in datagrams alone.
//  - told: pings to endpoints that only others have named.
//
// Private sources are free of all but `hashed` and `costly`. What displaces what: a source that was
// longest quiet is forgotten; to have one forgotten takes more bytes than its answer has. Traffic
// never bans anybody, for its source may be forged. Threads: none of its own.
#pragma once

#include <vector>

#include "conn/address/ip_address.h"
#include "conn/base/recent_map.h"
#include "conn/base/token_bucket.h"
#include "pex/discovery/limits.h"

namespace peerage::pex {

class TrafficLimits {
 public:
  TrafficLimits(const DiscoveryLimits& limits, conn::TimePoint now);

  // Whether a datagram from there is looked at. `awaited`: it may be the answer to something.
  enum class Awaited : std::uint8_t { no, yes };
  bool admit(const conn::IpAddress& from, std::size_t bytes, Awaited awaited, conn::TimePoint now);
  enum class Standing : std::uint8_t { stranger, proven };
  // Whether so many bytes are hashed for it, or a signature is checked.
  bool admit_hashing(Standing standing, std::size_t bytes, conn::TimePoint now);
  bool admit_costly(Standing standing, conn::TimePoint now);
  // Whether so many bytes, in so many datagrams, to which an IP that has proven nothing has moved
  // us, may go to it; they count when they may.
  bool allow_unproven(const conn::IpAddress& to, std::size_t bytes, conn::TimePoint now,
                      std::uint64_t datagrams = 1);
  // The same for what we send it of our own accord: a request, or what goes on with one.
  bool allow_own(const conn::IpAddress& to, conn::TimePoint now);
  // Whether an endpoint that only others have named may be pinged now; it counts when it may.
  bool allow_told(const conn::Endpoint& to, conn::TimePoint now);
  // It has answered a ping of ours: its address is not forged, and it is hearsay no more.
  void on_answered(const conn::Endpoint& from);

  std::size_t sources() const noexcept { return sources_.size(); }

 private:
  // Bytes of one window.
  struct Account {
    conn::Duration::rep window = 0;
    std::uint64_t in = 0, out = 0;
  };
  struct Source {
    conn::TokenBucket inbound;
    conn::TokenBucket outbound;
    Account account;
  };
  struct Ping {
    conn::Endpoint to;
    conn::TimePoint at;
  };

  Source& source(const conn::IpAddress& ip, conn::TimePoint now);
  Account& network(const conn::IpAddress& ip, conn::TimePoint now);
  // Begins anew in a new window.
  void turn(Account& account, conn::TimePoint now) const;
  bool has_room(const Account& account, std::size_t bytes) const;

  DiscoveryLimits limits_;
  conn::RecentMap<conn::IpAddress, Source> sources_;          // by host
  conn::RecentMap<conn::IpAddress, Account> networks_;        // by neighbourhood
  conn::RecentMap<conn::IpAddress, std::vector<Ping>> told_;  // by host; lately, oldest first
  // Of all sources together; strangers leave `reserve`.
  struct Shared {
    conn::TokenBucket bucket;
    std::uint64_t reserve;
    bool take(Standing standing, std::uint64_t count, conn::TimePoint now);
  };
  Shared hashed_;
  Shared costly_;
};

}  // namespace peerage::pex
