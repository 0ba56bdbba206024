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
    : Member(host, plan.pex.mode == pex::PexConfig::Mode::seed ? Kind::seed : Kind::node),
      plan_(std::move(plan)),
      number_(number),
      id_(numbered_key(number).id()) {}

Node::~Node() {
  if (state_ != State::down) crash(Disk::kept);
}

void Node::make() {
  p2p::SwitchConfig config = plan_.node;
  config.networks = plan_.networks;
  if (config.p2p.external_address.empty()) {
    config.p2p.external_address = ip().to_string() + ":" + std::to_string(kPort);
  }
  pex::prepare(config, plan_.pex);
  books_ = std::make_shared<pex::NetworkBooks>(
      host_, id_,
      pex::NetworkBooks::Settings{plan_.book, plan_.networks,
                                  pex::book_config(config.p2p, plan_.pex),
                                  pex::NetworkBooks::Settings::Provenance::forgotten});
  pex_ = std::make_shared<pex::PexReactor>(host_, books_, plan_.pex);
  switch_ = std::make_unique<p2p::Switch>(host_, numbered_key(number_), config);
  pex::PexReactor::attach(*switch_, pex_);
  switch_->on_event([this, life = std::weak_ptr(life_)](const p2p::SwitchEvent& event) {
    if (!life.expired()) note(event);
  });
}

void Node::start() {
  life_ = std::make_shared<bool>(true);
  state_ = State::starting;
  make();
  const auto whether_alive = [life = std::weak_ptr(life_)] { return !life.expired(); };
  books_->open([this, whether_alive](const conn::Result<pex::NetworkBooks::Opened>& opened) {
    if (!whether_alive() || state_ != State::starting) return;
    if (!opened) {
      give_up();
      return;
    }
    switch_->start([this, whether_alive](const conn::Result<void>& started) {
      if (!whether_alive() || state_ != State::starting) return;
      if (!started) {
        give_up();
        return;
      }
      state_ = State::running;
      started_at_ = host_.shard(0).now();
    });
  });
}

void Node::stop() {
  if (state_ == State::down || state_ == State::stopping) return;
  state_ = State::stopping;
  const auto ended = [this, life = std::weak_ptr(life_)](const conn::Result<void>&) {
    if (life.expired()) return;
    life_.reset();
    state_ = State::down;
    drop();
  };
  switch_->stop([this, life = std::weak_ptr(life_), ended] {
    if (!life.expired()) books_->close(ended);
  });
}

void Node::give_up() {
  life_.reset();
  state_ = State::down;
  drop();
}

// Not inside a callback of its own, because it destroys its parts.
void Node::drop() {
  host_.shard(0).post([node = std::shared_ptr<p2p::Switch>(std::move(switch_)),
                       pex = std::exchange(pex_, nullptr),
                       books = std::exchange(books_, nullptr)]() mutable {
    node.reset();
    pex.reset();
    books.reset();
  });
}

void Node::crash(Disk disk) {
  if (state_ == State::down) return;
  life_.reset();
  state_ = State::down;
  host_.stop();
  switch_.reset();
  pex_.reset();
  books_.reset();
  host_.plug_in();
  if (disk == Disk::kept || plan_.book.empty()) return;
  std::error_code ignored;
  for (const char* suffix : {"", "-wal", "-shm"}) {
    std::filesystem::remove(plan_.book.string() + suffix, ignored);
  }
}

}  // namespace peerage::sim
