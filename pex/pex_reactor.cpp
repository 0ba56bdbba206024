#include "pex/pex_reactor.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "conn/runtime/peer_log.h"
#include "pex/books/book_feed.h"
#include "pex/exchange/exchange.h"
#include "pex/exchange/messages.h"
#include "pex/outbound/keeper.h"
#include "pex/role/role_driver.h"
#include "pex/seed/visits.h"

namespace peerage::pex {

using conn::Reason;
using conn::TimePoint;
using namespace std::chrono_literals;

namespace {

std::size_t draw(conn::Runtime& runtime, std::size_t below) {
  return static_cast<std::size_t>(conn::random_value<std::uint64_t>(runtime) % below);
}

std::set<conn::NodeId> ids_of(const std::vector<conn::HostAddress>& addresses) {
  std::set<conn::NodeId> ids;
  for (const conn::HostAddress& each : addresses) ids.insert(each.id);
  return ids;
}

}  // namespace

void prepare(p2p::SwitchConfig& config, const PexConfig& pex) {
  if (pex.role != Role::seed) return;
  // As many again are closing, while their queues are flushed.
  config.p2p.max_num_outbound_peers = static_cast<std::uint32_t>(2 * pex.crawl.parallel);
  std::uint32_t& inbound = config.p2p.max_num_inbound_peers;
  const bool is_a_nodes = inbound == p2p::P2pConfig{}.max_num_inbound_peers;
  inbound = pex.seed_inbound_peers.value_or(is_a_nodes ? kSeedInboundPeers : inbound);
  config.per_ip_limit = p2p::PerIpLimit::inbound_peers;
  if (!config.max_peers_per_ip && !config.p2p.allow_duplicate_ip) {
    config.max_peers_per_ip = pex.crawl.clients_per_host;
  }
  // Both together are the time of a visit.
  config.p2p.dial_timeout =
      std::min<conn::Duration>(config.p2p.dial_timeout, pex.crawl.visit * 2 / 5);
  config.p2p.handshake_timeout =
      std::min<conn::Duration>(config.p2p.handshake_timeout, pex.crawl.visit * 3 / 5);
}

addrbook::BookConfig book_config(const p2p::P2pConfig& p2p, const PexConfig& pex) {
  addrbook::BookConfig book;
  book.strict = pex.strict;
  book.private_ids = {p2p.private_peer_ids.begin(), p2p.private_peer_ids.end()};
  if (pex.role == Role::seed) {
    book.tried_by_visits = addrbook::BookConfig::TriedByVisits::yes;
  }
  return book;
}

// Its parts, hidden from embedders.
struct PexReactor::Parts {
  Parts(NetworkBooks& books, const PexConfig& config)
      : peer_log(config.log),
        feed(books, is_seed(config) ? BookFeed::Outbound::visits : BookFeed::Outbound::sessions),
        exchange(books, is_seed(config) ? Exchange::Serve::verified : Exchange::Serve::known,
                 limits_of(config)) {}

  static bool is_seed(const PexConfig& config) { return config.role == Role::seed; }
  static RequestLimits limits_of(const PexConfig& config) {
    return config.requests.value_or(is_seed(config) ? kSeedRequestLimits : RequestLimits{});
  }

