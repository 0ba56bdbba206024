#include "tests/sim/eclipse/our_victim.h"

#include <stdexcept>
#include <utility>

#include "tests/sim/eclipse/gossip_reactor.h"
#include "tests/sim/eclipse/puppet.h"

namespace peerage::sim::eclipse {
namespace {

constexpr std::uint64_t kVictimKey = 0xffff'ffff'0000'0001;

conn::NodeKey victim_key() {
  conn::ByteArray<32> seed{};
  for (std::size_t i = 0; i < 8; ++i) seed[i] = static_cast<std::uint8_t>(kVictimKey >> (8 * i));
  return conn::NodeKey::from_seed(conn::Secret<32>(seed));
}

}  // namespace

OurVictim::Plan OurVictim::default_plan() {
  Plan plan;
  plan.node.networks = {kNetwork};
  plan.node.connections.liveness.ping_interval = kPingInterval;
  plan.node.book = pex::book_config(plan.node);
  return plan;
}

OurVictim::OurVictim(SimHost& host, Plan plan, std::filesystem::path file)
    : host_(host), plan_(std::move(plan)), file_(std::move(file)) {
  plan_.node.connections.p2p.external_address = conn::Endpoint{host_.address(), kPort}.to_string();
  make();
}

OurVictim::~OurVictim() = default;

void OurVictim::make() {
  auto node = pex::Node::create(host_, plan_.node, victim_key());
  if (!node) throw std::invalid_argument("the victim: " + node.error().text());
  node_ = std::move(*node);
  node_->add_reactor(std::make_shared<GossipReactor>());
  node_->on_event([this](const p2p::SwitchEvent& event) { on_event(event); });
  outbound_.clear();
  started_ = stopped_ = false;
}

void OurVictim::start() {
  node_->start([this](const conn::Result<void>& result) {
    if (!result) throw std::runtime_error("the victim's start: " + result.error().text());
    started_ = true;
  });
}

void OurVictim::stop() {
  if (plan_.anchors == Plan::Anchors::forgotten) {
    for (const auto& [link, peer] : outbound_) {
      books().first().mark_left(peer.address, books().now());
    }
  }
  node_->stop([this](const conn::Result<void>& saved) {
    if (!saved) throw std::runtime_error("the victim's book: " + saved.error().text());
    if (plan_.node.book_file.empty()) return save();
    stopped_ = true;
  });
}

// Opening an empty file writes into it everything that is in memory.
void OurVictim::save() {
  for (const char* part : {"", "-wal", "-shm", "-journal"}) {
    std::filesystem::remove(file_.string() + part);
  }
  books().set_file(file_);
  books().open([this](const conn::Result<pex::NetworkBooks::Opened>& opened) {
    if (!opened) throw std::runtime_error("the victim's book: " + opened.error().text());
    books().close([this](const conn::Result<void>& closed) {
      if (!closed) throw std::runtime_error("the victim's book: " + closed.error().text());
      plan_.node.book_file = file_;
      stopped_ = true;
    });
  });
}

void OurVictim::make_anew() {
  node_.reset();
  make();
}

conn::NetAddress OurVictim::address() const {
  return {node_->id(), {host_.address(), kPort}};
}

void OurVictim::on_event(const p2p::SwitchEvent& event) {
  if (std::holds_alternative<p2p::Dialled>(event)) ++dials_;
  if (const auto* connected = std::get_if<p2p::Connected>(&event)) {
    const p2p::Peer& peer = *connected->peer;
    if (peer.direction() != p2p::Direction::outbound ||
        connected->purpose == p2p::DialPurpose::feeler) {
      return;
    }
    for (const conn::HostAddress& seed : plan_.node.seeds) {
      if (seed.id == peer.id()) return;
    }
    outbound_[peer.link()] = {{peer.id(), peer.socket()}, host_.shard(0).now()};
    if (on_change) on_change();
  } else if (const auto* gone = std::get_if<p2p::Gone>(&event)) {
    if (outbound_.erase(gone->peer->link()) > 0 && on_change) on_change();
  }
}

std::vector<Victim::Outbound> OurVictim::outbound() const {
  std::vector<Outbound> peers;
  for (const auto& [link, peer] : outbound_) peers.push_back(peer);
  return peers;
}

std::vector<conn::IpAddress> OurVictim::inbound() const {
  std::vector<conn::IpAddress> peers;
  const auto all = node_->get_switch().peers();
  for (const p2p::PeerPtr& peer : all) {
    if (peer->direction() == p2p::Direction::inbound) peers.push_back(peer->socket().ip);
  }
  return peers;
}

void OurVictim::for_each_known(const Visit& visit) const {
  books().first().for_each(
      [&visit](const addrbook::KnownAddress& known) { visit(known.address, known.kind); });
}

bool OurVictim::knows(const conn::NetAddress& address) const {
  return books().first().find(address) != nullptr;
}

}  // namespace peerage::sim::eclipse
