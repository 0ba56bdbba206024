#include "tests/sim/go/go_node.h"

#include <stdexcept>
#include <utility>

namespace peerage::sim::go {

namespace {

GoReactor::Settings settings_of(const GoNode::Plan& plan) {
  const p2p::P2pConfig& p2p = plan.node.p2p;
  GoReactor::Settings settings;
  settings.book.strict = plan.strict;
  settings.book.private_ids = {p2p.private_peer_ids.begin(), p2p.private_peer_ids.end()};
  settings.pex.mode = plan.mode;
  settings.pex.version = plan.version;
  settings.pex.max_outbound = p2p.max_num_outbound_peers;
  settings.pex.duplicate_ip = p2p.allow_duplicate_ip ? GoPexConfig::DuplicateIp::allowed
                                                     : GoPexConfig::DuplicateIp::refused;
  settings.pex.mark_good_after = plan.mark_good_after;
  for (const conn::HostAddress& seed : plan.seeds) {
    const auto ip = conn::IpAddress::parse(seed.host);
    if (!ip) throw std::invalid_argument(seed.host + ": a seed must be a literal here");
    settings.pex.seeds.push_back({seed.id, {*ip, seed.port}});
  }
  return settings;
}

}  // namespace

GoNode::GoNode(SimHost& host, const KeySeed& key, Plan plan)
    : host_(host), key_(key), plan_(std::move(plan)) {
  const auto listens = conn::split_host_port(plan_.node.p2p.laddr);
  port_ = listens ? listens->port : 0;
  make({});
}

GoNode::~GoNode() {
  run_->owner = nullptr;
}

GoNode::KeySeed GoNode::numbered(std::uint32_t number) {
  KeySeed seed{};
  for (std::size_t i = 0; i < 4; ++i) seed[i] = static_cast<std::uint8_t>(number >> (8 * i));
  seed[31] = 1;
  return seed;
}

p2p::SwitchConfig GoNode::plain_config() {
  p2p::SwitchConfig config;
  config.p2p.laddr = "tcp://0.0.0.0:26656";
  return config;
}

void GoNode::make(const std::vector<GoBook::Row>& rows) {
  p2p::SwitchConfig config = as_go(plan_.node);
  config.networks = plan_.networks;
  if (config.p2p.external_address.empty()) {
    config.p2p.external_address = conn::Endpoint{host_.address(), port_}.to_string();
  }
  const auto advertised = conn::Endpoint::parse(config.p2p.external_address);
  run_ = std::make_shared<Run>();
  run_->owner = this;
  pex_ = std::make_shared<GoReactor>(host_, settings_of(plan_), rows);
  node_ = std::make_unique<p2p::Switch>(host_, conn::NodeKey::from_seed(conn::Secret<32>(key_)),
                                        std::move(config));
  // The Go node takes what it advertises and where it listens for its own addresses.
  pex_->book().add_ours(net_address());
  if (advertised) pex_->book().add_ours({id(), *advertised});
  GoReactor::attach(*node_, pex_);
  if (plan_.reactor) node_->add_reactor(plan_.reactor);
  node_->on_event([run = run_](const p2p::SwitchEvent& event) {
    if (run->owner != nullptr && run->owner->on_event) run->owner->on_event(event);
  });
}

void GoNode::start() {
  node_->start(
      [run = run_](const conn::Result<void>& result) { run->started = result.has_value(); });
}

void GoNode::stop() {
  node_->stop([run = run_] { run->stopped = true; });
}

void GoNode::crash() {
  const auto snapshot = node_->snapshot();
  for (const p2p::PeerPtr& peer : snapshot->peers) {
    node_->stop_peer(*peer, {conn::Stage::established, conn::Reason::stopped_locally, "crash"});
  }
  stop();
}

void GoNode::make_anew(Book book) {
  if (!stopped()) throw std::logic_error("a node is made anew when it has stopped");
  const std::vector<GoBook::Row> rows =
      book == Book::kept ? pex_->book().rows() : std::vector<GoBook::Row>{};
  run_->owner = nullptr;
  node_.reset();
  make(rows);
}

conn::HostAddress GoNode::address() const {
  return {id(), host_.address().to_string(), port_};
}

}  // namespace peerage::sim::go
