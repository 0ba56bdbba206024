// The peers of a switch, from an arrival or a dial to the end of the connection: the parts that
// decide and the parts that act, and what each of them has to hear from the others.
//
//   Acceptor, DialRunner    bring nodes that have proved themselves
//   PeerRegistry            shows them to the reactors, or ends them, and reports their end
//   Admission, BanEnforcer  who may be a peer
//   Dialer                  who is dialled, and when
//   PeerMarks               whom the configuration treats differently
//   NamedWatch              which addresses the operator has named, and what became of them
//
// Each part's file says what it decides; nothing is decided here. It is open once, and closed once.
//
// Threads: the control shard; what says so, any. What the parts post there holds them by reference:
// the owner closes this before it lets it go, and is itself kept by what it posts. What runs on
// other shards has its own share of what it needs.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "p2p/admission/shared_addresses.h"
#include "p2p/base/snapshot_cell.h"
#include "p2p/connect/acceptor.h"
#include "p2p/connect/dial_runner.h"
#include "p2p/connect/local_node_info.h"
#include "p2p/named_watch.h"
#include "p2p/peer/peer_registry.h"
#include "p2p/switch.h"
#include "p2p/switch_reports.h"

namespace peerage::p2p {

class PeerManager final : private Acceptor::Observer,
                          private DialRunner::Observer,
                          private PeerRegistry::Observer,
                          private PeerMarks::Observer {
 public:
  // `upgrader`: null for the comet wire. Throws std::invalid_argument for a configuration that
  // makes no sense. The runtime and the reports outlive it.
  PeerManager(conn::Runtime& runtime, conn::NodeKey key, SwitchConfig config,
              std::shared_ptr<Upgrader> upgrader,
              const std::shared_ptr<const ReactorTable>& reactors, SwitchReports& reports);

  // --- on any thread ---
  const conn::NodeId& id() const noexcept { return id_; }
  conn::Endpoint listen_endpoint() const { return *listening_.read(); }
  std::shared_ptr<const SwitchSnapshot> snapshot() const { return snapshot_.read(); }

  // --- life ---
  // Listens, and dials from now on. After a failure it is to be closed.
  conn::Result<void> open(std::vector<conn::ChannelId> channels);
  // Ends the ways in, then every peer, once what is queued for it has left; `gone` runs when the
  // last one is gone, or at once.
  void close(std::function<void()> gone);

  // --- what is asked ---
  void dial(const DialOrder& order);
  void add_persistent(const conn::HostAddress& address);
  void remove_persistent(const conn::NodeId& id);
  void remove_persistent(const conn::HostAddress& address);
  void set_seed_addresses(const std::vector<conn::HostAddress>& seeds);
  void mark_good(const conn::NodeId& id);
  DialOutlook outlook(const conn::NodeId& id) const;
  // These are Switch's; true: it was otherwise before.
  bool drain(Draining draining);
  conn::Result<void> hold_off(const BanTarget& target, conn::Duration span, const std::string& why);
  bool let_back(const BanTarget& target);
  std::vector<Ban> held_off() const { return admission_.held_off().all(control_.now()); }
  void unban(const BanTarget& target);
  PeerMarks& marks() noexcept { return marks_; }  // persistent peers: by the two above
  PeerRegistry& registry() noexcept { return registry_; }
  BanEnforcer& bans() noexcept { return bans_; }

 private:
  enum class State : std::uint8_t { created, open, closing, closed };

  // Acceptor.
  void on_refused_on_arrival(const conn::Endpoint& remote, const conn::Failure& why) override;
  void on_handshake_proven(Proven node, const AttemptReport& report) override;
  void on_handshake_failed(const conn::Endpoint& remote, const AttemptReport& report,
                           const conn::Failure& why) override;
  void on_probe(const conn::Endpoint& remote) override;
  void on_handshake_over(const conn::IpAddress& ip) override;
  // DialRunner.
  void on_dial_began(const DialOrder& order) override;
  void on_dial_proven(const DialOrder& order, Proven node, const AttemptReport& report) override;
  void on_dial_failed(const DialOrder& order, const AttemptReport& report,
                      const conn::Failure& why) override;
  // PeerRegistry.
  void on_connected(const Connected& event) override;
  void on_gone(const Gone& event) override;
  void on_not_admitted(const Proven::Summary& node, DialPurpose purpose,
                       const AttemptReport& report, const conn::Failure& why) override;
  void on_settled() override;
  // PeerMarks.
  void on_marks_changed(const std::vector<conn::NodeId>& ids) override;

  void add_seed(const conn::HostAddress& address);
  void remove_seed(const conn::HostAddress& address);
  // Whether it is where we listen, or what we advertise.
  bool is_own_place(const conn::HostAddress& address) const;
  // Persistent peers that nothing keeps away any more are due.
  void redial(const BanTarget& target);
  // An inbound connection that became no peer.
  void note_refusal(const conn::IpAddress& from, conn::Reason why);
  void close_if_empty();
  void publish();
  // The network of a dial; the first of ours if it names none.
  const std::string& network_of(const DialOrder& order) const;

  conn::Runtime& runtime_;
  conn::Shard& control_;
  SwitchReports& reports_;
  const SwitchConfig config_;
  const conn::NodeId id_;
  PeerMarks marks_;
  NamedWatch named_;
  Admission admission_;
  SharedAddresses shared_addresses_;
  Dialer dialer_;
  Transport transport_;
  PeerRegistry registry_;
  BanEnforcer bans_;
  std::optional<LocalNodeInfo> local_node_info_;  // once open
  std::size_t shard_turn_ = 0;
  DialRunner dial_runner_;
  Acceptor acceptor_;
  State state_ = State::created;
  Draining draining_ = Draining::no;
  std::function<void()> gone_;

  SnapshotCell<SwitchSnapshot> snapshot_;
  SnapshotCell<conn::Endpoint> listening_;
};

}  // namespace peerage::p2p
