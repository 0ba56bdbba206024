// What exists once, whatever the protocols: key, record, table, proofs, limits, bans, and the
// datagrams that wait to be sent.
//
// Threads: none of its own.
#pragma once

#include <deque>
#include <map>

#include "conn/base/random.h"
#include "pex/discovery/awaited_answers.h"
#include "pex/discovery/bans.h"
#include "pex/discovery/counters.h"
#include "pex/discovery/datagrams.h"
#include "pex/discovery/endpoint_proof.h"
#include "pex/discovery/record/local_record.h"
#include "pex/discovery/record/verified_records.h"
#include "pex/discovery/settings.h"
#include "pex/discovery/table.h"
#include "pex/discovery/traffic_limits.h"

namespace peerage::pex {

struct SharedState {
  SharedState(conn::Secp256k1Key own_key, DiscoverySettings all_settings,
              const conn::Random::Seed& seed, DiscoveryTime now);

  const DiscoverySettings settings;
  const conn::Secp256k1Key key;
  const EnodeId id;  // of the key
  conn::Random random;
  LocalRecord record;
  NodeTable table;
  EndpointProofs proofs;
  TrafficLimits limits;
  DiscoveryBans bans;
  VerifiedRecords records;
  AwaitedAnswers awaited;
  DiscoveryCounters counters;
  std::deque<OutDatagram> out;

  // To the end of what waits, if there is room. Counted either way.
  enum class Sent : std::uint8_t { no, yes };
  Sent send(Protocol protocol, MessageKind kind, OutDatagram datagram);

  // Why nothing of this node, at this endpoint, is heard or sent; none: it is welcome.
  std::optional<Drop> refusal(const EnodeId& id, const conn::IpAddress& ip,
                              conn::TimePoint now) const;
  std::optional<Drop> refusal(const conn::IpAddress& ip, conn::TimePoint now) const;
  // Whether a node that somebody at `teller` has named may be asked at all.
  bool is_acceptable(const Contact& told, const conn::IpAddress& teller, conn::TimePoint now) const;
  // Who stands for this endpoint of the node.
  bool is_hearsay(const Contact& node, conn::TimePoint now) const;
};

}  // namespace peerage::pex