  conn::PeerLog peer_log;  // with the switch's limiter, once there is one
  BookFeed feed;
  Exchange exchange;
  PeerView peers;
  std::unique_ptr<RoleDriver> driver;  // while the switch runs
};

PexReactor::PexReactor(conn::Runtime& runtime, std::shared_ptr<NetworkBooks> books,
                       PexConfig config)
    : runtime_(runtime),
      control_(runtime.shard(0)),
      books_(std::move(books)),
      config_(std::move(config)),
      seeds_(config_.seeds),
      parts_(std::make_unique<Parts>(*books_, config_)) {
  parts_->feed.set_seeds(ids_of(seeds_));
}

PexReactor::~PexReactor() = default;

void PexReactor::attach(p2p::Switch& node, const std::shared_ptr<PexReactor>& pex) {
  node.add_reactor(pex);
  node.on_event([pex](const p2p::SwitchEvent& event) { pex->on_event(event); });
}

std::vector<p2p::ReactorChannel> PexReactor::channels() const {
  auto channel = p2p::ReactorChannel::from(kChannel, p2p::FullInbox::drop_newest);
  channel.message_types = {"p2p_PexRequest", "p2p_PexAddrs"};
  channel.type_of = type_of;
  return {channel};
}

// --- life ---

void PexReactor::start(p2p::ReactorContext& context) {
  context_ = &context;
  p2p::Switch& node = context.get_switch();
  parts_->peer_log = node.peer_log().with_sink(config_.log);
  // The switch listens when all reactors have started, and that is posted after this.
  node.restore_bans(books_->bans_in_force());
  const RoleDriver::Context driver_context = {
      node.id(),        node,          *books_,
      parts_->exchange, parts_->peers, [this](std::size_t below) { return draw(runtime_, below); }};
  const TimePoint now = control_.now();
  if (config_.role == Role::seed) {
    parts_->driver = std::make_unique<Visits>(driver_context, config_.crawl);
  } else {
    parts_->driver = std::make_unique<OutboundKeeper>(driver_context, config_.outbound, now);
  }
  parts_->driver->set_seeds(seeds_);
  node.set_seed_addresses(seeds_);
  next_note_ = now + kNotePause;
  timer_ = control_.make_timer([this] { on_time(); });
  arm(now);
}

void PexReactor::stop() {
  timer_.reset();
  parts_->driver.reset();
  context_ = nullptr;
}

void PexReactor::set_seeds(std::vector<conn::HostAddress> seeds) {
  control_.post([self = shared_from_this(), seeds = std::move(seeds)] {
    self->seeds_ = seeds;
    self->parts_->feed.set_seeds(ids_of(seeds));
    if (!self->parts_->driver) return;
    self->parts_->driver->set_seeds(seeds);
    self->context_->get_switch().set_seed_addresses(seeds);
  });
}

void PexReactor::set_private_ids(std::set<conn::NodeId> ids) {
  control_.post(
      [self = shared_from_this(), ids = std::move(ids)] { self->books_->set_private_ids(ids); });
}

// --- events ---

void PexReactor::on_event(const p2p::SwitchEvent& event) {
  const TimePoint now = control_.now();
  if (std::holds_alternative<p2p::DialFailed>(event)) note_what_works();
  parts_->feed.on_event(event);
  parts_->peers.on_event(event, now);
  if (const auto* connected = std::get_if<p2p::Connected>(&event)) {
    parts_->exchange.on_connected(*connected->peer, now);
  } else if (const auto* gone = std::get_if<p2p::Gone>(&event)) {
    parts_->exchange.on_gone(*gone->peer);
  }
  if (!parts_->driver) return;
  parts_->driver->on_event(event, now);
  arm(now);
}

// A failed dial says something about the node while another connection of ours is alive.
void PexReactor::note_what_works() {
  const auto& connected = parts_->peers.connected;
  const bool heard = std::any_of(connected.begin(), connected.end(), [](const auto& each) {
    return each.second.peer->status().connection.silence <= addrbook::kHeardLately;
  });
  if (!heard) return;
  for (std::size_t i = 0; i < books_->size(); ++i) books_->at(i).note_heard(books_->now());
}

void PexReactor::receive(const p2p::PeerPtr& peer, p2p::Message message) {
  // Its room in the peer's inbox is held until it has been handled.
  auto shared = std::make_shared<p2p::Message>(std::move(message));
  control_.post([self = shared_from_this(), peer, shared] { self->on_message(peer, *shared); });
}

void PexReactor::on_message(const p2p::PeerPtr& peer, const p2p::Message& message) {
  // It may have closed already: what it sent before counts.
  if (!parts_->driver || !parts_->peers.is_connected(peer)) return;
  const TimePoint now = control_.now();
  const Exchange::Outcome outcome = parts_->exchange.on_message(*peer, message.bytes, now);
  if (outcome.answer && config_.on_answer) config_.on_answer(*peer, *outcome.answer);
  using Kind = Exchange::Outcome::Kind;
  switch (outcome.kind) {
    case Kind::nothing:
      return;
    case Kind::answered:
    case Kind::ignored:
      parts_->driver->on_asked(peer);
      return;
    case Kind::list:
      parts_->driver->on_list(peer, outcome.added, now);
      arm(now);
      return;
    case Kind::ban:
      ban(*peer, outcome.why.detail);
      break;
    case Kind::drop:
      break;
  }
  parts_->peer_log.write(peer->id(), now, conn::LogLevel::warn, "peer dropped",
                         {{"why", outcome.why.text()}, {"socket", peer->socket().to_string()}});
  context_->get_switch().stop_peer(*peer, outcome.why);
  if (outcome.address == Exchange::Outcome::Address::as_before) return;
  if (addrbook::AddressBook* book = books_->find(peer->network())) {
    const addrbook::Time time = books_->now();
    book->mark_bad(peer->id(), outcome.why.reason, time + kMisbehavedRest, time);
  }
}

// Its host; itself, where the book's rules let many share one.
void PexReactor::ban(const p2p::Peer& peer, const std::string& why) {
  p2p::Switch& node = context_->get_switch();
  const addrbook::AddressBook* book = books_->find(peer.network());
  if (book != nullptr && book->exempt(peer.socket().ip)) {
    node.ban(peer.id(), Parts::limits_of(config_).ban, why, p2p::BanOrigin::misbehaviour, {},
             name());
  } else {
    node.ban_peer(peer, Parts::limits_of(config_).ban, why, name());
  }
}

// --- time ---

void PexReactor::arm(TimePoint when) {
  if (!timer_ || when >= wake_at_) return;
  wake_at_ = when;
  timer_->arm(when);
}

void PexReactor::on_time() {
  wake_at_ = TimePoint::max();
  const TimePoint now = control_.now();
  if (now >= next_note_) note_sessions(now);
  arm(parts_->driver->on_time(now));
  books_->changed();
}

void PexReactor::note_sessions(TimePoint now) {
  next_note_ = now + kNotePause;
  for (const auto& [id, each] : parts_->peers.connected) {
    if (each.purpose != p2p::DialPurpose::feeler) {
      parts_->feed.on_still_here(*each.peer, now - each.since);
    }
  }
}

void PexReactor::visit(std::optional<conn::NodeId> id, VisitsAsked done) {
  control_.post([self = shared_from_this(), id, done = std::move(done)] {
    if (!self->parts_->driver)
      return done(conn::fail(conn::Stage::configuration, Reason::stopping));
    auto* const visits = dynamic_cast<Visits*>(self->parts_->driver.get());
    if (visits == nullptr) {
      return done(conn::fail(conn::Stage::configuration, Reason::invalid_argument,
                             "it is no seed, and visits nobody"));
    }
    const Visits::Asked asked = visits->ask_for(id);
    self->arm(self->control_.now());
    done(AskedVisits{asked.known, asked.queued});
  });
}

void PexReactor::report(std::function<void(const PexReport&)> into) {
  control_.post([self = shared_from_this(), into = std::move(into)] {
    if (self->parts_->driver) into(self->make_report());
  });
}

const ExchangeCounts& PexReactor::counts() const {
  return parts_->exchange.counts();
}

PexReport PexReactor::make_report() const {
  PexReport report;
  report.counts = parts_->exchange.counts();
  for (std::size_t i = 0; i < books_->size(); ++i) {
    const addrbook::AddressBook& book = books_->at(i);
    report.books.push_back({book.network(), book.size_of(addrbook::Kind::new_),
                            book.size_of(addrbook::Kind::tried), book.verified(), book.resting(),
                            parts_->exchange.answers_of(book.network())});
  }
  if (const auto* visits = dynamic_cast<const Visits*>(parts_->driver.get())) {
    report.visits = visits->under_way();
    report.visits_made = visits->made();
    report.visits_asked = visits->asked_for();
  }
  report.bans = books_->bans();
  return report;
}

}  // namespace peerage::pex
