#include "cmd/crawl/crawl.h"

#include <algorithm>
#include <stdexcept>
#include <tuple>
#include <utility>

#include "p2p/base/peer_reason.h"
#include "pex/seed/crawler.h"

namespace peerage::cmd {

using conn::HostAddress;
using conn::NetAddress;
using conn::Result;
using conn::Stage;
using namespace std::chrono_literals;

namespace {

constexpr conn::Duration kLook = 200ms;
constexpr std::size_t kMaxText = 256;  // of a moniker, a version, a network: bytes as received

using OnAnswer = std::function<void(const p2p::Peer&, const pex::AnswerCounts&)>;

pex::NodeConfig node_config(const CrawlOptions& options, OnAnswer on_answer) {
  pex::NodeConfig node;
  node.networks = {options.network};
  node.listen = "127.0.0.1:0";
  node.seeds = options.seeds;
  node.book_file = options.book;
  node.role = pex::Role::seed;
  p2p::SwitchConfig& connections = node.connections;
  connections.moniker = "peerage-crawl";
  connections.version = PEERAGE_VERSION;
  connections.p2p.external_address = "127.0.0.1:0";  // no node takes that for an address to dial
  connections.p2p.max_num_inbound_peers = 0;
  connections.p2p.allow_duplicate_ip = true;
  node.exchange.strict = options.strict;
  node.exchange.seed_inbound_peers = 0;
  node.exchange.crawl.parallel = options.parallel;
  node.exchange.crawl.visit = options.visit;
  node.exchange.on_answer = std::move(on_answer);
  // Two IDs claimed at one address are both to be visited before the crawl is over.
  node.exchange.crawl.pause = std::min<conn::Duration>(options.idle / 2, 5s);
  node.book = pex::book_config(node);
  node.book->exempt_networks = {*conn::Cidr::parse("0.0.0.0/0"), *conn::Cidr::parse("::/0")};
  return node;
}

Outcome outcome_of(const conn::NodeId& id, const std::string& network,
                   const p2p::UpgradeReport& report) {
  if (report.remote_id != id) return Outcome::unreachable;
  if (!report.remote_info) return Outcome::guarded;
  return report.remote_info->network == network ? Outcome::reachable : Outcome::other_network;
}

// Why a node did not answer. One that we parted from had its time.
conn::Failure why_silent(const p2p::Gone& event) {
  const bool parted = event.why.reason == conn::Reason::stopped_locally ||
                      event.why.reason == conn::Reason::flush_timed_out;
  if (!parted) return event.why;
  return {Stage::established, p2p::PeerReason::answer_timed_out, {}};
}

// Its visit is over, or there will be none.
bool settled(const CrawlRow& row) {
  return row.outcome != Outcome::not_visited || row.failure;
}

}  // namespace

Crawl::Crawl(conn::Runtime& runtime, conn::NodeKey key, CrawlOptions options)
    : runtime_(runtime), control_(runtime.shard(0)), options_(std::move(options)) {
  for (const HostAddress& seed : options_.seeds) seeds_.insert(seed.id);
  auto node = pex::Node::create(
      runtime_,
      node_config(options_, [this](const p2p::Peer& peer,
                                   const pex::AnswerCounts& answer) { on_answer(peer, answer); }),
      std::move(key));
  if (!node) throw std::invalid_argument(node.error().text());
  node_ = std::move(*node);
  node_->on_event([this](const p2p::SwitchEvent& event) { on_event(event); });
}

void Crawl::start(Started done) {
  control_.post([this, done = std::move(done)] {
    began_ = last_work_ = control_.now();
    began_at_ = books().now();
    timer_ = control_.make_timer([this] { look(); });
    node_->start([this, done](const Result<void>& started) {
      last_work_ = control_.now();
      if (started) look();
      done(started);
    });
  });
}

CrawlProgress Crawl::progress() const {
  return {heard_, visited_, reachable_, answered_, dialling_, over_};
}

void Crawl::finish(CrawlResult::Ended ended, Finished done) {
  control_.post([this, ended, done = std::move(done)] {
    timer_.reset();
    auto result = std::make_shared<CrawlResult>(gather(ended));
    node_->stop([result, done](const Result<void>& saved) { done(std::move(*result), saved); });
  });
}

// --- events ---

void Crawl::on_event(const p2p::SwitchEvent& event) {
  std::visit(
      [this](const auto& each) {
        if constexpr (requires { on(each); }) on(each);
      },
      event);
  dialling_ = under_way_.size();
}

void Crawl::on(const p2p::Dialled& event) {
  under_way_.insert(event.target.id);
  if (!seeds_.contains(event.target.id)) last_work_ = control_.now();
  CrawlRow* row = row_of(event.target);
  if (row == nullptr) return;
  ++row->visits;
  row->last_visit = books().now();
}

void Crawl::on(const p2p::DialFailed& event) {
  // A refusal to dial a node does not end a dial to it that is under way.
  if (event.failure.reason == p2p::PeerReason::already_dialling) return;
  under_way_.erase(event.target.id);
  const bool refused = event.failure.stage == Stage::admission && !event.report.upgrade.remote_id;
  if (refused) {
    // Of what the switch itself does not dial, only a lack of slots passes.
    CrawlRow* row = row_of(event.target);
    const bool for_good = event.failure.reason != p2p::PeerReason::no_free_slot;
    if (row != nullptr && for_good && !settled(*row)) row->failure = event.failure;
    return;
  }
  if (!seeds_.contains(event.target.id)) last_work_ = control_.now();
  if (CrawlRow* row = row_of(event.target)) note(*row, event.report, &event.failure);
}

void Crawl::on(const p2p::Connected& event) {
  const auto& dialled = event.peer->dialled();
  if (!dialled) return;
  if (CrawlRow* row = row_of(*dialled)) note(*row, event.report, nullptr);
}

void Crawl::on_answer(const p2p::Peer& peer, const pex::AnswerCounts& answer) {
  const auto& dialled = peer.dialled();
  CrawlRow* row = dialled ? row_of(*dialled) : nullptr;
  if (row == nullptr) return;
  if (!row->answer) ++answered_;
  row->answer = answer;
  row->failure.reset();
}

void Crawl::on(const p2p::Gone& event) {
  under_way_.erase(event.peer->id());
  const auto& dialled = event.peer->dialled();
  CrawlRow* row = dialled ? row_of(*dialled) : nullptr;
  if (row != nullptr && !row->answer) row->failure = why_silent(event);
  if (!seeds_.contains(event.peer->id())) last_work_ = control_.now();
}

CrawlRow* Crawl::row_of(const HostAddress& target) {
  const std::string key = target.to_string();
  const auto known = rows_.find(key);
  if (known != rows_.end()) return &known->second;
  if (rows_.size() >= kMaxVisited) return nullptr;
  CrawlRow row;
  row.id = target.id;
  row.host = target.host;
  row.port = target.port;
  row.first_seen = books().now();
  row.told_by = "seed";
  if (const auto ip = conn::IpAddress::parse(target.host); ip && !seeds_.contains(target.id)) {
    const auto* in_book = books().first().find(NetAddress{target.id, {*ip, target.port}});
    row.told_by.clear();
    if (in_book != nullptr) {
      row.first_seen = in_book->first_seen;
      row.told_by = in_book->source.to_string();
    }
  }
  return &rows_.emplace(key, std::move(row)).first->second;
}

void Crawl::note(CrawlRow& row, const p2p::AttemptReport& report, const conn::Failure* failure) {
  const p2p::UpgradeReport& upgrade = report.upgrade;
  const Outcome outcome = outcome_of(row.id, options_.network, upgrade);
  // Once reached it counts as such, also when a later visit fails.
  if (row.outcome == Outcome::reachable && outcome != Outcome::reachable) return;
  if (row.answer && failure != nullptr) return;
  if (row.outcome == Outcome::not_visited) ++visited_;
  if (outcome == Outcome::reachable && row.outcome != Outcome::reachable) ++reachable_;
  row.outcome = outcome;
  row.failure = failure == nullptr ? std::nullopt : std::optional(*failure);
  if (report.remote) row.host = report.remote->ip.to_string();
  if (upgrade.remote_id != row.id) return;
  if (upgrade.keys_exchanged) {
    row.round_trip_us = static_cast<std::uint32_t>(
        std::chrono::duration_cast<std::chrono::microseconds>(*upgrade.keys_exchanged).count());
  }
  if (upgrade.remote_info) {
    row.moniker = upgrade.remote_info->moniker.substr(0, kMaxText);
    row.version = upgrade.remote_info->version.substr(0, kMaxText);
    row.network = upgrade.remote_info->network.substr(0, kMaxText);
  }
}

bool Crawl::anything_left() const {
  if (!under_way_.empty() || seeds_left()) return true;
  bool left = false;
  books().first().for_each(
      [&](const addrbook::KnownAddress& known) { left = left || is_left(known); });
  return left;
}

// Seeds are asked while little is known. Of a node's addresses one that answers is enough.
bool Crawl::seeds_left() const {
  if (!books().first().need_more()) return false;
  std::set<conn::NodeId> untried, proven;
  for (const HostAddress& seed : options_.seeds) {
    const auto row = rows_.find(seed.to_string());
    if (row == rows_.end() || !settled(row->second)) {
      untried.insert(seed.id);
    } else if (row->second.outcome < Outcome::unreachable) {
      proven.insert(seed.id);
    }
  }
  return !std::includes(proven.begin(), proven.end(), untried.begin(), untried.end());
}

bool Crawl::is_left(const addrbook::KnownAddress& known) const {
  const auto row = rows_.find(known.address.to_string());
  if (row != rows_.end()) return !settled(row->second);
  const addrbook::Time now = books().now();
  if (known.bad_until > now) return false;
  return known.last_attempt == addrbook::kNever ||
         now - known.last_attempt >= pex::Crawler::pause_after(known);
}

void Crawl::look() {
  if (!timer_) return;  // finish() came while the start was under way
  const conn::TimePoint now = control_.now();
  timer_->arm(now + kLook);
  const addrbook::AddressBook& book = books().first();
  heard_ = std::max(rows_.size(), book.size() + book.resting());
  const bool idle = under_way_.empty() && now - last_work_ >= options_.idle;
  over_ = idle || !anything_left();
}

// --- the end ---

CrawlResult Crawl::gather(CrawlResult::Ended ended) const {
  CrawlResult result;
  result.network = options_.network;
  result.began = began_at_;
  result.lasted = control_.now() - began_;
  result.ended = ended;
  for (const auto& [key, row] : rows_) {
    result.rows.push_back(row);
    // The end of the crawl cut its visit short.
    const bool no_outcome = row.outcome == Outcome::not_visited;
    if (no_outcome) result.rows.back().last_visit = addrbook::kNever;
  }
  books().first().for_each([&](const addrbook::KnownAddress& known) {
    if (rows_.contains(known.address.to_string())) return;
    CrawlRow row;
    row.id = known.address.id;
    row.host = known.address.endpoint.ip.to_string();
    row.port = known.address.endpoint.port;
    row.first_seen = known.first_seen;
    row.told_by = known.source.to_string();
    result.rows.push_back(std::move(row));
  });
  std::sort(result.rows.begin(), result.rows.end(), [](const CrawlRow& a, const CrawlRow& b) {
    return std::tie(a.outcome, a.host, a.port, a.id) < std::tie(b.outcome, b.host, b.port, b.id);
  });
  return result;
}

}  // namespace peerage::cmd
