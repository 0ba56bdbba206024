#include "tests/sim/go/go_pex.h"

#include <algorithm>
#include <iterator>
#include <utility>

namespace peerage::sim::go {

using conn::NetAddress;
using conn::NodeId;
using conn::TimePoint;
using p2p::Direction;

GoPex::GoPex(GoPexConfig config, GoBook& book, GoBook::Random random)
    : config_(std::move(config)), book_(book), random_(std::move(random)) {}

// --- the loop ---

GoPex::Actions GoPex::start(TimePoint now) {
  // Many nodes that restart together spread out; one without any peer begins at once.
  const bool has_any = !peers_.empty() || !dialling_.empty();
  if (config_.mode == GoPexConfig::Mode::node && has_any) {
    loop_ = Loop::sleeping;
    sleeps_until_ =
        now + std::chrono::duration_cast<conn::Duration>(fraction() * kEnsurePeersPeriod);
  } else {
    first_round(now);
  }
  return done();
}

std::optional<TimePoint> GoPex::deadline() const {
  if (loop_ == Loop::sleeping) return sleeps_until_;
  if (loop_ != Loop::idle) return std::nullopt;
  return woken_ && next_tick_ ? std::min(*woken_, *next_tick_) : next_tick_;
}

GoPex::Actions GoPex::on_time(TimePoint now) {
  if (loop_ == Loop::sleeping && now >= sleeps_until_) {
    first_round(now);
  } else if (loop_ == Loop::idle) {
    become_idle(now);
  }
  return done();
}

void GoPex::first_round(TimePoint now) {
  loop_ = Loop::idle;
  if (config_.mode == GoPexConfig::Mode::node) {
    ensure_peers(Elapsed::period, now);
  } else if (!config_.seeds.empty()) {
    dial_seeds(now);
  } else {
    crawl(now);
  }
  if (loop_ == Loop::idle) become_idle(now);
}

// Of the ticks that passed while the loop was busy, one is made up for.
void GoPex::become_idle(TimePoint now) {
  loop_ = Loop::idle;
  if (!next_tick_) next_tick_ = now + kEnsurePeersPeriod;
  if (*next_tick_ <= now) {
    while (*next_tick_ <= now) *next_tick_ += kEnsurePeersPeriod;
    round(now);
  }
  if (loop_ != Loop::idle || !woken_ || *woken_ > now) return;
  woken_.reset();
  ensure_peers(Elapsed::less, now);
}

void GoPex::round(TimePoint now) {
  mark_good(now);
  if (config_.mode == GoPexConfig::Mode::node) {
    ensure_peers(Elapsed::period, now);
  } else {
    part_with_long_connected(now);
    crawl(now);
  }
}

void GoPex::mark_good(TimePoint now) {
  if (!config_.mark_good_after) return;
  for (auto& [id, known] : peers_) {
    if (now - known.marked_good < *config_.mark_good_after) continue;
    known.marked_good = now;
    book_.mark_good(id, now);
  }
}

// --- a node ---

void GoPex::ensure_peers(Elapsed elapsed, TimePoint now) {
  const std::size_t out = outbound();
  if (out + dialling_.size() >= config_.max_outbound) return;
  const std::size_t missing = config_.max_outbound - out - dialling_.size();
  const auto bias = static_cast<unsigned>(std::min<std::size_t>(out, 8) * 10 + 10);
  // Whether an address rests is not checked here: all those chosen may be refused below.
  std::vector<NetAddress> chosen;
  for (std::size_t i = 0; i < 3 * missing && chosen.size() < missing; ++i) {
    const auto picked = book_.pick(bias);
    if (!picked || is_dialling_or_existing(*picked)) continue;
    const bool again = std::any_of(chosen.begin(), chosen.end(),
                                   [&](const NetAddress& each) { return each.id == picked->id; });
    if (!again) chosen.push_back(*picked);
  }
  for (const NetAddress& each : chosen) dial_peer(each, Purpose::book, now);
  if (book_.need_more()) book_.reinstate_bad_peers(now);
  if (!book_.need_more()) return;
  const bool always_asks = config_.version == GoPexConfig::Version::v039;
  if (elapsed == Elapsed::period || always_asks) ask_a_random_peer();
  if (chosen.empty()) dial_seeds(now);
}

void GoPex::ask_a_random_peer() {
  if (peers_.empty()) return;
  request(std::next(peers_.begin(), static_cast<std::ptrdiff_t>(draw(peers_.size())))->first);
}

void GoPex::dial_seeds(TimePoint now) {
  seeds_left_ = config_.seeds;
  dial_next_seed(now);
}

// One at random, until one is connected, or being dialled already.
void GoPex::dial_next_seed(TimePoint now) {
  if (!seeds_left_.empty()) {
    std::swap(seeds_left_.back(), seeds_left_[draw(seeds_left_.size())]);
    const NetAddress seed = seeds_left_.back();
    seeds_left_.pop_back();
    if (!is_dialling_or_existing(seed)) {
      loop_ = Loop::dialling_seeds;
      begin_dial(seed, Purpose::seed);
      return;
    }
  }
  if (loop_ == Loop::dialling_seeds) become_idle(now);
}

// --- a seed ---

void GoPex::crawl(TimePoint now) {
  const auto selected = book_.selection();
  crawl_left_.assign(selected.begin(), selected.end());
  crawl_began_ = now;
  crawl_next(now);
}

void GoPex::crawl_next(TimePoint now) {
  while (!crawl_left_.empty()) {
    const NetAddress next = crawl_left_.front();
    crawl_left_.pop_front();
    const auto before = crawled_.find(next.id);
    if (before != crawled_.end() && crawl_began_ - before->second < kMinTimeBetweenCrawls) continue;
    crawled_[next.id] = crawl_began_;
    if (dial_peer(next, Purpose::crawl, now) == Begun::yes) {
      loop_ = Loop::crawling;
      return;
    }
  }
  std::erase_if(crawled_, [now](const auto& each) { return now - each.second > kCrawlInfoLife; });
  if (loop_ == Loop::crawling) become_idle(now);
}

void GoPex::part_with_long_connected(TimePoint now) {
  for (const auto& [id, known] : peers_) {
    if (now - known.since >= kSeedDisconnectWaitPeriod && !known.peer.persistent) {
      actions_.push_back(Stop{id, "connected for long enough"});
    }
  }
}

// --- peers ---

GoPex::Actions GoPex::on_peer(const Peer& peer, TimePoint now) {
  peers_[peer.id] = {peer, now, now};
  if (peer.direction == Direction::inbound) {
    if (peer.reported) book_.add(*peer.reported, *peer.reported, now);
    return done();
  }
  if (book_.need_more()) request(peer.id);
  const auto dial = dialling_.find(peer.id);
  if (dial == dialling_.end()) return done();
  const Dialling ended = dial->second;
  dialling_.erase(dial);
  switch (ended.purpose) {
    case Purpose::book:
      attempts_.erase(ended.target.endpoint);
      break;
    case Purpose::crawl:
      attempts_.erase(ended.target.endpoint);
      request(peer.id);
      crawl_next(now);
      break;
    case Purpose::seed:
      become_idle(now);
      break;
    case Purpose::others:
      break;
  }
  return done();
}

void GoPex::on_gone(const NodeId& id) {
  peers_.erase(id);
  requests_sent_.erase(id);
  last_received_.erase(id);
}

std::size_t GoPex::outbound() const {
  return static_cast<std::size_t>(std::count_if(peers_.begin(), peers_.end(), [](const auto& each) {
    return each.second.peer.direction == Direction::outbound;
  }));
}

// --- messages ---

GoPex::Actions GoPex::on_request(const NodeId& from, TimePoint now) {
  const auto known = peers_.find(from);
  if (known == peers_.end()) return done();
  const auto [received, first] = last_received_.try_emplace(from);
  if (config_.mode == GoPexConfig::Mode::seed &&
      known->second.peer.direction == Direction::inbound) {
    if (!first) return done();
    actions_.push_back(Answer{from, book_.selection_with_bias(kBiasToSelectNewPeers)});
    actions_.push_back(Part{from});
    return done();
  }
  // The first one is free, and so is the second, from which on time counts.
  if (!first) {
    std::optional<TimePoint>& last = received->second;
    if (last && now - *last < kMinReceiveRequestInterval) {
      stop_and_ban(from, "asked too soon", now);
      return done();
    }
    last = now;
  }
  actions_.push_back(Answer{from, book_.selection()});
  return done();
}

GoPex::Actions GoPex::on_addresses(const NodeId& from, std::span<const NetAddress> addresses,
                                   TimePoint now) {
  const auto known = peers_.find(from);
  if (known == peers_.end()) return done();
  if (requests_sent_.erase(from) == 0) {
    stop_and_ban(from, "was not asked", now);
    return done();
  }
  const std::optional<NetAddress> source = known->second.peer.reported;
  if (!source) {
    actions_.push_back(Stop{from, "reports a name"});
    return done();
  }
  for (const NetAddress& each : addresses) book_.add(each, *source, now);
  const auto& seeds = config_.seeds;
  if (config_.mode == GoPexConfig::Mode::node &&
      std::find(seeds.begin(), seeds.end(), *source) != seeds.end()) {
    on_answer_of_seed(addresses, now);
  }
  return done();
}

void GoPex::on_answer_of_seed(std::span<const NetAddress> addresses, TimePoint now) {
  if (config_.version != GoPexConfig::Version::v034) {
    if (!woken_) woken_ = now + kWakeDelay;
    return;
  }
  for (const NetAddress& each : addresses) dial_peer(each, Purpose::book, now);
}

GoPex::Actions GoPex::on_malformed(const NodeId& from, TimePoint now) {
  stop_and_ban(from, "malformed message", now);
  return done();
}

void GoPex::request(const NodeId& peer) {
  if (requests_sent_.insert(peer).second) actions_.push_back(Ask{peer});
}

// Only the book knows the ban.
void GoPex::stop_and_ban(const NodeId& peer, std::string why, TimePoint now) {
  actions_.push_back(Stop{peer, std::move(why)});
  book_.mark_bad(peer, kDefaultBanTime, now);
}

// --- dialling ---

bool GoPex::is_dialling_or_existing(const NetAddress& address) const {
  if (dialling_.contains(address.id) || peers_.contains(address.id)) return true;
  return config_.duplicate_ip == GoPexConfig::DuplicateIp::refused &&
         std::any_of(peers_.begin(), peers_.end(),
                     [&](const auto& each) { return each.second.peer.ip == address.endpoint.ip; });
}

GoPex::Begun GoPex::dial_peer(const NetAddress& target, Purpose purpose, TimePoint now) {
  if (const auto before = attempts_.find(target.endpoint); before != attempts_.end()) {
    const auto& [number, last] = before->second;
    if (number > kMaxAttemptsToDial) {
      book_.mark_bad(target.id, kDefaultBanTime, now);
      return Begun::no;
    }
    const auto spread = std::chrono::duration_cast<conn::Duration>(fraction() * 1s);
    if (now - last < spread + (std::int64_t{1} << number) * 1s) return Begun::no;
  }
  if (is_dialling_or_existing(target)) return Begun::no;
  begin_dial(target, purpose);
  return Begun::yes;
}

void GoPex::begin_dial(const NetAddress& target, Purpose purpose) {
  dialling_[target.id] = {target, purpose};
  actions_.push_back(Dial{target});
}

void GoPex::on_dial_of_others(const NetAddress& target) {
  dialling_.try_emplace(target.id, Dialling{target, Purpose::others});
}

GoPex::Actions GoPex::on_dial_failed(const NetAddress& target, DialEnd end, TimePoint now) {
  const auto dial = dialling_.find(target.id);
  if (dial == dialling_.end()) return done();
  const Dialling ended = dial->second;
  dialling_.erase(dial);
  if (end == DialEnd::ourselves) {
    book_.remove(ended.target.id);
    book_.add_ours(ended.target);
  }
  const bool from_book = ended.purpose == Purpose::book || ended.purpose == Purpose::crawl;
  if (from_book && end != DialEnd::busy) {
    book_.mark_attempt(ended.target.id, now);
    Attempts& attempts = attempts_[ended.target.endpoint];
    attempts = {attempts.number + 1, now};
  }
  if (ended.purpose == Purpose::crawl) crawl_next(now);
  if (ended.purpose == Purpose::seed) {
    if (end == DialEnd::busy) seeds_left_.clear();
    dial_next_seed(now);
  }
  return done();
}

}  // namespace peerage::sim::go
