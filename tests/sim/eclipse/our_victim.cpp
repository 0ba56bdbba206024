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
  plan.node.liveness.ping_interval = kPingInterval;
  plan.book = pex::book_config(plan.node.p2p, plan.pex);
  return plan;
}

OurVictim::OurVictim(SimHost& host, Plan plan, std::filesystem::path file)
    : host_(host), plan_(std::move(plan)), file_(std::move(file)) {
  plan_.node.p2p.external_address = conn::Endpoint{host_.address(), kPort}.to_string();
  make();
}

OurVictim::~OurVictim() = default;

void OurVictim::make() {
  pex::prepare(plan_.node, plan_.pex);
  conn::NodeKey key = victim_key();
  books_ = std::make_shared<pex::NetworkBooks>(
      host_, key.id(), pex::NetworkBooks::Settings{file_, {kNetwork}, plan_.book, {}});
  pex_ = std::make_shared<pex::PexReactor>(host_, books_, plan_.pex);
  node_ = std::make_unique<p2p::Switch>(host_, std::move(key), plan_.node);
  pex::PexReactor::attach(*node_, pex_);
  node_->add_reactor(std::make_shared<GossipReactor>());
  node_->on_event([this](const p2p::SwitchEvent& event) { on_event(event); });
  outbound_.clear();
  started_ = stopped_ = false;
}

void OurVictim::start() {
  const auto go = [this] {
    node_->start([this](const conn::Result<void>& result) { started_ = result.has_value(); });
  };
  if (!from_file_) {
    go();
    return;
  }
  books_->open([go](const conn::Result<pex::NetworkBooks::Opened>& opened) {
    if (!opened) throw std::runtime_error("the victim's book: " + opened.error().text());
    go();
  });
}

void OurVictim::stop() {
  if (plan_.anchors == Plan::Anchors::forgotten) {
    for (const auto& [link, peer] : outbound_) {
      books_->first().mark_left(peer.address, books_->now());
    }
  }
  node_->stop([this] { save(); });
}

// Opening an empty file writes into it everything that is in memory.
void OurVictim::save() {
  if (from_file_) {
    books_->close([this](const conn::Result<void>&) { stopped_ = true; });
    return;
  }
  std::filesystem::remove(file_);
  for (const char* companion : {"-wal", "-shm", "-journal"}) {
    std::filesystem::remove(file_.string() + companion);
  }
  books_->open([this](const conn::Result<pex::NetworkBooks::Opened>& opened) {
    if (!opened) throw std::runtime_error("the victim's book: " + opened.error().text());
    books_->close([this](const conn::Result<void>& closed) {
      if (!closed) throw std::runtime_error("the victim's book: " + closed.error().text());
      stopped_ = from_file_ = true;
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
    for (const conn::HostAddress& seed : plan_.pex.seeds) {
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
  const auto all = node_->peers();
  for (const p2p::PeerPtr& peer : all) {
    if (peer->direction() == p2p::Direction::inbound) peers.push_back(peer->socket().ip);
  }
  return peers;
}

void OurVictim::for_each_known(const Visit& visit) const {
  books_->first().for_each(
      [&visit](const addrbook::KnownAddress& known) { visit(known.address, known.kind); });
}

bool OurVictim::knows(const conn::NetAddress& address) const {
  return books_->first().find(address) != nullptr;
}

}  // namespace peerage::sim::eclipse
