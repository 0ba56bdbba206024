#include "pex/node.h"

#include <algorithm>
#include <atomic>
#include <iterator>
#include <mutex>
#include <set>
#include <stdexcept>
#include <string_view>
#include <system_error>
#include <utility>

#include "addrbook/record/book_reason.h"
#include "conn/runtime/asio_runtime.h"
#include "conn/runtime/sync_wait.h"
#include "p2p/base/listen_address.h"
#include "pex/metrics.h"
#include "pex/metrics/node_metrics.h"
#include "pex/node_discovery.h"

namespace peerage::pex {

using conn::fail;
using conn::Reason;
using conn::Result;
using conn::Stage;

namespace {

std::set<conn::NodeId> as_set(const std::vector<conn::NodeId>& ids) {
  return {ids.begin(), ids.end()};
}

// What is in one list and not in the other.
template <typename T>
std::vector<T> without(const std::vector<T>& list, const std::vector<T>& other) {
  std::vector<T> rest;
  std::copy_if(list.begin(), list.end(), std::back_inserter(rest), [&other](const T& each) {
    return std::find(other.begin(), other.end(), each) == other.end();
  });
  return rest;
}

// For a log line: the first few.
std::string text_of(const std::vector<conn::HostAddress>& addresses) {
  static constexpr std::size_t kShown = 8;
  std::string text;
  for (std::size_t i = 0; i < std::min(addresses.size(), kShown); ++i) {
    text += (i == 0 ? "" : ",") + addresses[i].to_string();
  }
  if (addresses.size() <= kShown) return text;
  return text + " and " + std::to_string(addresses.size() - kShown) + " more";
}

void log_change(const conn::Log& log, std::string_view list,
                const std::vector<conn::HostAddress>& before,
                const std::vector<conn::HostAddress>& after) {
  const auto added = without(after, before);
  const auto removed = without(before, after);
  if (added.empty() && removed.empty()) return;
  log.write(
      conn::LogLevel::info, "a list of addresses has changed",
      {{"list", std::string(list)}, {"added", text_of(added)}, {"removed", text_of(removed)}});
}

NodeLists lists_of(const NodeConfig& config) {
  const p2p::P2pConfig& p2p = config.connections.p2p;
  const auto& named = config.connections.named_nodes;
  return {config.exchange.seeds,
          p2p.persistent_peers,
          p2p.unconditional_peer_ids,
          p2p.private_peer_ids,
          {named.begin(), named.end()}};
}

NetworkBooks::Settings books_of(const NodeConfig& config) {
  using Provenance = NetworkBooks::Settings::Provenance;
  const bool keeps = config.exchange.role == Role::seed && !config.book_file.empty();
  return {config.book_file, config.connections.networks, config.book.value_or(book_config(config)),
          config.provenance.value_or(keeps ? Provenance::kept : Provenance::forgotten)};
}

// The lists as the switch has them. Shared with its event handlers, which may outlive the node.
struct Lists {
  mutable std::mutex mutex;
  NodeLists now;  // guarded by it

  NodeLists read() const {
    const std::lock_guard lock(mutex);
    return now;
  }
  bool names_seed(const conn::NodeId& id) const {
    const std::lock_guard lock(mutex);
    return std::any_of(now.seeds.begin(), now.seeds.end(),
                       [&id](const conn::HostAddress& seed) { return seed.id == id; });
  }
};

NodeMetrics::Settings metrics_of(const NodeConfig& config) {
  const bool is_seed = config.exchange.role == Role::seed;
  const NodeKind with_exchange = is_seed ? NodeKind::seed : NodeKind::node;
  const NodeKind kind = config.pex ? with_exchange : NodeKind::without_exchange;
  const std::size_t few = kind == NodeKind::seed ? 0 : kPeerMetrics;
  return {config.metrics_namespace, config.peer_metrics.value_or(few), config.connections.networks,
          config.book_file, kind};
}

}  // namespace

NodeConfig settled(NodeConfig config) {
  p2p::SwitchConfig& connections = config.connections;
  PexConfig& exchange = config.exchange;
  if (!config.networks.empty()) connections.networks = config.networks;
  if (!config.listen.empty()) connections.p2p.laddr = config.listen;
  if (!config.persistent_peers.empty()) connections.p2p.persistent_peers = config.persistent_peers;
  if (!config.seeds.empty()) exchange.seeds = config.seeds;
  if (config.role) exchange.role = *config.role;
  if (!connections.log) connections.log = config.log;
  if (!exchange.log) exchange.log = config.log;
  if (config.discovery && !config.discovery->log) config.discovery->log = config.log;
  if (config.discovery) exchange.crawl.discovered = CrawlLimits::Discovered::yes;
  if (config.pex) prepare(connections, exchange);
  return config;
}

addrbook::BookConfig book_config(const NodeConfig& config) {
  PexConfig exchange = config.exchange;
  if (config.role) exchange.role = *config.role;
  addrbook::BookConfig book = book_config(config.connections.p2p, exchange);
  book.exempt_networks = config.connections.exempt_networks;
  return book;
}

// All of it on the control shard, but for what says otherwise.
struct Node::Core : std::enable_shared_from_this<Core> {
  Core(conn::Runtime& its_runtime, const NodeConfig& config, conn::NodeKey key);

