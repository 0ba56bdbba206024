// The discovery server without its socket: bytes, where they came from and the time go in;
// datagrams, updates and the next deadline come out.
//
// There is one of everything that both protocols need (shared_state.h: key, record, table, proofs,
// bans, limits), one loop and one deadline. What is a protocol's own stands behind
// protocol_state.h. All that happens is a message of the loop (core_message): a datagram, or a
// timer, of a protocol or of none. Revalidation, lookups and pruning are written once and take the
// protocol as a parameter.
//
//   receive, on_time ─▶ dispatch(message) ─▶ take_datagrams, take_updates, take_done, seq_to_store,
//   commands                                 next_deadline
//
// The loop and its timers are in core.cpp, what protocols report in core_reports.cpp, commands in
// core_commands.cpp.
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

#include <array>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "pex/discovery/callers.h"
#include "pex/discovery/kept_rows.h"
#include "pex/discovery/lookup_pace.h"
#include "pex/discovery/lookups.h"
#include "pex/discovery/own_address.h"
#include "pex/discovery/shared_state.h"

namespace peerage::pex {

// What the loop works through, one at a time.
namespace core_message {

struct Datagram {
  InDatagram datagram;
};
// It is looked who is to be pinged.
struct Revalidate {
  Protocol protocol;
};
// The next lookup of the timer is due.
struct Lookup {
  Protocol protocol;
};
// Some of what was asked has not been answered in time.
struct Requests {
  Protocol protocol;
};
// A lookup goes on without somebody, or ends.
struct LookupSteps {};
struct Prune {};
struct CountVotes {};
// Our own record has changed.
struct Resign {};

}  // namespace core_message

using CoreMessage =
    std::variant<core_message::Datagram, core_message::Revalidate, core_message::Lookup,
                 core_message::Requests, core_message::LookupSteps, core_message::Prune,
                 core_message::CountVotes, core_message::Resign>;

class DiscoveryCore final : private ProtocolHost {
 public:
  DiscoveryCore(conn::Secp256k1Key key, DiscoverySettings settings, const conn::Random::Seed& seed,
                DiscoveryTime now);

  // --- what comes in ---

  void receive(const InDatagram& datagram, DiscoveryTime now);
  void on_time(DiscoveryTime now);
  // The number that seq_to_store gave is safe.
  void on_seq_stored(std::uint64_t seq, DiscoveryTime now);

  // --- what goes out ---

  // When to call on_time; max: never.
  conn::TimePoint next_deadline() const;
  // In order, at most so many; the rest waits.
  std::vector<OutDatagram> take_datagrams(std::size_t most = ~std::size_t{0});
  std::vector<Update> take_updates() { return std::exchange(shared_.updates, {}); }
  // What is to be told to those who gave commands: to be called by the owner. They may give others.
  std::vector<std::function<void()>> take_done() { return std::exchange(shared_.done, {}); }
  // With DiscoverySettings::report_handled.
  std::vector<Handled> take_handled() { return std::exchange(handled_, {}); }
  // A sequence to be stored; given once.
  std::optional<std::uint64_t> seq_to_store() { return std::exchange(seq_to_store_, {}); }
  // Whether there was nobody to ask but boot nodes, since the last call: those that are named by
  // host names are to be looked up anew, and added.
  bool boot_nodes_wanted() { return std::exchange(boot_nodes_wanted_, false); }

  // --- commands ---

  // To the table, and pinged.
  void add_node(const Contact& node, HeardBy how, DiscoveryTime now);
  // The same, and kept for when there is nobody else to ask. One of an ID: a record is better than
  // none.
  void add_boot_node(const Contact& node, DiscoveryTime now);
  void remove(const EnodeId& id, DiscoveryTime now);
  // In force at once: from the table and from all that is asked, whoever it covers goes. Bans of
  // IDs are to be stored by the caller, those of networks are the switch's.
  DiscoveryBans::Added ban(const EnodeId& id, DiscoveryBans::Until until, conn::BanOrigin origin,
                           DiscoveryTime now);
  DiscoveryBans::Added ban(const conn::Cidr& network, DiscoveryBans::Until until,
                           DiscoveryTime now);
  bool unban(const EnodeId& id) { return shared_.bans.unban(id); }
  bool unban(const conn::Cidr& network) { return shared_.bans.unban(network); }

