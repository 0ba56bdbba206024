#include "cmd/status/keeper.h"

#include <algorithm>
#include <chrono>
#include <mutex>
#include <utility>
#include <vector>

#include "conn/address/own_address.h"
#include "conn/runtime/shard_owned.h"
#include "p2p/connect/local_node_info.h"

namespace peerage::cmd {

using conn::Duration;
using conn::TimePoint;

namespace {

// What only the control shard sees.
struct Figures {
  // Before it has looked.
  explicit Figures(const pex::NodeConfig& config)
      : book_open(!config.pex || config.book_file.empty()) {}

  std::vector<pex::PexReport::Book> books;
  std::size_t bans = 0;
  bool book_open;
  std::uint64_t store_queue = 0;
  std::optional<WallTime> store_last_success;
};

void look_at(const pex::NetworkBooks& books, Figures& into) {
  const addrbook::Store* store = books.store();
  if (store == nullptr) return;
  const addrbook::Store::State& state = store->state();
  into.book_open = state.condition != addrbook::Store::State::Condition::closed;
  into.store_queue = books.rows_waiting();
  if (state.last_success != conn::WallTime()) into.store_last_success = state.last_success;
}

// "HOST:PORT" as in an address; nothing without an external_address.
std::string external_of(const pex::NodeConfig& config) {
  const auto parts = conn::parse_own_address(config.connections.p2p.external_address);
  if (!parts) return {};
  if (const auto ip = conn::IpAddress::parse(parts->host)) {
    return conn::Endpoint{*ip, parts->port}.to_string();
  }
  return parts->host + ":" + std::to_string(parts->port);
}

}  // namespace

// Looks at the node from its control shard, once a second.
class StatusKeeper::Watch : public std::enable_shared_from_this<Watch> {
 public:
  Watch(pex::Node& node, Figures first)
      : control_(node.runtime().shard(0)),
        node_(&node),
        latest_(std::move(first)),
        ran_(control_.now()),
        figures_(std::make_shared<const Figures>(latest_)) {}

  void start() {
    control_.post([self = shared_from_this()] { self->begin(); });
  }
  // Nothing is asked of the node from here on.
  void stop() {
    const std::lock_guard lock(mutex_);
    node_ = nullptr;
  }

  Duration silence() const { return std::max(control_.now() - ran_.load(), Duration(0)); }
  std::shared_ptr<const Figures> figures() const { return figures_.read(); }

 private:
  void begin() {
    timer_ = conn::shard_owned(control_, control_.make_timer([weak = weak_from_this()] {
      if (const auto self = weak.lock()) self->on_time();
    }));
    on_time();
  }

  void on_time() {
    const TimePoint now = control_.now();
    ran_ = now;
    const std::lock_guard lock(mutex_);
    if (node_ == nullptr) return;
    ask(*node_);
    timer_->arm(now + kPause);
  }

  // Each answers in a task of its own, or not at all.
  void ask(pex::Node& node) {
    node.report([weak = weak_from_this()](const pex::PexReport& report) {
      if (const auto self = weak.lock()) {
        self->latest_.books = report.books;
        self->latest_.bans = report.bans;
        self->publish();
      }
    });
    node.look([weak = weak_from_this()](const pex::NetworkBooks& books) {
      if (const auto self = weak.lock()) {
        look_at(books, self->latest_);
        self->publish();
      }
    });
  }
  void publish() { figures_.publish(std::make_shared<const Figures>(latest_)); }

