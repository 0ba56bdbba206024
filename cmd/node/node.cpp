#include "cmd/node/node.h"

#include <algorithm>
#include <future>
#include <utility>

#include "cmd/addrbook/addrbook.h"
#include "cmd/addrbook/takeover.h"
#include "cmd/base/process.h"
#include "cmd/base/report_text.h"
#include "cmd/config/node_key_file.h"

namespace peerage::cmd {

using conn::fail;
using conn::Failure;
using conn::LogLevel;
using conn::Reason;
using conn::Result;
using conn::Stage;

namespace {

// Waits for the result of `begin`; nothing when it does not come in time.
template <typename T>
std::optional<T> wait_for(const std::function<void(std::function<void(T)>)>& begin,
                          conn::Duration limit) {
  auto promise = std::make_shared<std::promise<T>>();
  auto outcome = promise->get_future();
  begin([promise](T value) { promise->set_value(std::move(value)); });
  if (outcome.wait_for(limit) != std::future_status::ready) return std::nullopt;
  return outcome.get();
}

Result<void> make_book_directory(const Settings& settings) {
  const auto directory = settings.book_file.parent_path();
  std::error_code error;
  std::filesystem::create_directories(directory, error);
  if (!error) return {};
  return fail(Stage::configuration, Reason::io_error, directory.string() + ": " + error.message());
}

// "*" is every network that the book knows.
Result<void> settle_networks(Settings& settings) {
  if (auto named = require_network(settings); !named) return named;
  if (settings.networks != std::vector<std::string>{"*"}) return {};
  settings.networks.clear();
  std::error_code error;
  if (std::filesystem::exists(settings.book_file, error)) {
    addrbook::Report report;
    const auto contents = addrbook::BookFile::read(settings.book_file, book_now(), report);
    if (!contents) return tl::unexpected(contents.error());
    for (const auto& [network, rows] : contents->addresses) settings.networks.push_back(network);
  }
  if (!settings.networks.empty()) return {};
  return fail(Stage::configuration, Reason::invalid_argument,
              "\"*\" serves the networks that the book knows, and it knows none yet: name them "
              "once, as in --network a,b");
}

std::set<conn::NodeId> as_set(const std::vector<conn::NodeId>& ids) {
  return {ids.begin(), ids.end()};
}

p2p::SwitchConfig switch_config(const Settings& settings, std::shared_ptr<conn::LogSink> log) {
  const Config& config = settings.config;
  p2p::SwitchConfig node;
  node.p2p = config.p2p;
  node.networks = settings.networks;
  if (!config.moniker.empty()) node.moniker = config.moniker;
  node.version = PEERAGE_VERSION;
  node.max_peers_per_ip = config.max_peers_per_ip;
  node.exempt_networks = config.exempt_networks;
  node.named_nodes = as_set(config.named_nodes);
  node.log = std::move(log);
  return node;
}

pex::PexConfig pex_config(const Settings& settings, Node::Role role,
                          std::shared_ptr<conn::LogSink> log) {
  const Config& config = settings.config;
  pex::PexConfig pex;
  if (role == Node::Role::seed) {
    pex = pex::PexConfig::seed();
    pex.crawl.parallel = config.crawl_parallel;
    pex.crawl.visit = config.visit_timeout;
    pex.crawl.client_life = config.seed_peer_lifetime;
    pex.seed_inbound_peers = config.seed_inbound_peers;
  }
  pex.seeds = config.p2p.seeds;
  pex.log = std::move(log);
  return pex;
}

std::string count(std::size_t number) {
  return std::to_string(number);
}

// All connected peers: also those that need no slot, as an operator's own.
std::string count_of(const p2p::SwitchSnapshot& snapshot, p2p::Direction direction) {
  return count(static_cast<std::size_t>(
      std::count_if(snapshot.peers.begin(), snapshot.peers.end(),
                    [direction](const auto& peer) { return peer->direction() == direction; })));
}

}  // namespace

// --- the home ---

Result<std::unique_ptr<Node>> Node::prepare(Settings settings, Role role,
                                            const ProgramLog& program_log) {
  (void)allow_connections(0);  // as many as there may be
  if (!settings.config.p2p.pex) {
    return fail(Stage::configuration, Reason::config_malformed,
                "pex = false leaves nothing to do: this node has no reactor but peer exchange");
  }
  // Before anything is made: a mistaken start leaves nothing behind.
  if (auto settled = settle_networks(settings); !settled) return tl::unexpected(settled.error());
  if (auto made = make_book_directory(settings); !made) return tl::unexpected(made.error());
  auto key = load_or_create_key(settings.node_key_file);
  if (!key) return tl::unexpected(key.error());
  const conn::Log log(program_log.module("main"));
  if (const auto mode = mode_open_to_others(settings.node_key_file)) {
    const std::string path = settings.node_key_file.string();
    log.write(LogLevel::warn, "others on this machine can read or change the node key",
              {{"file", path}, {"mode", *mode}, {"run", "chmod 600 " + path}});
  }
  if (!settings.json_book.empty()) {
    const BookHome home = {settings.home, settings.config, settings.networks, settings.book_file,
                           key->id()};
    if (!take_over_json(home, settings.networks.front(), settings.json_book, log)) {
      settings.json_book.clear();
    }
  }
  return std::unique_ptr<Node>(new Node(std::move(settings), role, program_log, std::move(*key)));
}

Node::Node(Settings settings, Role role, const ProgramLog& log, conn::NodeKey key)
    : settings_(std::move(settings)),
      role_(role),
      log_(log.module("main")),
      runtime_(settings_.config.shards) {
  const pex::PexConfig pex = pex_config(settings_, role_, log.module("pex"));
  p2p::SwitchConfig config = switch_config(settings_, log.module("p2p"));
  pex::prepare(config, pex);
  const std::size_t connections = std::size_t{config.p2p.max_num_inbound_peers} +
                                  config.p2p.max_num_outbound_peers + config.half_open.total +
                                  config.named_nodes.size();
  if (const auto allowed = allow_connections(connections); !allowed) {
    // Those that there are no descriptors for wait in the backlog (conn/runtime/asio_runtime.h).
    log_.write(LogLevel::warn, "there are more slots than descriptors",
               {{"why", allowed.error().text()}});
  }
  addrbook::BookConfig book = pex::book_config(config.p2p, pex);
  book.exempt_networks = settings_.config.exempt_networks;
  books_ = std::make_shared<pex::NetworkBooks>(
      runtime_, key.id(),
      pex::NetworkBooks::Settings{settings_.book_file, settings_.networks, book,
                                  role_ == Role::seed
                                      ? pex::NetworkBooks::Settings::Provenance::kept
                                      : pex::NetworkBooks::Settings::Provenance::forgotten});
  books_->on_file_state = [this](const addrbook::Store::State& state) {
    if (state.condition != addrbook::Store::State::Condition::degraded) return;
    log_.write(LogLevel::error, "the address book cannot be saved; trying again",
               {{"why", state.failure ? state.failure->text() : ""}});
  };
  node_ = std::make_unique<p2p::Switch>(runtime_, std::move(key), config);
  pex_ = std::make_shared<pex::PexReactor>(runtime_, books_, pex);
  pex::PexReactor::attach(*node_, pex_);
  if (!settings_.json_book.empty()) {
    mirror_ = std::make_unique<JsonMirror>(
        runtime_, settings_.book_file, settings_.networks.front(), settings_.json_book,
        [this](const Failure& why) {
          log_.write(LogLevel::error, "addrbook.json cannot be written", {{"why", why.text()}});
        });
  }
}

Node::~Node() {
  if (!runtime_.stopped()) (void)stop();
}

// --- life ---

Result<void> Node::start() {
  auto opened = open_shelf();
  if (!opened) return tl::unexpected(opened.error());
  log_book(*opened);
  if (auto started = node_->start_and_wait(); !started) return started;
  const conn::Endpoint here = node_->listen_endpoint();
  runtime_.shard(0).post([this, here] {
    books_->add_own(here);
    summary_ = runtime_.shard(0).make_timer([this] { summarise(); });
    arm_summary();
    if (mirror_) mirror_->start();
  });
  return {};
}

Result<pex::NetworkBooks::Opened> Node::open_shelf() {
  using Outcome = Result<pex::NetworkBooks::Opened>;
  // Opening reads the whole file once; a large and damaged one takes a while.
  const auto opened = wait_for<Outcome>(
      [this](std::function<void(Outcome)> done) {
        runtime_.shard(0).post([this, done = std::move(done)] { books_->open(done); });
      },
      std::chrono::minutes(2));
  if (!opened) {
    return fail(Stage::configuration, Reason::book_unreadable,
                settings_.book_file.string() + ": it takes too long");
  }
  return *opened;
}

void Node::log_book(const pex::NetworkBooks::Opened& opened) {
  const addrbook::Report& report = opened.report;
  if (!report.moved_to.empty()) {
    log_.write(LogLevel::warn, "the address book was moved aside",
               {{"to", report.moved_to.string()},
                {"why", report.why},
                {"salvaged", count(report.salvaged)}});
  }
  if (report.dropped.total() > 0) {
    log_.write(LogLevel::warn, "rows of the address book were dropped",
               {{"rows", report.dropped.text()}});
  }
  log_.write(LogLevel::info, "address book",
             {{"file", settings_.book_file.string()},
              {"addresses", count(opened.addresses)},
              {"bans", count(opened.bans)}});
}

Result<void> Node::stop() {
  const conn::TimePoint end = runtime_.shard(0).now() + kStopLimit;
  const auto left = [&] {
    return std::max<conn::Duration>(end - runtime_.shard(0).now(), std::chrono::milliseconds(100));
  };
  wait_for<bool>(
      [this](std::function<void(bool)> done) {
        runtime_.shard(0).post([this, done = std::move(done)] {
          summary_.reset();
          if (mirror_) mirror_->stop();
          node_->stop([done] { done(true); });
        });
      },
      left());
  const auto closed = wait_for<Result<void>>(
      [this](std::function<void(Result<void>)> done) {
        runtime_.shard(0).post([this, done = std::move(done)] { books_->close(done); });
      },
      left());
  const Failure too_slow{Stage::configuration, Reason::book_unwritable,
                         settings_.book_file.string() + ": the disk takes too long"};
  // Logged now, because the runtime waits for the write under way, and may be killed meanwhile.
  if (!closed) {
    log_.write(LogLevel::error, "the address book is not saved yet", {{"why", too_slow.text()}});
  }
  runtime_.stop();
  if (!closed) return tl::unexpected(too_slow);
  if (!*closed) return *closed;
  if (mirror_ && !mirror_->finish()) {
    return fail(Stage::configuration, Reason::address_file_unwritable,
                settings_.json_book.string());
  }
  return {};
}

// --- reloading the lists ---

namespace {

// What is in one list and not in the other.
template <typename T>
std::vector<T> without(const std::vector<T>& list, const std::vector<T>& other) {
  std::vector<T> rest;
  std::copy_if(list.begin(), list.end(), std::back_inserter(rest), [&other](const T& each) {
    return std::find(other.begin(), other.end(), each) == other.end();
  });
  return rest;
}

}  // namespace

void Node::reload(const Settings& fresh) {
  const P2pConfig& to = fresh.config.p2p;
  P2pConfig& from = settings_.config.p2p;
  for (const auto& peer : without(from.persistent_peers, to.persistent_peers)) {
    node_->remove_persistent_peer(peer.id);
  }
  for (const auto& peer : without(to.persistent_peers, from.persistent_peers)) {
    node_->add_persistent_peer(peer);
  }
  const auto change = [](const std::vector<conn::NodeId>& old_ids,
                         const std::vector<conn::NodeId>& new_ids, const auto& set) {
    for (const auto& id : without(old_ids, new_ids)) set(id, false);
    for (const auto& id : without(new_ids, old_ids)) set(id, true);
  };
  change(from.unconditional_peer_ids, to.unconditional_peer_ids,
         [this](const conn::NodeId& id, bool is) { node_->set_unconditional(id, is); });
  change(from.private_peer_ids, to.private_peer_ids,
         [this](const conn::NodeId& id, bool is) { node_->set_private(id, is); });
  node_->set_named_nodes(as_set(fresh.config.named_nodes));
  settings_.config.named_nodes = fresh.config.named_nodes;
  pex_->set_seeds(to.seeds);
  pex_->set_private_ids(as_set(to.private_peer_ids));
  from.persistent_peers = to.persistent_peers;
  from.unconditional_peer_ids = to.unconditional_peer_ids;
  from.private_peer_ids = to.private_peer_ids;
  from.seeds = to.seeds;
  for (const Overruled& each : fresh.overruled) {
    log_.write(LogLevel::warn,
               "a list of the file has no effect: a variable or an option overrides it",
               {{"list", each.key}, {"by", each.by}});
  }
  log_.write(LogLevel::info, "lists read again",
             {{"persistent", count(to.persistent_peers.size())},
              {"seeds", count(to.seeds.size())},
              {"unconditional", count(to.unconditional_peer_ids.size())},
              {"private", count(to.private_peer_ids.size())},
              {"named", count(fresh.config.named_nodes.size())}});
}

// --- status ---

void Node::arm_summary() {
  if (settings_.config.summary_interval <= conn::Duration(0)) return;
  summary_->arm(runtime_.shard(0).now() + settings_.config.summary_interval);
}

void Node::summarise() {
  arm_summary();
  pex_->report([this](const pex::PexReport& report) { write_summary(report); });
}

void Node::write_summary(const pex::PexReport& report) {
  const auto now = node_->snapshot();
  pex::PexReport::Book all;
  for (const auto& book : report.books) {
    all.in_new += book.in_new;
    all.in_tried += book.in_tried;
    all.verified += book.verified;
  }
  log_.write(LogLevel::info, "summary",
             {{"in", count_of(*now, p2p::Direction::inbound)},
              {"out", count_of(*now, p2p::Direction::outbound)},
              {"peers", count(now->peers.size())},
              {"dialling", count(now->dialling)},
              {"book_new", count(all.in_new)},
              {"book_old", count(all.in_tried)},
              {"book_verified", count(all.verified)},
              {"served", std::to_string(report.counts.answers)},
              {"visits", std::to_string(report.visits_made)},
              {"bans", count(report.bans)},
              {"held_back", std::to_string(node_->peer_log().held_back())}});
}

std::string Node::status_line() const {
  const auto now = node_->snapshot();
  return count_of(*now, p2p::Direction::inbound) + " peers in, " +
         count_of(*now, p2p::Direction::outbound) + " out";
}

}  // namespace peerage::cmd
