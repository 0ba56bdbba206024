#include "p2p/peer_manager.h"

#include <algorithm>
#include <utility>

#include "conn/base/reassembly_budget.h"
#include "p2p/base/listen_address.h"
#include "p2p/base/peer_reason.h"
#include "p2p/connect/upgrade.h"
#include "p2p/peer/inbox.h"
#include "p2p/switch_settings.h"

namespace peerage::p2p {

using conn::Failure;
using conn::NodeId;
using conn::Reason;
using conn::Result;
using conn::Stage;

namespace {

using Another = DuplicateConnections::Another;
using List = NamedAddresses::List;

std::uint64_t draw(conn::Runtime& runtime) {
  return conn::random_value<std::uint64_t>(runtime);
}

SwitchConfig without_log(SwitchConfig config) {
  config.log.reset();
  return config;
}

std::shared_ptr<Upgrader> upgrader_or_comet(conn::Runtime& runtime,
                                            std::shared_ptr<Upgrader> upgrader, conn::NodeKey key) {
  if (upgrader) return upgrader;
  return std::make_shared<CometUpgrader>(runtime,
                                         std::make_shared<const conn::NodeKey>(std::move(key)));
}

auto reassembly(std::size_t bytes) {
  return std::make_shared<conn::ReassemblyBudget>(bytes);
}
auto inbox(std::size_t bytes) {
  return std::make_shared<InboxBudget>(bytes);
}

// Addresses under a host name are those of a node's ID alone: where the name leads is not known.
Dialer::Which falls_under(const BanTarget& target) {
  return [target](const conn::HostAddress& address) {
    const auto ip = conn::IpAddress::parse(address.host);
    const auto* id = std::get_if<NodeId>(&target);
    return ip ? conn::covers(target, address.id, *ip) : id != nullptr && *id == address.id;
  };
}

PeerMarks configured_marks(const SwitchConfig& config) {
  const auto& unconditional = config.p2p.unconditional_peer_ids;
  const auto& private_ids = config.p2p.private_peer_ids;
  PeerMarks marks;
  marks.replace(Mark::unconditional, {unconditional.begin(), unconditional.end()});
  marks.replace(Mark::private_, {private_ids.begin(), private_ids.end()});
  marks.replace(Mark::named, config.named_nodes);
  return marks;
}

}  // namespace

PeerManager::PeerManager(conn::Runtime& runtime, conn::NodeKey key, SwitchConfig config,
                         std::shared_ptr<Upgrader> upgrader,
                         const std::shared_ptr<const ReactorTable>& reactors,
                         SwitchReports& reports)
    : runtime_(runtime),
      control_(runtime.shard(0)),
      reports_(reports),
      config_(without_log(checked(std::move(config)))),
      id_(key.id()),
      marks_(configured_marks(config_)),
      named_(control_, reports_.log()),
      admission_(
          admission_config(config_),
          [&runtime](std::size_t below) { return draw(runtime) % below; }, control_.now()),
      shared_addresses_(admission_config(config_).exempt, control_.now()),
      dialer_(dialer_config(config_), id_, marks_,
              [&runtime] { return static_cast<double>(draw(runtime) >> 11) * 0x1p-53; }),
      transport_(runtime, upgrader_or_comet(runtime, std::move(upgrader), std::move(key)),
                 transport_timeouts(config_.p2p),
                 listen_address(config_.p2p.laddr)->ip),  // checked() has parsed it
      registry_(id_,
                {runtime, reactors, reassembly(config_.reassembly_total_bytes),
                 inbox(config_.inbox.total_bytes), reports.log().peers()},
                {runtime, reactors, reassembly(config_.named_reassembly_bytes),
                 inbox(config_.named_inbox_bytes), reports.log().peers()},
                admission_,
                {connection_config(config_, reports.round_trips()), config_.inbox.per_peer_bytes},
                *this),
      bans_(control_, admission_.bans(), registry_, reports),
      dial_runner_(
          runtime, transport_, dialer_, admission_, reports.counters(),
          [this] { return local_node_info_->current(); },
          [this] { return shard_turn_++ % runtime_.shard_count(); }, *this),
      acceptor_(
          runtime, transport_, admission_, reports.counters(),
          transport_timeouts(config_.p2p).handshake, [this] { return local_node_info_->current(); },
          [this] { return shard_turn_++ % runtime_.shard_count(); }, *this),
      snapshot_(std::make_shared<const SwitchSnapshot>()),
      listening_(std::make_shared<const conn::Endpoint>()) {
  for (const conn::HostAddress& each : config_.p2p.persistent_peers) {
    named_.add(List::persistent_peers, each);
  }
  marks_.observe(*this);
  admission_.bans().set_has_named(
      [this](const conn::Cidr& network) { return admission_.has_named_in(network); });
}

// --- life ---

Result<void> PeerManager::open(std::vector<conn::ChannelId> channels) {
  state_ = State::open;
  local_node_info_.emplace(runtime_, id_, config_, std::move(channels), [this](const Failure& why) {
    reports_.log().external_address_unresolved(why);
  });
  const auto listening = acceptor_.listen(*listen_address(config_.p2p.laddr));
  if (!listening) return tl::unexpected(listening.error());
  listening_.publish(std::make_shared<const conn::Endpoint>(*listening));
  local_node_info_->start(*listening);
  reports_.log().listening({id_, *listening}, config_.networks.front());
  // Only now: dials advertise the port that we got.
  dial_runner_.open();
  // Those of the configuration, as they were changed meanwhile.
  for (const auto& address : named_.addresses().of(List::persistent_peers)) add_persistent(address);
  publish();
  return {};
}

void PeerManager::close(std::function<void()> gone) {
  state_ = State::closing;
  gone_ = std::move(gone);
  // The ways in first, or newcomers would join the peers that are being ended.
  acceptor_.close();
  dial_runner_.close();
  named_.close();
  if (local_node_info_) local_node_info_->close();
  registry_.disconnect_all(kStopTimeout);
  close_if_empty();
}

void PeerManager::close_if_empty() {
  if (state_ != State::closing || !registry_.empty()) return;
  state_ = State::closed;
  registry_.close();
  // The last snapshot would keep its peers; what they sent and received stays.
  auto last = std::make_shared<SwitchSnapshot>();
  last->gone = registry_.gone_traffic();
  snapshot_.publish(std::move(last));
  std::exchange(gone_, nullptr)();
}

// --- what is asked ---

void PeerManager::dial(const DialOrder& order) {
  const conn::HostAddress& target = order.target;
  Result<void> asked;
  if (state_ == State::closing || state_ == State::closed) {
    asked = conn::fail(Stage::admission, Reason::stopping);
  } else if (draining_ == Draining::yes) {
    asked = conn::fail(Stage::admission, PeerReason::draining);
  } else if (is_own_place(target)) {
    // By address: it may come with another's ID. Our own ID is refused by the dialer.
    asked = conn::fail(Stage::admission, PeerReason::own_address, target.to_string());
  } else if (std::find(config_.networks.begin(), config_.networks.end(), network_of(order)) ==
             config_.networks.end()) {
    asked = conn::fail(Stage::admission, Reason::invalid_argument,
                       conn::printable(order.network) + " is not served");
  } else {
    asked = dialer_.request(order, control_.now());
  }
  if (!asked) {
    if (target.id != id_ || !is_own_place(target)) named_.on_dial_failed(target, asked.error());
    reports_.tell(DialFailed{target, order.purpose, network_of(order), asked.error(), {}});
  } else {
    dial_runner_.wake();
  }
}

bool PeerManager::is_own_place(const conn::HostAddress& address) const {
  const auto ip = conn::IpAddress::parse(address.host);
  return ip && local_node_info_ && local_node_info_->is_own({*ip, address.port});
}

void PeerManager::add_persistent(const conn::HostAddress& address) {
  named_.add(List::persistent_peers, address);
  if (const auto added = dialer_.add_persistent(address, control_.now()); !added) {
    // A list shared by all nodes of a private network names each node to itself. At another place
    // than ours it is a copy of this node, which it can never be connected to.
    reports_.log().persistent_left_out(added.error());
    if (!is_own_place(address)) named_.on_dial_failed(address, added.error());
    return;
  }
  for (const conn::HostAddress& seed : named_.addresses().of(List::seeds, address.id))
    add_seed(seed);
  if (const auto ip = conn::IpAddress::parse(address.host)) admission_.expect_at(address.id, *ip);
  marks_.add(Mark::persistent, address.id);
  dial_runner_.wake();
}

void PeerManager::remove_persistent(const NodeId& id) {
  for (const auto& address : named_.addresses().of(List::persistent_peers, id)) {
    named_.remove(List::persistent_peers, address);
  }
  dialer_.remove_persistent(id);
  marks_.remove(Mark::persistent, id);
}

// A peer that keeps another address keeps its connection, wherever that leads.
void PeerManager::remove_persistent(const conn::HostAddress& address) {
  if (!named_.remove(List::persistent_peers, address)) return;
  if (!named_.addresses().has(List::persistent_peers, address.id)) {
    remove_persistent(address.id);
  } else if (!named_.addresses().contains(address)) {
    dialer_.remove_persistent(address);
  }
}

void PeerManager::set_seed_addresses(const std::vector<conn::HostAddress>& seeds) {
  for (const conn::HostAddress& had : named_.addresses().of(List::seeds)) {
    if (std::find(seeds.begin(), seeds.end(), had) == seeds.end()) remove_seed(had);
  }
  for (const conn::HostAddress& seed : seeds) {
    if (named_.add(List::seeds, seed)) add_seed(seed);
  }
  dial_runner_.wake();
}

void PeerManager::add_seed(const conn::HostAddress& address) {
  const NamedAddresses& named = named_.addresses();
  const bool is_new =
      named.has(List::persistent_peers, address.id) && !named.has(List::persistent_peers, address);
  if (is_new) (void)dialer_.add_persistent(address, control_.now());
}

void PeerManager::remove_seed(const conn::HostAddress& address) {
  named_.remove(List::seeds, address);
  if (!named_.addresses().contains(address)) dialer_.remove_persistent(address);
}

DialOutlook PeerManager::outlook(const NodeId& id) const {
  DialOutlook outlook = dialer_.outlook(id, control_.now());
  const bool may_dial = draining_ == Draining::no && state_ == State::open;
  if (may_dial || outlook.state == DialOutlook::State::connected) return outlook;
  return dialer_.is_dialling(id) ? outlook : DialOutlook{};
}

void PeerManager::mark_good(const NodeId& id) {
  const PeerPtr peer = registry_.find(id);
  if (!peer) return;
  peer->mark_useful();
  reports_.tell(MarkedGood{peer});
}

bool PeerManager::drain(Draining draining) {
  if (std::exchange(draining_, draining) == draining) return false;
  acceptor_.drain(draining);
  // Before a dial begins, whose handlers look at the snapshot.
  publish();
  dial_runner_.drain(draining);
  return true;
}

Result<void> PeerManager::hold_off(const BanTarget& target, conn::Duration span,
                                   const std::string& why) {
  const conn::TimePoint now = control_.now();
  const conn::TimePoint until = now + std::min(span, conn::TimePoint::max() - now);
  const Ban wish = {target, until, conn::printable(why), BanOrigin::operator_};
  if (const auto held = admission_.held_off().add(wish, now); !held) {
    return tl::unexpected(held.error());
  }
  // It may be shorter than what it replaces.
  dialer_.let_back(falls_under(target), now);
  dialer_.hold_off(falls_under(target), until);
  registry_.stop_if(
      [&target](const Peer& peer) { return conn::covers(target, peer.id(), peer.socket().ip); },
      {Stage::admission, PeerReason::disconnected, wish.reason});
  return {};
}

bool PeerManager::let_back(const BanTarget& target) {
  if (!admission_.held_off().remove(target)) return false;
  redial(target);
  return true;
}

void PeerManager::unban(const BanTarget& target) {
  if (bans_.unban(target)) redial(target);
}

void PeerManager::redial(const BanTarget& target) {
  dialer_.let_back(falls_under(target), control_.now());
  dial_runner_.wake();
}

// They may be connected already, in a slot that they need no longer, or in none.
void PeerManager::on_marks_changed(const std::vector<NodeId>& ids) {
  for (const NodeId& id : ids) registry_.mark(id, marks_.of(id));
  publish();
}

// --- handshakes ---

void PeerManager::on_refused_on_arrival(const conn::Endpoint& remote, const Failure& why) {
  reports_.refused_on_arrival(remote, why);
  note_refusal(remote.ip, why.reason);
}

void PeerManager::on_handshake_proven(Proven node, const AttemptReport& report) {
  const NodeId id = node.id();
  registry_.on_proven(std::move(node), DialPurpose::requested, report, marks_.of(id),
                      dialer_.is_dialling(id) ? Another::expected : Another::none);
}

void PeerManager::on_handshake_failed(const conn::Endpoint& remote, const AttemptReport& report,
                                      const Failure& why) {
  reports_.refused({remote, report.upgrade.remote_id, why, report});
  note_refusal(remote.ip, why.reason);
}

void PeerManager::on_probe(const conn::Endpoint& remote) {
  reports_.log().probed(remote, control_.now());
}

void PeerManager::note_refusal(const conn::IpAddress& from, Reason why) {
  const conn::TimePoint now = control_.now();
  if (const auto network = shared_addresses_.on_refused(from, why, now)) {
    reports_.log().shared_address(from, *network, why, now);
  }
}

void PeerManager::on_handshake_over(const conn::IpAddress& ip) {
  registry_.on_handshake_left(ip);
  publish();
}

// --- dials ---

void PeerManager::on_dial_began(const DialOrder& order) {
  reports_.tell(Dialled{order.target, order.purpose, network_of(order)});
  publish();
}

void PeerManager::on_dial_proven(const DialOrder& order, Proven node, const AttemptReport& report) {
  const NodeId id = node.id();
  // By host, for a handshake has no ID yet: one of them may be the node's dial to us.
  const bool dials_us = admission_.half_open().has_any_from(node.remote.ip);
  registry_.on_proven(std::move(node), order.purpose, report, marks_.of(id),
                      dials_us ? Another::expected : Another::none);
}

void PeerManager::on_dial_failed(const DialOrder& order, const AttemptReport& report,
                                 const Failure& why) {
  reports_.log().dial_failed(order.target, why, control_.now());
  named_.on_dial_failed(order.target, why);
  registry_.on_dial_failed(order.target.id);  // an inbound link may have waited for this dial
  reports_.tell(DialFailed{order.target, order.purpose, network_of(order), why, report});
  publish();
}

// --- peers ---

void PeerManager::on_connected(const Connected& event) {
  const Peer& peer = *event.peer;
  const bool inbound = peer.direction() == Direction::inbound;
  reports_.counters().add(inbound ? Counter::peers_inbound : Counter::peers_outbound);
  // Not when it was proven: a dial that is held back keeps its slot, and no second one begins.
  if (!inbound) dialer_.on_dial_ended(peer.id(), nullptr, control_.now());
  dialer_.on_connected(peer.id(), peer.direction(), control_.now());
  reports_.log().connected(peer, control_.now());
  named_.on_connected(peer);
  // Before the event: handlers look at the snapshot.
  publish();
  reports_.tell(event);
  if (const auto surplus = dialer_.surplus()) registry_.disconnect(*surplus, kStopTimeout);
}

void PeerManager::on_gone(const Gone& event) {
  const Peer& peer = *event.peer;
  Counters& counters = reports_.counters();
  counters.add(Counter::peers_gone);
  counters.add_failure(peer.direction(), event.why.reason);
  if (event.why.reason == PeerReason::evicted) counters.add(Counter::evicted);
  // What we ended ourselves is not worth going back to.
  const auto redial =
      event.ended_by == conn::EndedBy::us ? Dialer::Redial::no : Dialer::Redial::yes;
  dialer_.on_gone(peer.id(), peer.dialled(), redial, control_.now());
  const bool is_lost = marks_.has(Mark::persistent, peer.id()) && state_ == State::open;
  reports_.log().gone(peer, event.why,
                      is_lost ? SwitchLog::Persistent::yes : SwitchLog::Persistent::no,
                      control_.now());
  publish();
  reports_.tell(event);
}

void PeerManager::on_not_admitted(const Proven::Summary& node, DialPurpose purpose,
                                  const AttemptReport& report, const Failure& why) {
  reports_.counters().add_failure(node.direction, why.reason);
  if (node.dialled) {
    // Proven and never shown: the dial ends only here.
    dialer_.on_dial_ended(node.id, &why, control_.now());
    named_.on_dial_failed(*node.dialled, why);
    reports_.tell(DialFailed{*node.dialled, purpose, node.network, why, report});
  } else {
    reports_.refused({node.remote, node.id, why, report});
    note_refusal(node.remote.ip, why.reason);
  }
  publish();
}

void PeerManager::on_settled() {
  dial_runner_.wake();
  close_if_empty();
}

// --- small things ---

const std::string& PeerManager::network_of(const DialOrder& order) const {
  return order.network.empty() ? config_.networks.front() : order.network;
}

void PeerManager::publish() {
  if (state_ == State::created || state_ == State::closed) return;
  auto snapshot = std::make_shared<SwitchSnapshot>();
  snapshot->peers = registry_.peers();
  snapshot->inbound = admission_.slots_taken(Direction::inbound);
  snapshot->outbound = admission_.slots_taken(Direction::outbound);
  snapshot->named =
      static_cast<std::size_t>(std::count_if(snapshot->peers.begin(), snapshot->peers.end(),
                                             [](const PeerPtr& peer) { return peer->named(); }));
  snapshot->persistent = static_cast<std::size_t>(
      std::count_if(snapshot->peers.begin(), snapshot->peers.end(),
                    [](const PeerPtr& peer) { return peer->persistent(); }));
  snapshot->persistent_named = named_.addresses().ids_besides(List::persistent_peers, id_);
  snapshot->dialling = dialer_.dialling();
  snapshot->handshakes = admission_.half_open().size();
  snapshot->free_outbound = dialer_.free_slots();
  snapshot->draining = draining_ == Draining::yes;
  snapshot->inbound_slots = config_.p2p.max_num_inbound_peers;
  snapshot->outbound_slots = config_.p2p.max_num_outbound_peers;
  snapshot->gone = registry_.gone_traffic();
  snapshot_.publish(std::move(snapshot));
}

}  // namespace peerage::p2p