  conn::Shard& control_;
  std::mutex mutex_;                    // held for a moment only
  pex::Node* node_;                     // guarded by it; null: the keeper has gone
  Figures latest_;                      // the control shard's
  std::shared_ptr<conn::Timer> timer_;  // likewise
  std::atomic<TimePoint> ran_;          // when a task last did
  p2p::SnapshotCell<Figures> figures_;
};

StatusKeeper::StatusKeeper(pex::Node& node, const pex::NodeConfig& config,
                           const conn::PublicKey& key, std::string version)
    : node_(node),
      runtime_(node.runtime()),
      control_(runtime_.shard(0)),
      config_(pex::settled(config)),
      began_(control_.now()),
      watch_(std::make_shared<Watch>(node, Figures(config_))),
      last_(std::make_shared<const Made>()) {
  fixed_.version = std::move(version);
  fixed_.role = config_.exchange.role;
  fixed_.id = node.id();
  fixed_.key = key;
  fixed_.external = external_of(config_);
  watch_->start();
}

StatusKeeper::~StatusKeeper() {
  watch_->stop();
}

std::shared_ptr<const StatusSnapshot> StatusKeeper::read() {
  std::shared_ptr<const Made> made = last_.read();
  const bool is_old = made->at == TimePoint{} || control_.now() - made->at >= kPause;
  if (is_old || made->snapshot.condition.draining != is_draining()) {
    made = make();
    // One publishes at a time. Whoever is not that one has made it for itself.
    if (!publishing_.exchange(true)) {
      last_.publish(made);
      publishing_ = false;
    }
  }
  return {made, &made->snapshot};
}

bool StatusKeeper::is_draining() const {
  return draining_ || node_.get_switch().snapshot()->draining;
}

std::shared_ptr<const StatusKeeper::Made> StatusKeeper::make() const {
  auto made = std::make_shared<Made>();
  made->at = control_.now();
  StatusSnapshot& into = made->snapshot;
  into = fixed_;
  into.taken = runtime_.wall_now();
  into.started = into.taken - (made->at - began_);
  const auto now = node_.get_switch().snapshot();
  const auto figures = watch_->figures();
  into.inbound_slots = now->inbound_slots;
  into.outbound_slots = now->outbound_slots;
  into.dialling = now->dialling;
  into.bans = figures->bans;
  into.store_queue = figures->store_queue;
  into.store_last_success = figures->store_last_success;
  into.condition.draining = draining_ || now->draining;
  into.condition.listening = node_.get_switch().listen_endpoint().port != 0;
  into.condition.book_open = figures->book_open;
  into.condition.silence = std::chrono::duration_cast<std::chrono::milliseconds>(watch_->silence());
  add_networks(into);
  add_peers(now->peers, into);
  add_own(into);
  return made;
}

void StatusKeeper::add_networks(StatusSnapshot& into) const {
  const auto figures = watch_->figures();
  for (const std::string& network : config_.connections.networks) {
    NetworkRow& row = into.networks.emplace_back();
    row.chain_id = network;
    const auto book =
        std::find_if(figures->books.begin(), figures->books.end(),
                     [&network](const auto& each) { return each.network == network; });
    if (book == figures->books.end()) continue;
    row.known = book->in_new + book->in_tried + book->resting;
    row.verified = book->verified;
  }
}

void StatusKeeper::add_peers(const p2p::PeerList& peers, StatusSnapshot& into) const {
  into.peers.reserve(peers.size());
  for (const p2p::PeerPtr& peer : peers) {
    p2p::PeerStatus status = peer->status();
    into.peers.push_back({.id = peer->id(),
                          .direction = peer->direction(),
                          .persistent = peer->persistent(),
                          .unconditional = peer->unconditional(),
                          .is_private = peer->is_private(),
                          .socket = peer->socket(),
                          .dialled = peer->dialled(),
                          .network = peer->network(),
                          .info = peer->info(),
                          .connection = std::move(status.connection),
                          .inbox_bytes = status.inbox_bytes});
    for (NetworkRow& row : into.networks) {
      if (row.chain_id == peer->network()) ++row.peers;
    }
  }
}

// As we introduce ourselves to peers, but for a name that was looked up.
void StatusKeeper::add_own(StatusSnapshot& into) const {
  const conn::Endpoint listening = node_.get_switch().listen_endpoint();
  std::vector<conn::ChannelId> channels;
  if (into.condition.listening) {
    for (const p2p::ReactorFigures& reactor : node_.get_switch().reactors()) {
      for (const p2p::ReactorChannel& channel : reactor.channels) channels.push_back(channel.id);
    }
  }
  into.own = p2p::own_node_info(config_.connections, into.id, std::move(channels));
  std::string reachable = into.external;
  if (reachable.empty() && into.condition.listening) {
    into.own.listen_addr = "tcp://" + listening.to_string();
    if (listening.ip.valid()) reachable = listening.to_string();
  } else if (!reachable.empty()) {
    into.own.listen_addr = "tcp://" + reachable;
  }
  if (!reachable.empty()) into.advertised = into.id.to_string() + "@" + reachable;
}

}  // namespace peerage::cmd