  // Any thread.
  void post(std::function<void(Core&)> task) {
    runtime.shard(0).post([self = shared_from_this(), task = std::move(task)] { task(*self); });
  }
  // Any thread.
  void update_lists(NodeLists to);

  void make_discovery(const NodeConfig& config);
  void start(const Done& done);
  void listen(const Done& done);
  void stop(const Done& done);
  void end();
  void tell(const Done& done, const Result<void>& outcome) const {
    if (done && !*abandoned) done(outcome);
  }

  conn::Runtime& runtime;
  const conn::Log log;
  const std::filesystem::path book_file;
  // The node is gone: nobody wants to hear of it. The switch's inside may outlive us.
  const std::shared_ptr<std::atomic<bool>> abandoned = std::make_shared<std::atomic<bool>>(false);
  const std::shared_ptr<Lists> lists = std::make_shared<Lists>();

  // Of a runtime of our own: before any file is changed.
  std::function<Result<void>()> take_address;

  enum class State : std::uint8_t { created, opening, listening, running, stopping, stopped };
  State state = State::created;
  std::atomic<bool> stopped = false;  // for any thread
  bool has_file = false;              // the books are open, or have none to open
  NetworkBooks::Opened opened;
  std::vector<Done> stops;  // to be told when it has stopped
  Result<void> saved;

