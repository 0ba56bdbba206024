// The discovery server without its socket: bytes, where they came from and the time go in;
// datagrams, updates and the next deadline come out.
//
// There is one of everything that both protocols need (shared_state.h: key, record, table, proofs,
// votes, bans, limits), one loop and one deadline. What is a protocol's own stands behind
// protocol_state.h. All that happens is a message of the loop (core_loop.h): a datagram, or a
// timer of a protocol or of none. Revalidation, lookups and pruning are written once and take the
// protocol as a parameter.
//
//   receive, on_time, commands ─▶ handle(message) ─▶ take_datagrams, take_updates, take_done,
//                                                    seq_to_store, next_deadline
//
// Nothing is sent, and nothing that comes is looked at, before the first record's sequence is
// stored (seq_to_store, on_seq_stored): then boot nodes and some of the stored nodes are pinged,
// and the first lookups run.
//
// Invariants: to an endpoint that has proven nothing go pings and pongs alone, within
// TrafficLimits; what is kept is bounded whatever comes (limits.h).
//
// Source: reth's discv4 service and ethrex's server for both protocols, for the order of things.
// Threads: none of its own.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include "conn/base/random.h"
#include "pex/discovery/bans.h"
#include "pex/discovery/counters.h"
#include "pex/discovery/datagrams.h"
#include "pex/discovery/lookup_target.h"
#include "pex/discovery/protocol_state.h"
#include "pex/discovery/settings.h"
#include "pex/discovery/table.h"
#include "pex/discovery/update.h"

namespace peerage::pex {

class DiscoveryCore {
 public:
  DiscoveryCore(conn::Secp256k1Key key, DiscoverySettings settings, const conn::Random::Seed& seed,
                DiscoveryTime now);
  ~DiscoveryCore();

  // --- what comes in ---

  void receive(const InDatagram& datagram, DiscoveryTime now);
  void on_time(DiscoveryTime now);
  // The number that seq_to_store gave is safe.
  void on_seq_stored(std::uint64_t seq, DiscoveryTime now);

  // --- what goes out ---

  // In order, at most so many; the rest waits.
  std::vector<OutDatagram> take_datagrams(std::size_t most = ~std::size_t{0});
  std::vector<Update> take_updates();
  // What commands were given to be told: to be called by the owner, who may call commands again.
  std::vector<std::function<void()>> take_done();
  std::vector<Handled> take_handled();
  // A sequence to be stored; given once.
  std::optional<std::uint64_t> seq_to_store();
  // When to call on_time.
  conn::TimePoint next_deadline() const;

  // --- commands ---

  // To the table, and pinged.
  void add_node(const Contact& node, HeardBy how, DiscoveryTime now);
  // The same, and kept for when there is nobody else to ask. One of an ID: a record is better than
  // none.
  void add_boot_node(const Contact& node, DiscoveryTime now);
  void remove(const EnodeId& id, DiscoveryTime now);
  // In force at once: the table, proofs and sessions of whoever it covers go. Of a network: what
  // the switch has banned; those of IDs are to be stored by the caller.
  DiscoveryBans::Added ban(const EnodeId& id, DiscoveryBans::Until until, conn::BanOrigin origin,
                           DiscoveryTime now);
  DiscoveryBans::Added ban(const conn::Cidr& network, DiscoveryBans::Until until,
                           DiscoveryTime now);
  bool unban(const EnodeId& id);
  bool unban(const conn::Cidr& network);

  using Pinged = std::function<void(conn::Result<conn::Duration>)>;  // how long it took
  void ping(const Contact& node, Protocol protocol, DiscoveryTime now, Pinged done);
  using GotRecord = std::function<void(conn::Result<EnrPtr>)>;
  void request_record(const Contact& node, Protocol protocol, DiscoveryTime now, GotRecord done);
  // Those of the closest that answered, closest first.
  using LookedUp = std::function<void(conn::Result<std::vector<Contact>>)>;
  void lookup(const LookupTarget& target, Protocol protocol, DiscoveryTime now, LookedUp done);
  // Where a node is: itself is asked for its record, then others.
  void resolve(const Contact& node, Protocol protocol, DiscoveryTime now, GotRecord done);

  // How many outbound p2p peers there are and are wanted: the fewer, the sooner the next lookup.
  void set_need(std::size_t outbound, std::size_t wanted, DiscoveryTime now);
  void set_p2p_port(std::uint16_t port, DiscoveryTime now);
  // For ExternalIp::given: the address of its family.
  void set_external_ip(const conn::IpAddress& ip, DiscoveryTime now);
  void remove_external_ip(IpFamily family, DiscoveryTime now);
  conn::Result<void> set_pair(std::string_view key, conn::ByteView value, DiscoveryTime now);
  conn::Result<void> remove_pair(std::string_view key, DiscoveryTime now);

  // No new requests; whoever waits is told `stopped`.
  void stop();

  // --- what can be read ---

  const EnodeId& id() const noexcept;
  // Null before its sequence is stored.
  EnrPtr record() const;
  const NodeTable& table() const noexcept;
  const DiscoveryCounters& counters() const noexcept;
  std::optional<conn::IpAddress> external_ip(IpFamily family) const;
  std::vector<NodeRow> rows(DiscoveryTime now) const;  // to be stored
  std::size_t lookups_under_way() const noexcept;
  std::size_t datagrams_waiting() const noexcept;

 private:
  struct Parts;
  std::unique_ptr<Parts> parts_;
};

}  // namespace peerage::pex
