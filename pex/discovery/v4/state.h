// What is discv4's own in the discovery server: what was asked, of whom, and who has proven what.
//
// The messages that come are handled in handlers.cpp, the requests that we make in state.cpp.
//
//  - A ping proves an endpoint: whoever answers with its hash, from the IP where it was sent.
//  - A FindNode goes to a node that holds a proof of us, which it has when it has pinged us and we
//    have answered. So one that has not is pinged, answers, pings us back, and is asked then.
//  - A FindNode is signed once for its target and sent to many nodes, but to one only once: it
//    would take it for a repeat.
//
// Invariant: an endpoint without proof is sent pings and pongs alone, and nothing for a question.
// Threads: none of its own.
// Source: ethereum/devp2p discv4.md; go-ethereum p2p/discover/v4_udp.go for what peers expect.
#pragma once

#include <deque>
#include <set>

#include "conn/base/recent_map.h"
#include "pex/discovery/protocol_state.h"
#include "pex/discovery/shared_state.h"
#include "pex/discovery/v4/pings.h"
#include "pex/discovery/v4/wire.h"

namespace peerage::pex {

class Discv4State final : public ProtocolState {
 public:
  // Both outlive it.
  Discv4State(SharedState& shared, ProtocolHost& host);

  Protocol protocol() const noexcept override { return Protocol::v4; }

  bool receive(const InDatagram& datagram, TrafficLimits::Awaited awaited,
               DiscoveryTime now) override;

  Asked ping(const Contact& node, Word word, DiscoveryTime now) override;
  Asked find_node(const Contact& node, const LookupTarget& target, Word word,
                  DiscoveryTime now) override;
  Asked request_record(const Contact& node, Word word, DiscoveryTime now) override;
  bool is_asking(const EnodeId& id) const override { return finds_.contains(id); }
  bool is_rested(const Contact& node, DiscoveryTime now) const override;
  void ping_first(const Contact& node) override { knows_us_.erase(v4::spot_of(node)); }

  std::optional<conn::TimePoint> next_deadline() const override;
  void on_time(DiscoveryTime now) override;

  void forget(const EnodeId& id) override;

 private:
  // A packet whose sender is known.
  struct Arrived {
    Contact sender;  // at the source of the datagram
    v4::PacketHash hash;
    conn::IpAddress to;  // the address of ours that it came to
    DiscoveryTime now;
  };
  struct Find {
    Contact node;
    LookupTarget target;
    enum class Stage : std::uint8_t { pong, ping, neighbors } awaits = Stage::pong;
    unsigned sent = 0;  // times
    std::size_t told = 0;
    FindEnd so_far = FindEnd::silent;
  };
  // It has pinged us and was answered, so that it holds a proof of us; unless the answer was lost:
  // one that is silent at its first question is pinged before the next.
  struct Acquaintance {
    conn::TimePoint pinged_us;
    bool has_answered = false;  // a question
  };
  struct RecordAsked {
    Contact node;
    // Its question and the repeats, each of which may be answered.
    std::vector<std::pair<v4::PacketHash, conn::TimePoint>> sent;
  };
  struct SignedFind {
    conn::Bytes packet;
    conn::TimePoint signed_at;
    std::set<EnodeId> sent_to;
  };

  // --- what comes (handlers.cpp); why it was dropped, if it was ---
  std::optional<Drop> take(const InDatagram& datagram, const v4::PacketHash& hash,
                           TrafficLimits::Awaited awaited, DiscoveryTime now);
  bool is_repeat(const v4::PacketHash& hash, const conn::Endpoint& from);
  bool is_over(const v4::Message& message, conn::WallTime now);
  std::optional<Drop> judge_unsigned(const v4::Message& message, const conn::IpAddress& from,
                                     DiscoveryTime now) const;
  std::optional<Drop> handle(const Arrived& from, const v4::Ping& ping);
  std::optional<Drop> handle(const Arrived& from, const v4::Pong& pong);
  std::optional<Drop> handle(const Arrived& from, const v4::FindNode& find);
  std::optional<Drop> handle(const Arrived& from, const v4::Neighbors& neighbors);
  std::optional<Drop> handle(const Arrived& from, const v4::EnrRequest& request);
  std::optional<Drop> handle(const Arrived& from, const v4::EnrResponse& response);
  bool answer_ping(const Arrived& from, const Contact& sender, const v4::Ping& ping);
  void ask_if_newer(const Contact& sender, std::optional<std::uint64_t> seq, DiscoveryTime now);
  std::vector<v4::WireNode> neighbors_for(const Arrived& asker, const v4::WireKey& target) const;

  // --- what goes (state.cpp) ---
  v4::Ping ping_to(const Contact& node, const conn::IpAddress& from, DiscoveryTime now) const;
  std::uint64_t expiry(DiscoveryTime now) const;  // of what we send
  std::optional<std::uint64_t> own_seq() const;   // none: records are off
  bool is_proven(const Contact& node, DiscoveryTime now);
  bool knows_us(const Contact& node, DiscoveryTime now) const;
  // Whether we may send to it of our own accord.
  bool may_begin(const Contact& node, Word word, DiscoveryTime now);
  void send_ping(const Contact& node, v4::PingSent::Why why, const conn::IpAddress& from,
                 conn::Bytes packet, DiscoveryTime now);
  void send_find(Find& find, DiscoveryTime now);
  void send_record_question(RecordAsked& asked, DiscoveryTime now);
  v4::PacketHash sign(conn::Bytes& packet);
  void send(const conn::Endpoint& to, MessageKind kind, conn::Bytes packet,
            const conn::IpAddress& from = {});
  void sign_and_send(const Arrived& to, MessageKind kind, const v4::Message& message);
  // The ping that it waited for has come, or is not to be waited for any more.
  void go_on_with_find(const EnodeId& id, Find::Stage after, DiscoveryTime now);
  void end_find(const EnodeId& id, FindEnd end, DiscoveryTime now);
  void on_ping_silent(const v4::PingSent& ping, DiscoveryTime now);
  void send_queued_pings(DiscoveryTime now);

  SharedState& shared_;
  ProtocolHost& host_;
  const DiscoveryLimits& limits_;
  v4::Pings pings_;
  std::deque<Contact> queued_pings_;
  Waiting<EnodeId, Find> finds_;
  Waiting<EnodeId, RecordAsked> records_asked_;
  // Those that hold a proof of us, most likely.
  conn::RecentMap<v4::Spot, Acquaintance> knows_us_;
  conn::RecentMap<EnodeId, conn::TimePoint> last_questions_;  // for records
  conn::RecentMap<v4::WireKey, SignedFind> signed_finds_;
  std::deque<std::pair<v4::PacketHash, conn::Endpoint>> recent_packets_;
};

}  // namespace peerage::pex