  using Pinged = std::function<void(conn::Result<PingAnswer>)>;
  void ping(const Contact& node, Protocol protocol, DiscoveryTime now, Pinged done);
  using GotRecord = std::function<void(conn::Result<EnrPtr>)>;
  void request_record(const Contact& node, Protocol protocol, DiscoveryTime now, GotRecord done);
  // Whom one node knows that is close to the target, judged as all hearsay. Fails (discovery_busy)
  // while the same node is asked by somebody else.
  using Found = std::function<void(conn::Result<std::vector<Contact>>)>;
  void find_node(const Contact& node, const LookupTarget& target, Protocol protocol,
                 DiscoveryTime now, Found done);
  // Those of the closest that answered, closest first.
  using LookedUp = std::function<void(conn::Result<std::vector<Contact>>)>;
  void lookup(const LookupTarget& target, Protocol protocol, DiscoveryTime now, LookedUp done);
  // For whoever looks for one node: it may be among the closest and not have answered, for a
  // datagram is easily lost.
  struct Sighting {
    std::vector<Contact> closest;  // that were heard of, closest first
    std::size_t rounds = 0;        // the longest way to one that was asked
  };
  using Sighted = std::function<void(conn::Result<Sighting>)>;
  void look_for(const LookupTarget& target, Protocol protocol, DiscoveryTime now, Sighted done);
  LookupTarget random_target();
  // The newest record of a node: it is asked itself, where it was last, and otherwise looked for.
  void resolve(const Contact& node, Protocol protocol, DiscoveryTime now, GotRecord done);

  // How many outbound p2p peers there are and are wanted: the fewer, the sooner the next lookup.
  void set_need(std::size_t outbound, std::size_t wanted);
  void set_p2p_port(std::uint16_t port, DiscoveryTime now);
  // For ExternalIp::given; the address of its family.
  void set_external_ip(const conn::IpAddress& ip, DiscoveryTime now);
  void remove_external_ip(IpFamily family, DiscoveryTime now);
  conn::Result<void> set_pair(std::string_view key, conn::ByteView value, DiscoveryTime now);
  conn::Result<void> remove_pair(std::string_view key, DiscoveryTime now);

  // Nothing is sent or asked any more; whoever waits is told `stopping`.
  void stop(DiscoveryTime now);

  // --- what can be read ---

  const EnodeId& id() const noexcept { return shared_.id; }
  // Null before its sequence is stored.
  const EnrPtr& record() const noexcept { return shared_.record.current(); }
  const NodeTable& table() const noexcept { return shared_.table; }
  const DiscoveryBans& bans() const noexcept { return shared_.bans; }
  const DiscoveryCounters& counters() const noexcept { return shared_.counters; }
  const DiscoverySettings& settings() const noexcept { return shared_.settings; }
  // Where others reach us, as we believe.
  std::optional<conn::Endpoint> external_address(IpFamily family) const {
    return own_address_.of(family);
  }
  // To be stored.
  std::vector<NodeRow> rows(DiscoveryTime now) const { return kept_rows_.now(shared_, now); }
  std::size_t lookups_under_way() const noexcept { return lookups_.size(); }
  conn::HistogramCounts lookup_times(Protocol protocol) const { return lookups_.times(protocol); }
  std::size_t datagrams_waiting() const noexcept { return shared_.out.size(); }
  bool has_begun() const noexcept { return began_.has_value(); }

 private:
  template <typename T>
  using ByProtocol = std::array<T, kProtocolCount>;

  // --- the loop (core.cpp) ---
  void dispatch(const CoreMessage& message, DiscoveryTime now);
  void handle(const core_message::Datagram& message, DiscoveryTime now);
  void handle(const core_message::Revalidate& message, DiscoveryTime now);
  void handle(const core_message::Lookup& message, DiscoveryTime now);
  void handle(const core_message::Requests& message, DiscoveryTime now);
  void handle(const core_message::LookupSteps& message, DiscoveryTime now);
  void handle(const core_message::Prune& message, DiscoveryTime now);
  void handle(const core_message::CountVotes& message, DiscoveryTime now);
  void handle(const core_message::Resign& message, DiscoveryTime now);
  // The first that is due, of all that have a time.
  using Due = std::pair<conn::TimePoint, CoreMessage>;
  std::optional<Due> next_due() const;

  void begin(DiscoveryTime now);
  void describe_ourselves(DiscoveryTime now);
  void tell_the_nearest(DiscoveryTime now);
  void tell_the_nearest(Protocol protocol, DiscoveryTime now);
  void open_to_inbound_if_filled(DiscoveryTime now);
  bool has_anybody_to_ask(Protocol protocol) const;
  void return_to(const NodeRow& row, DiscoveryTime now);
  void ping_boot_nodes(Protocol protocol, DiscoveryTime now);
  std::optional<Contact> boot_node_to_visit(Protocol protocol, DiscoveryTime now);
  LookupTarget target_of_timed_lookup(Protocol protocol);
  std::optional<unsigned> next_bucket_to_search(Protocol protocol);
  bool begin_timed_lookup(Protocol protocol, DiscoveryTime now);
  void schedule_lookup(Protocol protocol);
  void schedule_lookups();
  void on_news();
  // Null: it is off.
  ProtocolState* state(Protocol protocol) const { return states_[index_of(protocol)].get(); }
  template <typename With>
  void for_each_state(With with) {
    for (const auto& each : states_) {
      if (each) with(*each);
    }
  }

