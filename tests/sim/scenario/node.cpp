#include "tests/sim/scenario/node.h"

#include <utility>

namespace peerage::sim {

conn::NodeKey numbered_key(std::uint32_t number) {
  conn::ByteArray<32> seed{};
  for (std::size_t i = 0; i < 4; ++i) seed[i] = static_cast<std::uint8_t>(number >> (8 * i));
  seed[31] = 1;
  return conn::NodeKey::from_seed(conn::Secret<32>(seed));
}

Node::Plan Node::plan() {
  Plan plan;
  plan.node.p2p.laddr = "tcp://0.0.0.0:" + std::to_string(kPort);
  plan.node.liveness.ping_interval = 10min;
  return plan;
}

Node::Plan Node::seed_plan() {
  Plan seed = plan();
  seed.pex = pex::PexConfig::seed();
  return seed;
}

Node::Node(SimHost& host, std::uint32_t number, Plan plan)
    : Member(host, plan.pex.role == pex::Role::seed ? Kind::seed : Kind::node),
      plan_(std::move(plan)),
      number_(number),
      id_(numbered_key(number).id()) {}

Node::~Node() {
  if (state_ != State::down) crash(Disk::kept);
}

void Node::make() {
  pex::NodeConfig config;
  config.connections = plan_.node;
  std::string& external = config.connections.p2p.external_address;
  if (external.empty()) external = ip().to_string() + ":" + std::to_string(kPort);
  config.exchange = plan_.pex;
  config.networks = plan_.networks;
  config.book_file = plan_.book;
  config.provenance = pex::NetworkBooks::Settings::Provenance::forgotten;
  node_ = pex::Node::create(host_, config, numbered_key(number_)).value();
  node_->on_event([this](const p2p::SwitchEvent& event) { note(event); });
}

void Node::start() {
  state_ = State::starting;
  make();
  node_->start([this](const conn::Result<void>& started) {
    if (state_ != State::starting) return;
    if (started) {
      state_ = State::running;
      started_at_ = host_.shard(0).now();
    } else {  // as a program that ends with an error
      state_ = State::down;
      node_.reset();
    }
  });
}

void Node::stop() {
  if (state_ == State::down || state_ == State::stopping) return;
  state_ = State::stopping;
  node_->stop([this](const conn::Result<void>&) {
    state_ = State::down;
    node_.reset();
  });
}

void Node::crash(Disk disk) {
  if (state_ == State::down) return;
  state_ = State::down;
  host_.stop();
  node_.reset();
  host_.plug_in();
  if (disk == Disk::kept || plan_.book.empty()) return;
  std::error_code ignored;
  for (const char* suffix : {"", "-wal", "-shm"}) {
    std::filesystem::remove(plan_.book.string() + suffix, ignored);
  }
}

}  // namespace peerage::sim
