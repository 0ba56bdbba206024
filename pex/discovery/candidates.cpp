#include "pex/discovery/candidates.h"

#include <algorithm>
#include <optional>

#include "conn/base/backoff.h"
#include "pex/discovery/record/cmt.h"
#include "pex/discovery/record/rlp.h"
#include "pex/discovery/relay_rule.h"

namespace peerage::pex {

using conn::host_of;
using conn::IpAddress;
using conn::NetAddress;
using conn::TimePoint;

namespace {

// Candidates that one call looks at, so that a pool full of those that wait holds nobody up.
constexpr std::size_t kLooks = 256;

constexpr TimePoint kNotAgain = TimePoint::max();

// Of a record that may have no address.
std::optional<std::uint16_t> tcp_pair(const Enr& record) {
  const auto value = record.pair("tcp");
  if (!value) return std::nullopt;
  const auto number = RlpReader(*value).number(65'535);
  return number ? std::optional(static_cast<std::uint16_t>(*number)) : std::nullopt;
}

// Where the node that a record names is to be dialled, as far as it says what has answered: a
// record that names another IP than that may be about anybody's. One that names none is of a node
// that does not know its own.
std::optional<NetAddress> address_of(const Contact& node, const Cmt& cmt) {
  const bool is_v4 = node.udp.ip.is_v4();
  const auto named = is_v4 ? node.record->ip4() : node.record->ip6();
  if (named && *named != node.udp.ip) return std::nullopt;
  const auto tcp = is_v4 ? node.record->tcp4() : node.record->tcp6();
  const std::uint16_t of_record = tcp ? tcp->port : tcp_pair(*node.record).value_or(node.tcp);
  const std::uint16_t port = cmt.port != 0 ? cmt.port : of_record;
  if (port == 0) return std::nullopt;
  return NetAddress{cmt.node_id, {node.udp.ip, port}};
}

}  // namespace

std::string_view name(Candidates::State state) noexcept {
  static constexpr std::array<std::string_view, Candidates::kStates> kNames = {
      "rejected", "waits", "failed", "handed", "fresh", "connected"};
  return kNames[static_cast<std::size_t>(state)];
}

Candidates::Candidates(Settings settings, TimePoint now)
    : settings_(std::move(settings)),
      places_(std::max<std::size_t>(settings_.limits.candidates, 1)),
      wrong_ids_(std::max<std::size_t>(settings_.limits.candidates, 1)),
      rate_(settings_.limits.candidates_per_second, settings_.limits.candidates_per_second, now) {}

// --- nodes ---

void Candidates::on_update(const Update& update, TimePoint now) {
  if (const auto* added = std::get_if<update::Added>(&update)) return on_live(added->node, now);
  if (const auto* still = std::get_if<update::StillLive>(&update)) return on_live(still->node, now);
  if (const auto* changed = std::get_if<update::RecordChanged>(&update)) {
    using Live = update::RecordChanged::Live;
    return changed->live == Live::yes ? on_live(changed->node, now) : erase(changed->node.id);
  }
  if (const auto* removed = std::get_if<update::Removed>(&update)) erase(removed->id);
}

void Candidates::on_live(const Contact& node, TimePoint now) {
  const auto cmt = node.record ? Cmt::of(*node.record) : std::nullopt;
  const auto address = cmt ? address_of(node, *cmt) : std::nullopt;
  const WrongIds* wrong = wrong_ids_.find(node.id);
  const bool is_unwanted = wrong != nullptr && wrong->until > now;
  if (!address || cmt->node_id == settings_.own || is_unwanted) return erase(node.id);
  for (std::size_t i = 0; i < settings_.networks.size(); ++i) {
    const Key key = {node.id, i};
    const auto& named = cmt->networks;
    if (std::find(named.begin(), named.end(), settings_.networks[i]) != named.end()) {
      on_record(key, *address, node.seq(), now);
    } else if (const auto at = pool_.find(key); at != pool_.end()) {
      erase(at);
    }
  }
}

void Candidates::on_record(const Key& key, const NetAddress& address, std::uint64_t seq,
                           TimePoint now) {
  const auto at = pool_.find(key);
  if (at == pool_.end()) return add(key, address, seq, now);
  const bool moved = at->second.address != address;
  if (seq <= at->second.seq && !moved) {
    return alter(at, [now](Candidate& candidate) { candidate.live_at = now; });
  }
  alter(at, [&](Candidate& candidate) {
    candidate.live_at = now;
    candidate.seq = seq;
    if (moved) {
      candidate.address = address;
      candidate.failures = 0;
    } else if (candidate.state == State::connected || candidate.state == State::failed) {
      return;  // nothing that it said keeps us from it, or brings us to it sooner
    }
    candidate.state = State::fresh;
    candidate.due =
        candidate.handed == TimePoint::min() ? now : std::max(now, candidate.handed + kPause);
  });
}

void Candidates::add(const Key& key, const NetAddress& address, std::uint64_t seq, TimePoint now) {
  if (!make_room(key, address, now)) {
    ++counts_.refused;
    return;
  }
  Candidate candidate;
  candidate.address = address;
  candidate.seq = seq;
  candidate.live_since = candidate.live_at = candidate.due = now;
  link(pool_.emplace(key, candidate).first);
}

bool Candidates::make_room(const Key& key, const NetAddress& address, TimePoint now) {
  const auto its = naming(address.id, key.network);
  if (its.size() >= kRecordsKept) {
    const auto worse = std::find_if(its.begin(), its.end(), [](const auto& each) {
      return each->second.state == State::failed || each->second.state == State::rejected;
    });
    if (worse == its.end()) return false;
    ++counts_.displaced;
    erase(*worse);
  }
  if (pool_.size() < settings_.limits.candidates) return true;
  if (ranking_.empty()) return false;
  const auto [state, live_at, worst] = *ranking_.begin();
  if (state >= State::fresh && now - live_at <= kLiveWithin) return false;
  ++counts_.displaced;
  erase(pool_.find(worst));
  return true;
}

// --- the pool and its indices ---

void Candidates::link(Pool::const_iterator at) {
  const auto& [key, candidate] = *at;
  due_.emplace(candidate.due, key);
  ranking_.emplace(candidate.state, candidate.live_at, key);
  named_.emplace(key.network, candidate.address, key.id);
  ++states_[static_cast<std::size_t>(candidate.state)];
}

void Candidates::unlink(Pool::const_iterator at) {
  const auto& [key, candidate] = *at;
  due_.erase({candidate.due, key});
  ranking_.erase({candidate.state, candidate.live_at, key});
  named_.erase({key.network, candidate.address, key.id});
  --states_[static_cast<std::size_t>(candidate.state)];
}

template <typename Change>
void Candidates::alter(Pool::iterator at, Change&& change) {
  unlink(at);
  change(at->second);
  link(at);
}

void Candidates::erase(Pool::iterator at) {
  unlink(at);
  pool_.erase(at);
}

void Candidates::erase(const EnodeId& id) {
  auto at = pool_.lower_bound({id, 0});
  while (at != pool_.end() && at->first.id == id) erase(at++);
}

std::vector<Candidates::Pool::iterator> Candidates::naming(const conn::NodeId& id,
                                                           std::size_t network) {
  std::vector<Pool::iterator> found;
  for (auto each = named_.lower_bound({network, NetAddress{id, {}}, EnodeId{}});
       each != named_.end() && std::get<0>(*each) == network && std::get<1>(*each).id == id;
       ++each) {
    found.push_back(pool_.find({std::get<2>(*each), network}));
  }
  return found;
}

// --- what came of dials ---

std::vector<EnodeId> Candidates::on_dial(const NetAddress& address, std::string_view network,
                                         DialOutcome outcome, TimePoint now) {
  std::vector<EnodeId> to_ban;
  const auto& ours = settings_.networks;
  const auto index =
      static_cast<std::size_t>(std::find(ours.begin(), ours.end(), network) - ours.begin());
  if (index == ours.size()) return to_ban;
  for (const auto& at : naming(address.id, index)) {
    if (at->second.address != address) continue;
    if (outcome != DialOutcome::other_id) {
      judge(at, outcome, now);
      continue;
    }
    ++counts_.other_id;
    const EnodeId id = at->first.id;
    if (blame(id, now)) to_ban.push_back(id);
    erase(id);  // of every network; none of them is among those that are left
  }
  return to_ban;
}

void Candidates::judge(Pool::iterator at, DialOutcome outcome, TimePoint now) {
  alter(at, [&](Candidate& candidate) {
    switch (outcome) {
      case DialOutcome::connected:
        ++counts_.connected;
        candidate.failures = 0;
        candidate.state = State::connected;
        break;
      case DialOutcome::other_network:
        ++counts_.other_network;
        candidate.state = State::rejected;
        candidate.due = kNotAgain;
        break;
      case DialOutcome::failed: {
        ++counts_.failed;
        ++candidate.failures;
        candidate.state = State::failed;
        const auto doublings = std::min(candidate.failures - 1, 8U);
        candidate.due = now + std::min(kFirstRetry * (1U << doublings), kLastRetry);
        break;
      }
      case DialOutcome::closed:
        ++counts_.closed;
        candidate.failures = 0;
        if (candidate.state != State::connected) candidate.state = State::handed;
        break;
      case DialOutcome::gone:
        if (candidate.state != State::connected) break;
        candidate.state = candidate.handed == TimePoint::min() ? State::fresh : State::handed;
        break;
      case DialOutcome::other_id:
        break;  // the record's fault, not the candidate's: see blame
    }
  });
}

// Whether its ID is to be banned now.
bool Candidates::blame(const EnodeId& id, TimePoint now) {
  WrongIds& wrong = wrong_ids_.use(id, [] { return WrongIds{}; });
  wrong.until = now + kUnwanted;
  if (++wrong.count < kWrongIdsToBan) return false;
  return true;
}

void Candidates::on_banned(const conn::BanTarget& target) {
  for (auto at = pool_.begin(); at != pool_.end();) {
    const auto here = at++;
    const NetAddress& address = here->second.address;
    if (!conn::covers(target, address.id, address.endpoint.ip)) continue;
    ++counts_.banned;
    erase(here);
  }
}

// --- handing over ---

std::vector<Candidates::Handover> Candidates::take(TimePoint now, const IsBanned& is_banned) {
  std::vector<Handover> handed;
  for (std::size_t looks = 0; looks < kLooks && !due_.empty(); ++looks) {
    const auto [due, key] = *due_.begin();
    if (due > now || rate_.available(now) == 0) break;
    const auto at = pool_.find(key);
    if (now - at->second.live_at > kLiveWithin) {
      erase(at);
    } else if (is_banned(at->second.address)) {
      ++counts_.banned;
      erase(at);
    } else if (!may_go(at, now)) {
      alter(at, [now](Candidate& candidate) {
        const bool is_free = candidate.state == State::fresh || candidate.state == State::handed;
        if (is_free) candidate.state = State::waits;
        candidate.due = now + kLookAgain;
      });
    } else {
      rate_.take(1, now);
      ++counts_.handed;
      take_place(key, at->second.address.endpoint.ip, now);
      alter(at, [now](Candidate& candidate) {
        if (candidate.state != State::connected) candidate.state = State::handed;
        candidate.handed = now;
        candidate.due = now + kAnew;
      });
      handed.push_back({at->second.address, settings_.networks[key.network]});
    }
  }
  return handed;
}

TimePoint Candidates::next_deadline(TimePoint now) {
  if (due_.empty() || due_.begin()->first == kNotAgain) return kNotAgain;
  return std::max(due_.begin()->first, rate_.when_available(1, now));
}

bool Candidates::may_go(Pool::iterator at, TimePoint now) {
  return comes_first(at) && has_place(at->first, at->second.address.endpoint.ip, now);
}

// Of those that name its node.
bool Candidates::comes_first(Pool::iterator at) {
  const auto rank = [](Pool::iterator each) {
    return std::tuple(each->second.failures > 0, each->second.live_since, each->first);
  };
  std::size_t before = 0;
  for (const auto& other : naming(at->second.address.id, at->first.network)) {
    if (other->second.state != State::rejected && rank(other) < rank(at)) ++before;
  }
  return before < kRecordsOfNode;
}

// Of its host.
bool Candidates::has_place(const Key& key, const IpAddress& ip, TimePoint now) {
  if (is_private(ip)) return true;
  const Place* place = places_.find({host_of(ip), key.network});
  if (place == nullptr || place->holder == key) return true;
  if (now - place->since < kAnew) return false;
  const auto holder = pool_.find(place->holder);
  return holder == pool_.end() || holder->second.failures > 0 ||
         holder->second.state == State::rejected || now - holder->second.live_at > kLiveWithin ||
         host_of(holder->second.address.endpoint.ip) != host_of(ip);
}

void Candidates::take_place(const Key& key, const IpAddress& ip, TimePoint now) {
  if (is_private(ip)) return;
  Place& place = places_.use({host_of(ip), key.network}, [&] { return Place{key, now}; });
  if (place.holder != key) place = {key, now};
}

}  // namespace peerage::pex
