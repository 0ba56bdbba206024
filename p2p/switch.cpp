#include "p2p/switch.h"

#include <algorithm>
#include <stdexcept>
#include <utility>

#include "conn/runtime/sync_wait.h"
#include "p2p/switch_core.h"
#include "p2p/switch_settings.h"

namespace peerage::p2p {

Switch::Switch(conn::Runtime& runtime, conn::NodeKey key, SwitchConfig config)
    : Switch(runtime, std::move(key), std::move(config), nullptr) {}
Switch::Switch(conn::Runtime& runtime, conn::NodeKey key, SwitchConfig config,
               std::shared_ptr<Upgrader> upgrader)
    : core_(std::make_shared<SwitchCore>(runtime, std::move(key), std::move(config),
                                         std::move(upgrader))) {}

// No share in the core: reactors are given this one, and the core owns them.
Switch::Switch(SwitchCore& core) : core_(std::shared_ptr<SwitchCore>(), &core), owner_(false) {}

Switch::~Switch() {
  if (!owner_) return;
  if (core_->runtime().may_wait()) {
    stop_and_wait();
  } else {
    stop();
  }
}

void Switch::add_reactor(std::shared_ptr<Reactor> reactor) {
  core_->require_not_started("add_reactor");
  core_->reactors().add(std::move(reactor));
}

void Switch::on_event(OnSwitchEvent handler) {
  core_->require_not_started("on_event");
  core_->reports().add_handler(std::move(handler));
}

void Switch::start(Started done) {
  core_->note_started();
  core_->post([done = std::move(done)](SwitchCore& core) { core.start(done); });
}

conn::Result<void> Switch::start_and_wait() {
  using Outcome = conn::Result<void>;
  const auto outcome = conn::sync_wait<Outcome>(
      core_->runtime(), [this](const std::function<void(Outcome)>& done) { start(done); });
  if (outcome) return *outcome;
  return tl::unexpected(conn::as_failure(outcome.error(), "start_and_wait(), unlike start(),"));
}

void Switch::stop(std::function<void()> done) {
  core_->post([done = std::move(done)](SwitchCore& core) { core.stop(done); });
}

void Switch::stop_and_wait() {
  if (!core_->runtime().may_wait()) {
    throw std::logic_error("stop_and_wait() would wait for itself here; use stop()");
  }
  stop();
  core_->wait_until_stopped();
}

const conn::NodeId& Switch::id() const {
  return core_->peers().id();
}
conn::Endpoint Switch::listen_endpoint() const {
  return core_->peers().listen_endpoint();
}

std::shared_ptr<const SwitchSnapshot> Switch::snapshot() const {
  return core_->peers().snapshot();
}

std::vector<PeerPtr> Switch::peers() const {
  return snapshot()->peers.to_vector();
}

PeerPtr Switch::find_peer(const conn::NodeId& id) const {
  const auto now = snapshot();
  const auto found = std::find_if(now->peers.begin(), now->peers.end(),
                                  [&id](const PeerPtr& peer) { return peer->id() == id; });
  return found == now->peers.end() ? nullptr : *found;
}

BroadcastResult Switch::broadcast(conn::ChannelId channel, conn::SharedBytes bytes) {
  BroadcastResult result;
  const conn::SharedBytes shared = std::move(bytes);
  const auto now = snapshot();
  for (const PeerPtr& peer : now->peers) {
    const bool queued = peer->try_send(channel, shared) == conn::SendResult::queued;
    ++(queued ? result.queued : result.refused);
  }
  core_->reports().counters().add(Counter::broadcast_queued, result.queued);
  core_->reports().counters().add(Counter::broadcast_refused, result.refused);
  return result;
}

void Switch::stop_peer(const conn::NodeId& id, conn::Failure why) {
  core_->post(
      [id, why = std::move(why)](SwitchCore& core) { core.peers().registry().stop(id, why); });
}
void Switch::stop_peer(const Peer& peer, conn::Failure why) {
  core_->post([link = peer.link(), why = std::move(why)](SwitchCore& core) {
    core.peers().registry().stop(link, why);
  });
}
void Switch::disconnect(const conn::NodeId& id, conn::Duration within) {
  core_->post([id, within](SwitchCore& core) { core.peers().registry().disconnect(id, within); });
}
void Switch::mark_good(const conn::NodeId& id) {
  core_->post([id](SwitchCore& core) { core.peers().mark_good(id); });
}

void Switch::dial(const conn::HostAddress& target, DialPurpose purpose,
                  const std::string& network) {
  core_->post([order = DialOrder{target, purpose, network}](SwitchCore& core) {
    core.peers().dial(order);
  });
}
void Switch::dial_outlook(const conn::NodeId& id,
                          std::function<void(const DialOutlook&)> into) const {
  core_->post([id, into = std::move(into)](SwitchCore& core) { into(core.peers().outlook(id)); });
}
void Switch::add_persistent_peer(const conn::HostAddress& address) {
  core_->post([address](SwitchCore& core) { core.peers().add_persistent(address); });
}
void Switch::remove_persistent_peer(const conn::NodeId& id) {
  core_->post([id](SwitchCore& core) { core.peers().remove_persistent(id); });
}
void Switch::remove_persistent_peer(const conn::HostAddress& address) {
  core_->post([address](SwitchCore& core) { core.peers().remove_persistent(address); });
}
void Switch::set_seed_addresses(std::vector<conn::HostAddress> seeds) {
  core_->post(
      [seeds = std::move(seeds)](SwitchCore& core) { core.peers().set_seed_addresses(seeds); });
}
void Switch::add_unconditional_peer(const conn::NodeId& id) {
  core_->post([id](SwitchCore& core) { core.peers().marks().add(Mark::unconditional, id); });
}
void Switch::remove_unconditional_peer(const conn::NodeId& id) {
  core_->post([id](SwitchCore& core) { core.peers().marks().remove(Mark::unconditional, id); });
}
void Switch::add_private_peer(const conn::NodeId& id) {
  core_->post([id](SwitchCore& core) { core.peers().marks().add(Mark::private_, id); });
}
void Switch::remove_private_peer(const conn::NodeId& id) {
  core_->post([id](SwitchCore& core) { core.peers().marks().remove(Mark::private_, id); });
}
void Switch::set_named_nodes(std::set<conn::NodeId> ids) {
  if (ids.size() > kMaxNamedNodes) throw std::invalid_argument(too_many_named());
  core_->post(
      [ids = std::move(ids)](SwitchCore& core) { core.peers().marks().replace(Mark::named, ids); });
}

void Switch::drain(Draining draining, std::function<void(bool)> done) {
  core_->post([draining, done = std::move(done)](SwitchCore& core) {
    const bool changed = core.peers().drain(draining);
    if (done) done(changed);
  });
}

void Switch::ban(const BanTarget& target, conn::Duration span, const std::string& why,
                 BanOrigin origin, Asked done, std::string by) {
  core_->post(
      [target, span, why, origin, done = std::move(done), by = std::move(by)](SwitchCore& core) {
        const conn::Result<void> outcome = core.peers().bans().ban(target, span, why, origin, by);
        if (done) done(outcome);
      });
}
void Switch::ban_peer(const Peer& peer, conn::Duration span, const std::string& why,
                      std::string by) {
  core_->post([id = peer.id(), ip = peer.socket().ip, span, why, by = std::move(by)](
                  SwitchCore& core) { core.peers().bans().ban_peer(id, ip, span, why, by); });
}
void Switch::unban(const BanTarget& target) {
  core_->post([target](SwitchCore& core) { core.peers().unban(target); });
}
void Switch::restore_bans(std::vector<Ban> bans) {
  core_->post([bans = std::move(bans)](SwitchCore& core) { core.peers().bans().restore(bans); });
}
void Switch::list_bans(std::function<void(std::vector<Ban>)> into) const {
  core_->post([into = std::move(into)](SwitchCore& core) { into(core.peers().bans().all()); });
}

void Switch::hold_off(const BanTarget& target, conn::Duration span, const std::string& why,
                      Asked done) {
  core_->post([target, span, why, done = std::move(done)](SwitchCore& core) {
    const conn::Result<void> outcome = core.peers().hold_off(target, span, why);
    if (done) done(outcome);
  });
}
void Switch::let_back(const BanTarget& target, std::function<void(bool)> done) {
  core_->post([target, done = std::move(done)](SwitchCore& core) {
    const bool changed = core.peers().let_back(target);
    if (done) done(changed);
  });
}
void Switch::list_held_off(std::function<void(std::vector<Ban>)> into) const {
  core_->post([into = std::move(into)](SwitchCore& core) { into(core.peers().held_off()); });
}

const Counters& Switch::counters() const {
  return core_->reports().counters();
}
std::vector<ReactorFigures> Switch::reactors() const {
  return core_->reactors().figures();
}
conn::HistogramCounts Switch::round_trips() const {
  return core_->reports().round_trips()->read();
}
const conn::PeerLog& Switch::peer_log() const {
  return core_->reports().log().peers();
}

}  // namespace peerage::p2p