  std::shared_ptr<NetworkBooks> books;
  std::shared_ptr<PexReactor> pex;
  std::unique_ptr<p2p::Switch> connections;  // destroyed first, but for what looks at it
  std::shared_ptr<NodeDiscovery> discovery;  // null: it is off
  std::shared_ptr<FigureCollector> collector;
  std::unique_ptr<NodeMetrics> metrics;
};

Node::Core::Core(conn::Runtime& its_runtime, const NodeConfig& config, conn::NodeKey key)
    : runtime(its_runtime), log(config.connections.log), book_file(config.book_file) {
  lists->now = lists_of(config);
  const conn::NodeId id = key.id();
  connections = std::make_unique<p2p::Switch>(runtime, std::move(key), config.connections);
  if (config.pex) {
    books = std::make_shared<NetworkBooks>(runtime, id, books_of(config));
    pex = std::make_shared<PexReactor>(runtime, books, config.exchange);
  }
  NodeMetrics::Settings measured = metrics_of(config);
  const auto is_seed = [known = lists](const conn::NodeId& dialled) {
    return known->names_seed(dialled);
  };
  const auto events =
      std::make_shared<EventFigures>(measured.networks, DialAccount(measured.kind, books, is_seed));
  // Before peer exchange, which changes the book by what comes of a dial.
  connections->on_event([events](const p2p::SwitchEvent& event) { events->on_event(event); });
  if (pex) PexReactor::attach(*connections, pex);
  make_discovery(config);
  FigureCollector::Sources sources{runtime, *connections, books,
                                   [exchange = pex] { return exchange->counts(); }};
  if (discovery) sources.discovery = [found = discovery] { return found->figures(); };
  collector = std::make_shared<FigureCollector>(std::move(sources));
  metrics =
      std::make_unique<NodeMetrics>(std::move(measured), runtime, *connections, events, collector,
                                    [this] { return lists->read().persistent_peers; });
}

// After peer exchange, which changes the book by what comes of a dial.
void Node::Core::make_discovery(const NodeConfig& config) {
  if (!config.discovery) return;
  if (!books) throw std::invalid_argument("discovery needs peer exchange: it finds for the books");
  const auto external = conn::split_host_port(config.connections.p2p.external_address);
  auto made =
      NodeDiscovery::create(*config.discovery, {runtime, *connections, books,
                                                external ? external->port : std::uint16_t{0},
                                                config.connections.exempt_networks});
  if (!made) throw std::invalid_argument(made.error().detail);
  discovery = std::move(*made);
  connections->on_event(
      [found = discovery](const p2p::SwitchEvent& event) { found->on_event(event); });
}

Result<std::unique_ptr<Node>> Node::create(NodeConfig config, conn::NodeKey key) {
  try {
    auto own = std::make_unique<conn::AsioRuntime>(config.shards);
    const NodeConfig all = settled(std::move(config));
    auto core = std::make_shared<Core>(*own, all, std::move(key));
    core->take_address = [&runtime = *own, laddr = all.connections.p2p.laddr]() -> Result<void> {
      const auto at = p2p::listen_address(laddr);  // the switch has looked at it
      return at ? runtime.hold(*at) : tl::unexpected(at.error());
    };
    return std::unique_ptr<Node>(new Node(std::move(own), std::move(core)));
  } catch (const std::invalid_argument& error) {
    return fail(Stage::configuration, Reason::invalid_argument, error.what());
  } catch (const std::system_error& error) {
    return fail(Stage::configuration, Reason::io_error, error.what());
  }
}

Result<std::unique_ptr<Node>> Node::create(conn::Runtime& runtime, NodeConfig config,
                                           conn::NodeKey key) {
  try {
    auto core = std::make_shared<Core>(runtime, settled(std::move(config)), std::move(key));
    return std::unique_ptr<Node>(new Node(nullptr, std::move(core)));
  } catch (const std::invalid_argument& error) {
    return fail(Stage::configuration, Reason::invalid_argument, error.what());
  }
}

Node::Node(std::unique_ptr<conn::AsioRuntime> own, std::shared_ptr<Core> core)
    : own_runtime_(std::move(own)), core_(std::move(core)) {}

Node::~Node() {
  conn::Runtime& runtime = core_->runtime;
  if (!runtime.stopped() && runtime.may_wait()) (void)stop();
  const bool ended = runtime.stopped() || (runtime.may_wait() && core_->stopped);
  *core_->abandoned = true;
  if (own_runtime_) {
    own_runtime_->stop();  // its threads end before what they use
  } else if (!ended) {
    // Something of it may run, perhaps a callback that we are in: it goes where that runs.
    runtime.shard(0).post([core = std::move(core_)] {});
  }
}

void Node::add_reactor(std::shared_ptr<p2p::Reactor> reactor) {
  core_->connections->add_reactor(std::move(reactor));
}
void Node::on_event(p2p::OnSwitchEvent handler) {
  core_->connections->on_event(
      [abandoned = core_->abandoned, handler = std::move(handler)](const p2p::SwitchEvent& event) {
        if (!*abandoned) handler(event);
      });
}
void Node::on_book_state(std::function<void(const addrbook::Store::State&)> handler) {
  if (!core_->books) return;
  core_->books->on_file_state = [abandoned = core_->abandoned, handler = std::move(handler)](
                                    const addrbook::Store::State& state) {
    if (!*abandoned) handler(state);
  };
}

// --- start ---

void Node::start(Done done) {
  core_->post([done = std::move(done)](Core& core) { core.start(done); });
}

Result<void> Node::start(conn::Duration limit) {
  const auto outcome = conn::sync_wait<Result<void>>(
      core_->runtime, [this](const std::function<void(Result<void>)>& done) { start(done); },
      limit);
  if (outcome) return *outcome;
  if (outcome.error() == conn::NoAnswer::too_late) {
    return fail(Stage::configuration, addrbook::BookReason::book_unreadable,
                core_->book_file.string() + ": it takes too long");
  }
  return tl::unexpected(conn::as_failure(outcome.error(), "start()"));
}

void Node::Core::start(const Done& done) {
  if (state != State::created) {
    const bool ends = state == State::stopping || state == State::stopped;
    return tell(done, fail(Stage::configuration, Reason::invalid_argument,
                           ends ? "it has been stopped" : "it has been started before"));
  }
  if (take_address) {
    if (auto taken = take_address(); !taken) {
      state = State::listening;  // there is nothing that a stop would have to wait for
      return tell(done, taken);
    }
  }
  if (!books) return listen(done);
  state = State::opening;
  using Opened = Result<NetworkBooks::Opened>;
  // What the parts keep must not hold us, who own them.
  books->open([weak = weak_from_this(), done](Opened outcome) {
    const auto self = weak.lock();
    if (!self) return;
    Core& core = *self;
    core.has_file = outcome.has_value();
    if (outcome) core.opened = std::move(*outcome);
    if (core.state == State::stopping) {
      core.tell(done, fail(Stage::configuration, Reason::stopping));
      core.end();
    } else if (outcome) {
      core.listen(done);
    } else {
      core.state = State::listening;  // there is nothing that a stop would have to wait for
      core.tell(done, tl::unexpected(outcome.error()));
    }
  });
}

void Node::Core::listen(const Done& done) {
  state = State::listening;
  collector->collect();  // so that the first reader finds what the file had
  connections->start([weak = weak_from_this(), done](Result<void> started) {
    const auto self = weak.lock();
    if (!self) return;
    if (started && self->state == State::listening) {
      if (self->books) self->books->add_own(self->connections->listen_endpoint());
      if (self->discovery) started = self->discovery->start();
      if (started) self->state = State::running;
    }
    self->tell(done, started);
  });
}

// --- stop ---

void Node::stop(Done done) {
  core_->post([done = std::move(done)](Core& core) { core.stop(done); });
}

Result<void> Node::stop(conn::Duration limit) {
  const auto outcome = conn::sync_wait<Result<void>>(
      core_->runtime, [this](const std::function<void(Result<void>)>& done) { stop(done); }, limit);
  if (outcome) return *outcome;
  if (outcome.error() == conn::NoAnswer::too_late) {
    return fail(Stage::configuration, addrbook::BookReason::book_unwritable,
                core_->book_file.string() + ": the disk takes too long");
  }
  return tl::unexpected(conn::as_failure(outcome.error(), "stop()"));
}

void Node::Core::stop(const Done& done) {
  if (state == State::stopped) return tell(done, saved);
  stops.push_back(done);
  // The file that is being opened cannot be closed yet.
  const bool begins = state != State::stopping && state != State::opening;
  state = State::stopping;
  if (begins) end();
}

void Node::Core::end() {
  collector->stop();
  if (discovery) discovery->stop();
  connections->stop([weak = weak_from_this()] {
    const auto ended = [weak](Result<void> outcome) {
      const auto self = weak.lock();
      if (!self) return;
      self->saved = std::move(outcome);
      self->state = State::stopped;
      self->stopped = true;
      for (const Done& each : std::exchange(self->stops, {})) self->tell(each, self->saved);
    };
    const auto self = weak.lock();
    if (!self) return;
    self->has_file ? self->books->close(ended) : ended({});
  });
}

// --- while it runs ---

const conn::NodeId& Node::id() const {
  return core_->connections->id();
}
conn::NetAddress Node::listen_address() const {
  return core_->connections->listen_address();
}
p2p::Switch& Node::get_switch() noexcept {
  return *core_->connections;
}
const p2p::Switch& Node::get_switch() const noexcept {
  return *core_->connections;
}
const NetworkBooks::Opened& Node::opened() const noexcept {
  return core_->opened;
}
NetworkBooks* Node::books() noexcept {
  return core_->books.get();
}
DiscoveryServer* Node::discovery() noexcept {
  return core_->discovery ? core_->discovery->server() : nullptr;
}
conn::Runtime& Node::runtime() noexcept {
  return core_->runtime;
}

void Node::update_lists(NodeLists lists) {
  core_->update_lists(std::move(lists));
}

void Node::Core::update_lists(NodeLists to) {
  const std::lock_guard lock(lists->mutex);
  const NodeLists& had = lists->now;
  // What enters first: a peer that is named at another address instead is one all the time.
  const auto change = [](const auto& before, const auto& after, const auto& leaves,
                         const auto& enters) {
    for (const auto& each : without(after, before)) enters(each);
    for (const auto& each : without(before, after)) leaves(each);
  };
  p2p::Switch& node = *connections;
  change(
      had.persistent_peers, to.persistent_peers,
      [&node](const conn::HostAddress& address) { node.remove_persistent_peer(address); },
      [&node](const conn::HostAddress& address) { node.add_persistent_peer(address); });
  change(
      had.unconditional_ids, to.unconditional_ids,
      [&node](const conn::NodeId& id) { node.remove_unconditional_peer(id); },
      [&node](const conn::NodeId& id) { node.add_unconditional_peer(id); });
  change(
      had.private_ids, to.private_ids,
      [&node](const conn::NodeId& id) { node.remove_private_peer(id); },
      [&node](const conn::NodeId& id) { node.add_private_peer(id); });
  node.set_named_nodes(as_set(to.named_ids));
  if (pex) {
    pex->set_seeds(to.seeds);
    pex->set_private_ids(as_set(to.private_ids));
  }
  log_change(log, "persistent_peers", had.persistent_peers, to.persistent_peers);
  if (pex) log_change(log, "seeds", had.seeds, to.seeds);
  lists->now = std::move(to);
}

std::string metrics_text(const Node& node) {
  return node.core_->metrics->text();
}

void Node::report(std::function<void(const PexReport&)> into) {
  if (core_->pex) core_->pex->report(std::move(into));
}

void Node::visit(std::optional<conn::NodeId> id, PexReactor::VisitsAsked done) {
  if (core_->pex) return core_->pex->visit(id, std::move(done));
  core_->post([done = std::move(done)](Core&) {
    done(fail(Stage::configuration, Reason::invalid_argument, "it has no peer exchange"));
  });
}

void Node::save(std::function<void(const Result<std::size_t>&)> done) {
  core_->post([done = std::move(done)](Core& core) {
    if (core.books) {
      core.books->save(done);
    } else {
      done(std::size_t{0});
    }
  });
}

void Node::look(std::function<void(NetworkBooks&)> task) {
  if (!core_->books) return;
  core_->post([task = std::move(task)](Core& core) { task(*core.books); });
}

}  // namespace peerage::pex
