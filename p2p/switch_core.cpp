#include "p2p/switch_core.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "conn/base/reassembly_budget.h"
#include "p2p/base/listen_address.h"
#include "p2p/connect/upgrade.h"
#include "p2p/peer/inbox.h"
#include "p2p/switch_settings.h"

namespace peerage::p2p {

using conn::Failure;
using conn::NodeId;
using conn::Reason;
using conn::Result;
using conn::Stage;
using namespace std::chrono_literals;

namespace {

SwitchConfig without_log(SwitchConfig config) {
  config.log.reset();
  return config;
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

SwitchCore::SwitchCore(conn::Runtime& runtime, conn::NodeKey key, SwitchConfig config,
                       std::shared_ptr<Upgrader> upgrader)
    : runtime_(runtime),
      control_(runtime.shard(0)),
      key_(std::make_shared<const conn::NodeKey>(std::move(key))),
      id_(key_->id()),
      log_(config.log),
      config_(without_log(checked(std::move(config)))),
      reactors_(runtime),
      marks_(configured_marks(config_)),
      admission_(
          admission_config(config_), [this](std::size_t below) { return random() % below; },
          control_.now()),
      dialer_(dialer_config(config_), id_, marks_,
              [this] { return static_cast<double>(random() >> 11) * 0x1p-53; }),
      transport_(runtime,
                 upgrader ? std::move(upgrader) : std::make_shared<CometUpgrader>(runtime, key_),
                 transport_timeouts(config_.p2p),
                 listen_address(config_.p2p.laddr)->ip),  // checked() has parsed it
      snapshot_(std::make_shared<const SwitchSnapshot>()) {
  marks_.observe(*this);
  admission_.bans().set_has_named(
      [this](const conn::Cidr& network) { return admission_.has_named_in(network); });
  admission_.bans().set_has_established(
      [this](const conn::Cidr& network) { return has_established_in(network); });
}

SwitchCore::~SwitchCore() = default;

void SwitchCore::require_not_started(const char* what) const {
  if (start_called_) throw std::logic_error(std::string(what) + "() after the start");
}

void SwitchCore::post(std::function<void(SwitchCore&)> task) {
  control_.post([self = shared_from_this(), task = std::move(task)] { task(*self); });
}

// --- life ---

void SwitchCore::start(Switch::Started done) {
  if (state_ != State::created) {
    const bool ends = state_ == State::stopping || state_ == State::stopped;
    if (done) {
      done(conn::fail(Stage::configuration, Reason::invalid_argument,
                      ends ? "it has been stopped" : "it has been started before"));
    }
    return;
  }
  state_ = State::starting;
  started_ = std::move(done);
  handle_ = std::unique_ptr<Switch>(new Switch(*this));
  // Before we listen: no reactor sees a peer until all have started.
  reactors_.start(*handle_, [self = shared_from_this()](const Result<void>& outcome) {
    self->on_reactors_started(outcome);
  });
}

void SwitchCore::on_reactors_started(const Result<void>& outcome) {
  if (state_ != State::starting) {  // stop() came while the reactors started
    finish_start(conn::fail(Stage::configuration, Reason::stopping));
    return;
  }
  Result<void> opened = outcome;
  if (opened) opened = open();
  if (opened) {
    state_ = State::running;
    dial_runner_->wake();
    publish();
    tell(Started{});
  }
  finish_start(opened);
  // The reason is out; now what did start is stopped again.
  if (!opened) stop({});
}

Result<void> SwitchCore::open() {
  local_node_info_.emplace(runtime_, id_, config_, reactors_.channel_ids(),
                           [this](const Failure& why) { log_.external_address_unresolved(why); });
  const Link::Common common = {
      runtime_, reactors_.table(),
      std::make_shared<conn::ReassemblyBudget>(config_.reassembly_total_bytes),
      std::make_shared<InboxBudget>(config_.inbox.total_bytes), log_.peers()};
  Link::Common named = common;
  named.reassembly = std::make_shared<conn::ReassemblyBudget>(config_.named_reassembly_bytes);
  named.inbox = std::make_shared<InboxBudget>(config_.named_inbox_bytes);
  peers_.emplace(id_, common, named, admission_,
                 PeerRegistry::Settings{connection_config(config_), config_.inbox.per_peer_bytes},
                 registry_events());
  const auto introduce = [this] { return local_node_info_->current(); };
  const auto choose_shard = [this] { return next_shard(); };
  dial_runner_.emplace(runtime_, transport_, dialer_, admission_, counters_, introduce,
                       choose_shard, dial_events());
  acceptor_.emplace(runtime_, transport_, admission_, counters_,
                    transport_timeouts(config_.p2p).handshake, introduce, choose_shard,
                    acceptor_events());

  // Only now: an arrival needs all of the above.
  auto listening = acceptor_->listen(*listen_address(config_.p2p.laddr));
  if (!listening) return tl::unexpected(listening.error());
  {
    const std::lock_guard lock(mutex_);
    listening_ = *listening;
  }
  local_node_info_->start(*listening);
  log_.listening({id_, *listening}, config_.networks.front());
  // These dials begin at once, and advertise the port that we got.
  for (const conn::HostAddress& peer : config_.p2p.persistent_peers) add_persistent(peer);
  return {};
}

void SwitchCore::finish_start(const Result<void>& outcome) {
  if (!outcome) log_.cannot_start(outcome.error());
  if (const auto done = std::exchange(started_, nullptr)) done(outcome);
}

void SwitchCore::stop(std::function<void()> done) {
  if (state_ == State::stopped) {
    if (done) done();
    return;
  }
  if (done) on_stopped_.push_back(std::move(done));
  if (state_ == State::stopping) return;
  state_ = State::stopping;
  until_stopped_ = shared_from_this();  // the Switch may be gone before we are done
  // Before the first peer goes, so that handlers do not take its end for a loss.
  tell(Stopping{});
  // The ways in first, or newcomers would join the peers that are being ended.
  if (acceptor_) acceptor_->close();
  if (dial_runner_) dial_runner_->close();
  if (local_node_info_) local_node_info_->close();
  if (peers_ && !peers_->empty()) {
    peers_->disconnect_all(kStopTimeout);
  } else {
    on_all_peers_gone();
  }
}

void SwitchCore::on_all_peers_gone() {
  // Only now: every remove_peer is queued. Weak, for `until_stopped_` keeps us for as long as
  // anything can complete the stopping.
  reactors_.stop([weak = weak_from_this()](const Result<void>& outcome) {
    if (const auto self = weak.lock()) self->on_stopped(outcome);
  });
}

void SwitchCore::on_stopped(const Result<void>& outcome) {
  state_ = State::stopped;
  // Here, and not where the last reference to us goes: what they hold belongs to this shard.
  acceptor_.reset();
  dial_runner_.reset();
  peers_.reset();
  local_node_info_.reset();
  // The last snapshot would keep its peers.
  snapshot_.publish(std::make_shared<const SwitchSnapshot>());
  if (!outcome) log_.stop_failed(outcome.error());
  log_.stopped();
  for (const auto& done : std::exchange(on_stopped_, {})) done();
  const auto self = std::exchange(until_stopped_, nullptr);  // goes after the lock
  const std::lock_guard lock(mutex_);
  stopped_ = true;
  stopped_changed_.notify_all();
}

void SwitchCore::wait_until_stopped() {
  {
    std::unique_lock lock(mutex_);
    // Looked at again and again, for a runtime that is stopped wakes no thread.
    while (!stopped_ && !runtime_.stopped()) stopped_changed_.wait_for(lock, conn::kStoppedLook);
    if (stopped_) return;
  }
  if (!runtime_.may_wait()) return;
  runtime_.wait();  // what it had begun may be at work on us
  // Nothing will complete the stopping: we need not live for it.
  const std::lock_guard lock(mutex_);
  until_stopped_.reset();
}

conn::Endpoint SwitchCore::listen_endpoint() const {
  const std::lock_guard lock(mutex_);
  return listening_;
}

// --- what the parts report ---

Acceptor::Events SwitchCore::acceptor_events() {
  Acceptor::Events events;
  events.proven = [this](Proven node, const AttemptReport& report) {
    const NodeId id = node.id();
    const auto another = dialer_.is_dialling(id) ? DuplicateConnections::Another::expected
                                                 : DuplicateConnections::Another::none;
    peers_->on_proven(std::move(node), DialPurpose::requested, report, marks_.of(id), another);
  };
  events.refused = [this](const conn::Endpoint& remote, const AttemptReport& report,
                          const Failure& why) {
    refuse({remote, report.upgrade.remote_id, why});
  };
  events.refused_on_arrival = [this](const conn::Endpoint& remote, const Failure& why) {
    log_.refused_on_arrival(remote, why, control_.now());
  };
  events.left = [this](const conn::IpAddress& ip) {
    peers_->on_handshake_left(ip);
    publish();
  };
  return events;
}

DialRunner::Events SwitchCore::dial_events() {
  DialRunner::Events events;
  events.began = [this](const DialOrder& order) {
    tell(Dialled{order.target, order.purpose, network_of(order)});
    publish();
  };
  events.proven = [this](const DialOrder& order, Proven node, const AttemptReport& report) {
    const NodeId id = node.id();
    // By host, for a handshake has no ID yet: one of them may be the node's dial to us.
    const bool expected = admission_.half_open().has_any_from(node.remote.ip);
    peers_->on_proven(
        std::move(node), order.purpose, report, marks_.of(id),
        expected ? DuplicateConnections::Another::expected : DuplicateConnections::Another::none);
  };
  events.failed = [this](const DialOrder& order, const AttemptReport& report, const Failure& why) {
    log_.dial_failed(order.target, why, control_.now());
    peers_->on_dial_failed(order.target.id);  // an inbound link may have waited for this dial
    tell(DialFailed{order.target, order.purpose, network_of(order), why, report});
    publish();
  };
  return events;
}

PeerRegistry::Events SwitchCore::registry_events() {
  PeerRegistry::Events events;
  events.connected = [this](const Connected& event) { on_connected(event); };
  events.gone = [this](const Gone& event) { on_gone(event); };
  events.not_admitted = [this](const Proven::Summary& node, DialPurpose purpose,
                               const AttemptReport& report,
                               const Failure& why) { on_not_admitted(node, purpose, report, why); };
  events.settled = [this] {
    if (state_ == State::running) dial_runner_->wake();
    // What stop() waits for.
    if (state_ == State::stopping && peers_->empty()) on_all_peers_gone();
  };
  return events;
}

void SwitchCore::on_connected(const Connected& event) {
  const Peer& peer = *event.peer;
  const bool inbound = peer.direction() == Direction::inbound;
  counters_.add(inbound ? Counter::peers_inbound : Counter::peers_outbound);
  // Not when it was proven: a dial that is held back keeps its slot, and no second one begins.
  if (!inbound) dialer_.on_dial_ended(peer.id(), nullptr, control_.now());
  dialer_.on_connected(peer.id(), peer.direction(), control_.now());
  log_.connected(peer, control_.now());
  // Before the event: handlers look at the snapshot.
  publish();
  tell(event);
  if (const auto surplus = dialer_.surplus()) disconnect(*surplus, kStopTimeout);
}

void SwitchCore::on_gone(const Gone& event) {
  const Peer& peer = *event.peer;
  counters_.add(Counter::peers_gone);
  counters_.add_failure(peer.direction(), event.why.reason);
  if (event.why.reason == Reason::evicted) counters_.add(Counter::evicted);
  // What we ended ourselves is not worth going back to.
  const auto redial =
      event.ended_by == conn::EndedBy::us ? Dialer::Redial::no : Dialer::Redial::yes;
  dialer_.on_gone(peer.id(), peer.dialled(), redial, control_.now());
  const bool is_lost = marks_.has(Mark::persistent, peer.id()) && state_ == State::running;
  log_.gone(peer, event.why, is_lost ? SwitchLog::Persistent::yes : SwitchLog::Persistent::no,
            control_.now());
  publish();
  tell(event);
}

void SwitchCore::on_not_admitted(const Proven::Summary& node, DialPurpose purpose,
                                 const AttemptReport& report, const Failure& why) {
  counters_.add_failure(node.direction, why.reason);
  if (node.dialled) {
    // Proven and never shown: the dial ends only here.
    dialer_.on_dial_ended(node.id, &why, control_.now());
    tell(DialFailed{*node.dialled, purpose, node.network, why, report});
  } else {
    refuse({node.remote, node.id, why});
  }
  publish();
}

void SwitchCore::refuse(const Refused& event) {
  log_.refused(event, control_.now());
  tell(event);
}

// --- what is asked ---

void SwitchCore::stop_peer(const NodeId& id, const Failure& why) {
  if (peers_) peers_->stop(id, why);
}

void SwitchCore::stop_link(LinkId link, const Failure& why) {
  if (peers_) peers_->stop(link, why);
}

void SwitchCore::disconnect(const NodeId& id, conn::Duration within) {
  if (peers_) peers_->disconnect(id, within);
}

void SwitchCore::mark_good(const NodeId& id) {
  const PeerPtr peer = peers_ ? peers_->find(id) : nullptr;
  if (!peer) return;
  peer->mark_useful();
  tell(MarkedGood{peer});
}

void SwitchCore::dial(const DialOrder& order) {
  const conn::HostAddress& target = order.target;
  const auto ip = conn::IpAddress::parse(target.host);
  Result<void> asked;
  if (state_ == State::stopping || state_ == State::stopped) {
    asked = conn::fail(Stage::admission, Reason::stopping);
  } else if (ip && local_node_info_ && local_node_info_->is_own({*ip, target.port})) {
    // By address: it may come with another's ID. Our own ID is refused by the dialer.
    asked = conn::fail(Stage::admission, Reason::own_address, target.to_string());
  } else if (std::find(config_.networks.begin(), config_.networks.end(), network_of(order)) ==
             config_.networks.end()) {
    asked = conn::fail(Stage::admission, Reason::invalid_argument,
                       conn::printable(order.network) + " is not served");
  } else {
    asked = dialer_.request(order, control_.now());
  }
  if (!asked) {
    tell(DialFailed{target, order.purpose, network_of(order), asked.error(), {}});
  } else if (dial_runner_) {
    dial_runner_->wake();  // if not, it begins with the start
  }
}

void SwitchCore::add_persistent(const conn::HostAddress& peer) {
  if (const auto added = dialer_.add_persistent(peer, control_.now()); !added) {
    // A list shared by all nodes of a private network names each node to itself.
    log_.persistent_left_out(added.error());
    return;
  }
  if (const auto ip = conn::IpAddress::parse(peer.host)) admission_.expect_at(peer.id, *ip);
  marks_.add(Mark::persistent, peer.id);
  if (dial_runner_) dial_runner_->wake();
}

void SwitchCore::remove_persistent(const NodeId& id) {
  dialer_.remove_persistent(id);
  marks_.remove(Mark::persistent, id);
}

// They may be connected already, in a slot that they need no longer, or in none.
void SwitchCore::on_marks_changed(const std::vector<NodeId>& ids) {
  if (!peers_) return;
  for (const NodeId& id : ids) peers_->mark(id, marks_.of(id));
  publish();
}

// --- small things ---

const std::string& SwitchCore::network_of(const DialOrder& order) const {
  return order.network.empty() ? config_.networks.front() : order.network;
}

void SwitchCore::tell(const SwitchEvent& event) {
  for (const OnSwitchEvent& handler : handlers_) handler(event);
}

void SwitchCore::publish() {
  if (!peers_) return;
  auto snapshot = std::make_shared<SwitchSnapshot>();
  snapshot->peers = peers_->peers();
  snapshot->inbound = admission_.slots_taken(Direction::inbound);
  snapshot->outbound = admission_.slots_taken(Direction::outbound);
  snapshot->named =
      static_cast<std::size_t>(std::count_if(snapshot->peers.begin(), snapshot->peers.end(),
                                             [](const PeerPtr& peer) { return peer->named(); }));
  snapshot->dialling = dialer_.dialling();
  snapshot->handshakes = admission_.half_open().size();
  snapshot->free_outbound = dialer_.free_slots();
  snapshot_.publish(std::move(snapshot));
}

}  // namespace peerage::p2p
