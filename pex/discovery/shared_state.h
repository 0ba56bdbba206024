// What exists once, whatever the protocols: key, record, table, proofs, limits, bans, and what
// waits to go out.
//
// Threads: none of its own.
#pragma once

#include <deque>
#include <functional>
#include <vector>

#include "conn/base/random.h"
#include "pex/discovery/awaited_answers.h"
#include "pex/discovery/bans.h"
#include "pex/discovery/clock_check.h"
#include "pex/discovery/counters.h"
#include "pex/discovery/datagrams.h"
#include "pex/discovery/endpoint_proof.h"
#include "pex/discovery/protocol_state.h"
#include "pex/discovery/record/local_record.h"
#include "pex/discovery/record/verified_records.h"
#include "pex/discovery/settings.h"
#include "pex/discovery/table.h"
#include "pex/discovery/traffic_limits.h"
#include "pex/discovery/update.h"

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
  ClockCheck clock;
  DiscoveryCounters counters;
  std::deque<OutDatagram> out;
  std::vector<Update> updates;
  std::vector<std::function<void()>> done;
  std::uint16_t p2p_port = 0;  // 0: no p2p listener

  // To the end of what waits, if there is room. Counted either way.
  enum class Sent : std::uint8_t { no, yes };
  Sent send(Protocol protocol, MessageKind kind, OutDatagram datagram);

  // To whoever listens, if there is room.
  void tell(Update update);

  // Why nothing of this node, at this address, is heard or sent; none: it is welcome.
  std::optional<Drop> refusal(const EnodeId& id, const conn::IpAddress& ip,
                              conn::TimePoint now) const;
  std::optional<Drop> refusal(const conn::IpAddress& ip, conn::TimePoint now) const;
  // Whether some node has proven to be at this IP.
  TrafficLimits::Standing standing(const conn::IpAddress& ip, conn::TimePoint now) const;
  // Where others reach us, as our record says.
  std::optional<conn::Endpoint> advertised(IpFamily family) const;
  // Who stands for this endpoint of the node.
  Word word_for(const Contact& node) const;
  // Whether it may be told to others: a node of ours, where only such are told.
  bool is_confirmed(const Contact& node) const;
};

}  // namespace peerage::pex
