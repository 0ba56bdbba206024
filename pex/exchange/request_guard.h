// How often others may ask us for addresses: a token bucket for each host and one for its
// neighbourhood, kept across connections and node IDs, which are free.
//
// A host that asks too often is not answered; one that asks without pause is dropped, and then
// banned for a while. Its neighbours are still served: a host spends from its own bucket first, and
// a refusal by the neighbourhood's bucket counts against no host. Persistent and unconditional
// peers are never dropped nor banned; they are answered as often as any other. Where many nodes may
// share an address (a private network, an exempt one), each node has an account of its own, by its
// ID, and there is no neighbourhood. Lists that we did not ask for, or with nonsense in them, are
// charged to the same account.
//
// A pure state machine. Bounded: kMaxHosts hosts and as many neighbourhoods, the least recently
// seen forgotten first. Threads: none of its own (the control shard).
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

  enum class Trust : std::uint8_t { stranger, trusted };  // persistent or unconditional
  enum class Verdict : std::uint8_t {
    answer,
    ignore,  // do not answer, keep the peer
    drop,    // end the connection
    ban,     // and do not let the host in for RequestLimits::ban
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
  // It sent a list that we did not ask for: drop, and ban when it has been dropped before.
  Verdict on_unsolicited(const Asker& asker, conn::TimePoint now);
  // It sent what no honest node sends, and did no harm: ignored, until it has done so too often.
  Verdict on_nonsense(const Asker& asker, conn::TimePoint now);
  std::size_t hosts() const noexcept { return hosts_.size(); }
  std::size_t neighbourhoods() const noexcept { return neighbourhoods_.size(); }

 private:
  struct Account {
    conn::TokenBucket bucket;
    conn::TimePoint last;   // anything
    conn::TimePoint asked;  // the last request, if there was one
    bool ever_asked = false;
    std::uint32_t strikes = 0;
    std::uint32_t drops = 0;
  };
  using Key = std::variant<conn::IpAddress, conn::NodeId>;

  static Account opened(std::uint64_t burst, conn::Duration pause, conn::TimePoint now);
  // The host's account, as of now.
  Account& account_of(const Asker& asker, conn::TimePoint now);
  Verdict strike(Account& host) const;
  Verdict drop(Account& host) const;

  RequestLimits limits_;
  conn::RecentMap<Key, Account> hosts_{kMaxHosts};
  conn::RecentMap<conn::IpAddress, Account> neighbourhoods_{kMaxHosts};
};

}  // namespace peerage::pex