  // --- what protocols report (core_reports.cpp) ---
  void on_answered(Protocol by, const Contact& node, const PingAnswer& answer,
                   DiscoveryTime now) override;
  void on_silent(Protocol by, const Contact& node, DiscoveryTime now) override;
  void on_inbound(Protocol by, const Contact& node, DiscoveryTime now) override;
  void on_told(Protocol by, const Contact& from, std::span<const Contact> nodes, More more,
               DiscoveryTime now) override;
  void on_find_went_on(Protocol by, const EnodeId& from, DiscoveryTime now) override;
  void on_find_ended(Protocol by, const Contact& from, FindEnd end, DiscoveryTime now) override;
  void on_record(Protocol by, const Contact& from, const EnrPtr& record,
                 DiscoveryTime now) override;
  void on_seen_at(const EnodeId& voter, const conn::IpAddress& from, const conn::Endpoint& seen,
                  DiscoveryTime now) override;
  void on_handled(const Handled& handled) override;

  // To the table, if it takes it; what is new there is pinged.
  enum class ThenPing : std::uint8_t { no, yes };
  NodeTable::Offered offer(const Contact& node, Protocol protocol, HeardBy how, ThenPing then,
                           DiscoveryTime now);
  void ping_in_table(const EnodeId& id, Protocol protocol, DiscoveryTime now);
  void on_removed(const EnodeId& id, DiscoveryTime now);
  void ping_promoted(DiscoveryTime now);
  bool take_record(const Contact& from, const EnrPtr& record, DiscoveryTime now);

  // --- commands (core_commands.cpp) ---
  void forget(const EnodeId& id, DiscoveryTime now);
  template <typename Done, typename Value>
  void tell(Done done, Value value);
  // Null: it is off, or all is.
  ProtocolState* running(Protocol protocol) const {
    return began_ && !stopped_ ? state(protocol) : nullptr;
  }
  // The same as the commands, but that the answer comes inside of what brings it.
  using LookedUpThen = Callers<pex::Lookup>::Then;
  void ping_then(const Contact& node, Protocol protocol, DiscoveryTime now,
                 Callers<PingAnswer>::Then then);
  void ask_record(const Contact& node, Protocol protocol, DiscoveryTime now,
                  Callers<EnrPtr>::Then then);
  void end_finding(const EnodeId& id, FindEnd end, DiscoveryTime now);
  void look_up_then(const LookupTarget& target, Protocol protocol, DiscoveryTime now,
                    LookedUpThen then);

  SharedState shared_;
  OwnAddress own_address_;
  KeptRows kept_rows_;
  std::deque<NodeRow> rows_to_ping_;  // of the last run, one each second
  Lookups lookups_;
  ByProtocol<std::unique_ptr<ProtocolState>> states_;
  std::vector<Contact> boot_;

  // When each timer is due next.
  std::optional<conn::TimePoint> began_;
  ByProtocol<conn::TimePoint> next_revalidation_{};
  ByProtocol<conn::TimePoint> next_lookup_{};
  ByProtocol<std::optional<conn::TimePoint>> last_lookup_{};
  ByProtocol<std::size_t> lookups_begun_{};
  conn::TimePoint next_prune_{};
  conn::TimePoint next_sweep_{};
  LookupPace pace_;
  ByProtocol<unsigned> record_to_repeat_{};  // times
  ByProtocol<unsigned> searched_bucket_{};   // the log distance, last
  bool first_lookup_done_ = false;
  bool boot_nodes_wanted_ = false;
  bool stopped_ = false;

  std::optional<std::uint64_t> seq_to_store_;
  std::vector<Handled> handled_;
  Callers<PingAnswer> pinging_;
  Callers<EnrPtr> asking_records_;
  Callers<std::vector<Contact>> finding_;
  std::map<EnodeId, std::vector<Contact>> found_;  // so far, by those that finding_ waits for
  std::map<std::uint64_t, LookedUpThen> looking_up_;
  std::uint64_t next_lookup_number_ = 0;
};

}  // namespace peerage::pex
