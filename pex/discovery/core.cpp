// The loop: what is due, and what is done about it.
#include "pex/discovery/core.h"

#include <algorithm>

#include "pex/discovery/v4/state.h"

namespace peerage::pex {

using conn::TimePoint;

namespace {

constexpr conn::Duration kRevalidationLook = std::chrono::seconds(1);
constexpr conn::Duration kProofSweep = std::chrono::hours(1);
// Of the timer's lookups, every so many are for ourselves, beginning with the first.
constexpr std::size_t kOwnLookups = 4;
// What never answered is pinged at once, but so many at a time.
constexpr std::size_t kPingsOfALook = 32;
// So many targets are drawn for one timed lookup, at most: enough for one in the nearest bucket
// that is searched in this way. A target is a hash, so that none can be made for a bucket.
constexpr std::size_t kTargetsDrawn = 512;
// What we tell the nearest of a new record is repeated with so many lookups: they must also hear
// from where we are, and we from them, before they tell others.
constexpr unsigned kRecordRepeats = 2;
// A table of 16 live nodes visits a boot node half as often as an empty one, and so on.
constexpr std::size_t kLivePerVisit = 16;
constexpr unsigned kFarthest = 256, kNearestDrawn = 249;  // log distances

}  // namespace

DiscoveryCore::DiscoveryCore(conn::Secp256k1Key key, DiscoverySettings settings,
                             const conn::Random::Seed& seed, DiscoveryTime now)
    : shared_(std::move(key), std::move(settings), seed, now),
      own_address_(shared_, now.steady),
      kept_rows_(shared_.settings.stored.rows, now.wall),
      lookups_(shared_),
      pace_(shared_.settings.limits),
      pinging_(shared_.settings.limits.commands),
      asking_records_(shared_.settings.limits.commands),
      finding_(shared_.settings.limits.commands) {
  if (shared_.settings.protocols[index_of(Protocol::v4)] == Switched::on) {
    ProtocolHost& host = *this;
    states_[index_of(Protocol::v4)] = std::make_unique<Discv4State>(shared_, host);
  }
  for (const auto& [id, until] : shared_.settings.stored.bans) {
    DiscoveryBans::Until ends;
    if (until) ends = now.steady + (*until - now.wall);
    shared_.bans.ban(id, ends, conn::BanOrigin::operator_, now.steady);
  }
  for (const Contact& node : shared_.settings.boot) {
    if (node.id != shared_.id) boot_.push_back(node);
  }
  describe_ourselves(now);
  // An address that is about to be given stands in the first record, too.
  const bool is_awaited =
      shared_.settings.external_ip == ExternalIp::given && !shared_.settings.known_ip;
  if (!is_awaited) dispatch(core_message::Resign{}, now);
}

void DiscoveryCore::describe_ourselves(DiscoveryTime now) {
  const auto& p2p = shared_.settings.p2p;
  if (!p2p) return;
  set_p2p_port(p2p->port, now);
  // What has no room, or is no network's name, is left out of the record: the settings were checked
  // by whoever read them.
  (void)shared_.record.set_cmt({.node_id = p2p->id, .networks = p2p->networks, .port = 0},
                               now.steady);
}

// --- in and out ---

void DiscoveryCore::receive(const InDatagram& datagram, DiscoveryTime now) {
  dispatch(core_message::Datagram{datagram}, now);
}

void DiscoveryCore::on_time(DiscoveryTime now) {
  for (auto due = next_due(); due && due->first <= now.steady; due = next_due()) {
    dispatch(due->second, now);
  }
}

conn::TimePoint DiscoveryCore::next_deadline() const {
  const auto due = next_due();
  return due ? due->first : TimePoint::max();
}

std::vector<OutDatagram> DiscoveryCore::take_datagrams(std::size_t most) {
  const std::size_t count = std::min(most, shared_.out.size());
  const auto end = shared_.out.begin() + static_cast<std::ptrdiff_t>(count);
  std::vector<OutDatagram> taken(std::make_move_iterator(shared_.out.begin()),
                                 std::make_move_iterator(end));
  shared_.out.erase(shared_.out.begin(), end);
  return taken;
}

// --- what is due ---

std::optional<DiscoveryCore::Due> DiscoveryCore::next_due() const {
  std::optional<Due> next;
  const auto consider = [&next](std::optional<TimePoint> when, const CoreMessage& message) {
    if (when && (!next || *when < next->first)) next.emplace(*when, message);
  };
  if (stopped_) return next;
  consider(shared_.record.due(), core_message::Resign{});
  if (!began_) return next;
  for (const auto& each : states_) {
    if (!each) continue;
    const Protocol protocol = each->protocol();
    consider(each->next_deadline(), core_message::Requests{protocol});
    consider(next_revalidation_[index_of(protocol)], core_message::Revalidate{protocol});
    consider(next_lookup_[index_of(protocol)], core_message::Lookup{protocol});
  }
  consider(lookups_.next_deadline(), core_message::LookupSteps{});
  consider(own_address_.next_deadline(), core_message::CountVotes{});
  consider(next_prune_, core_message::Prune{});
  return next;
}

void DiscoveryCore::dispatch(const CoreMessage& message, DiscoveryTime now) {
  if (stopped_) return;
  std::visit([&](const auto& each) { handle(each, now); }, message);
}

// --- datagrams ---

void DiscoveryCore::handle(const core_message::Datagram& message, DiscoveryTime now) {
  const InDatagram& datagram = message.datagram;
  if (!began_) return;
  DiscoveryCounters& counters = shared_.counters;
  if (datagram.bytes.size() > kMaxDatagram) return counters.drop(Drop::too_long);
  if (const auto refused = shared_.refusal(datagram.from.ip, now.steady)) {
    return counters.drop(*refused);
  }
  using Awaited = TrafficLimits::Awaited;
  const Awaited awaited = shared_.awaited.take(datagram.from) ? Awaited::yes : Awaited::no;
  if (!shared_.limits.admit(datagram.from.ip, datagram.bytes.size(), awaited, now.steady)) {
    return counters.drop(Drop::rate);
  }
  if (awaited == Awaited::no) {
    const auto standing = shared_.standing(datagram.from.ip, now.steady);
    if (!shared_.limits.admit_hashing(standing, datagram.bytes.size(), now.steady)) {
      return counters.drop(Drop::costly);
    }
  }
  for (const auto& each : states_) {
    if (each && each->receive(datagram, awaited, now)) return;
  }
  counters.drop(Drop::no_protocol);
}

// --- our record ---

void DiscoveryCore::handle(const core_message::Resign&, DiscoveryTime now) {
  if (const auto seq = shared_.record.publish(now.steady)) seq_to_store_ = *seq;
}

void DiscoveryCore::on_seq_stored(std::uint64_t seq, DiscoveryTime now) {
  if (stopped_) return;
  shared_.record.stored(seq);
  if (!began_ && record()) return begin(now);
  pace_.on_own_record_changed();
  schedule_lookups();
  tell_the_nearest(now);
  record_to_repeat_.fill(kRecordRepeats);
}

// Our record has changed, and those nearest to us are asked for it by whoever looks for us: a ping
// names its sequence, and comes from where we are.
void DiscoveryCore::tell_the_nearest(DiscoveryTime now) {
  for_each_state([&](ProtocolState& each) { tell_the_nearest(each.protocol(), now); });
}

void DiscoveryCore::tell_the_nearest(Protocol protocol, DiscoveryTime now) {
  const auto speaks = [&](const TableNode& node) {
    return node.last_live[index_of(protocol)].has_value();
  };
  std::vector<EnodeId> nearest;
  const std::size_t results = shared_.settings.limits.lookup_results;
  for (const TableNode* const node : shared_.table.closest(shared_.id, results, speaks)) {
    nearest.push_back(node->contact.id);
  }
  for (const EnodeId& id : nearest) ping_in_table(id, protocol, now);
}

void DiscoveryCore::handle(const core_message::CountVotes&, DiscoveryTime now) {
  own_address_.count_votes(now.steady);
}

// --- the beginning ---

void DiscoveryCore::begin(DiscoveryTime now) {
  began_ = now.steady;
  next_revalidation_.fill(now.steady + kRevalidationLook);
  next_lookup_.fill(now.steady + shared_.settings.limits.lookup_interval_high);
  next_prune_ = now.steady + shared_.settings.limits.prune_interval;
  next_sweep_ = now.steady + kProofSweep;
  for_each_state([&](ProtocolState& each) { ping_boot_nodes(each.protocol(), now); });
  std::vector<NodeRow> rows = kept_rows_.draw(shared_.random);
  const auto at_once = std::min(rows.size(), kRowsPingedAtStart);
  for (std::size_t i = 0; i < at_once; ++i) return_to(rows[i], now);
  rows_to_ping_.assign(std::move_iterator(rows.begin() + static_cast<std::ptrdiff_t>(at_once)),
                       std::move_iterator(rows.end()));
  open_to_inbound_if_filled(now);
}

// It is pinged, whether it finds a place in the table or not.
void DiscoveryCore::return_to(const NodeRow& row, DiscoveryTime now) {
  for_each_state([&](ProtocolState& each) {
    if (!row.speaks[index_of(each.protocol())]) return;
    const auto offered = offer(row.node, each.protocol(), HeardBy::disk, ThenPing::yes, now);
    if (offered == NodeTable::Offered::replacement) each.ping(row.node, Word::ours, now);
  });
}

void DiscoveryCore::ping_boot_nodes(Protocol protocol, DiscoveryTime now) {
  for (const Contact& node : boot_) {
    const auto offered = offer(node, protocol, HeardBy::boot, ThenPing::yes, now);
    if (offered != NodeTable::Offered::known) continue;
    ping_in_table(node.id, protocol, now);
    // The name that it has may have another address now.
    const TableNode* const known = shared_.table.find(node.id);
    const bool is_elsewhere = known != nullptr && known->contact.udp != node.udp;
    if (is_elsewhere) state(protocol)->ping(node, Word::ours, now);
  }
}

// One that the table does not hold, now and then; the fewer there are to do so, the more often.
std::optional<Contact> DiscoveryCore::boot_node_to_visit(Protocol protocol, DiscoveryTime now) {
  const std::size_t live = shared_.table.counts().live;
  if (boot_.empty() || live == 0) return std::nullopt;  // with nobody to ask all are pinged
  const std::size_t visits =
      std::min(shared_.settings.limits.boot_visits, 1 + live / kLivePerVisit);
  if (visits == 0 || shared_.random.below(visits) != 0) return std::nullopt;
  const Contact& node = boot_[shared_.random.below(boot_.size())];
  const TableNode* const known = shared_.table.find(node.id);
  if (known != nullptr && known->live()) return std::nullopt;
  offer(node, protocol, HeardBy::boot, ThenPing::no, now);
  return node;
}

// Strangers are taken in when those whom we know have had their time to fill the table; at once
// when there is nobody.
void DiscoveryCore::open_to_inbound_if_filled(DiscoveryTime now) {
  const bool is_alone = boot_.empty() && kept_rows_.size() == 0;
  const bool is_time = now.steady - *began_ >= shared_.settings.limits.inbound_closed;
  if (is_alone || first_lookup_done_ || is_time) shared_.table.open_to_inbound();
}

// --- revalidation and pruning ---

// Whoever waits longest is pinged, and everybody that never was.
void DiscoveryCore::handle(const core_message::Revalidate& message, DiscoveryTime now) {
  const Protocol protocol = message.protocol;
  next_revalidation_[index_of(protocol)] = now.steady + kRevalidationLook;
  if (!has_anybody_to_ask(protocol)) ping_boot_nodes(protocol, now);
  if (!rows_to_ping_.empty()) {
    return_to(rows_to_ping_.front(), now);
    rows_to_ping_.pop_front();
  }
  for (std::size_t i = 0; i < kPingsOfALook; ++i) {
    const TableNode* const node = shared_.table.next_to_revalidate(protocol, now.steady);
    if (node == nullptr) return;
    const bool was_live = node->last_live[index_of(protocol)].has_value();
    ping_in_table(node->contact.id, protocol, now);
    if (was_live) return;
  }
}

void DiscoveryCore::handle(const core_message::Prune&, DiscoveryTime now) {
  next_prune_ = now.steady + shared_.settings.limits.prune_interval;
  shared_.bans.sweep(now.steady);
  open_to_inbound_if_filled(now);
  if (now.steady < next_sweep_) return;
  next_sweep_ = now.steady + kProofSweep;
  shared_.proofs.sweep(now.steady);
}

void DiscoveryCore::handle(const core_message::Requests& message, DiscoveryTime now) {
  state(message.protocol)->on_time(now);
}

// --- lookups ---

LookupTarget DiscoveryCore::random_target() {
  conn::ByteArray<64> key;
  for (std::uint8_t& byte : key) byte = static_cast<std::uint8_t>(shared_.random.next());
  return LookupTarget::of(key);
}

// By lot alone half of all targets would be in the farthest bucket, which is full long before the
// nearer ones. So each bucket that is not full has its turn. The nearest are left to the lookups
// for ourselves: in those there are few nodes to be known.
LookupTarget DiscoveryCore::target_of_timed_lookup(Protocol protocol) {
  const auto wanted = next_bucket_to_search(protocol);
  LookupTarget target = random_target();
  if (!wanted) return target;
  for (std::size_t i = 0; i < kTargetsDrawn; ++i) {
    if (log_distance(shared_.id, target.id) == *wanted) break;
    target = random_target();
  }
  return target;
}

// Farthest first, then nearer, and so on in turn; none: all of them are full.
std::optional<unsigned> DiscoveryCore::next_bucket_to_search(Protocol protocol) {
  const DiscoveryLimits& limits = shared_.settings.limits;
  const std::vector<const TableNode*> nearest =
      shared_.table.closest(shared_.id, limits.lookup_results);
  unsigned last = kNearestDrawn;
  if (nearest.size() >= limits.lookup_results) {
    last = std::max(last, log_distance(shared_.id, nearest.back()->contact.id));
  }
  unsigned& searched = searched_bucket_[index_of(protocol)];
  for (unsigned tried = 0; tried <= kFarthest - last; ++tried) {
    searched = searched <= last || searched > kFarthest ? kFarthest : searched - 1;
    if (shared_.table.at_distance(searched).size() < limits.bucket_entries) return searched;
  }
  return std::nullopt;
}

void DiscoveryCore::handle(const core_message::LookupSteps&, DiscoveryTime now) {
  lookups_.on_time(now);
}

void DiscoveryCore::handle(const core_message::Lookup& message, DiscoveryTime now) {
  const Protocol protocol = message.protocol;
  last_lookup_[index_of(protocol)] = now.steady;
  const bool may_begin = shared_.settings.lookups == Switched::on && !lookups_.runs_timed(protocol);
  if (may_begin && begin_timed_lookup(protocol, now)) pace_.on_lookup(protocol);
  schedule_lookup(protocol);
  if (unsigned& left = record_to_repeat_[index_of(protocol)]; left > 0) {
    --left;
    tell_the_nearest(protocol, now);
  }
  if (lookups_.runs_timed(protocol) || has_anybody_to_ask(protocol)) return;
  boot_nodes_wanted_ = true;
  ping_boot_nodes(protocol, now);
}

// False: there was nobody to ask.
bool DiscoveryCore::begin_timed_lookup(Protocol protocol, DiscoveryTime now) {
  std::size_t& begun = lookups_begun_[index_of(protocol)];
  const bool is_own = begun % kOwnLookups == 0 || shared_.settings.random_lookups == Switched::off;
  const LookupTarget target =
      is_own ? LookupTarget::of(shared_.key.public_key().xy()) : target_of_timed_lookup(protocol);
  const auto on_done = [this, is_own](const pex::Lookup&, DiscoveryTime at) {
    if (!is_own) return;
    first_lookup_done_ = true;
    open_to_inbound_if_filled(at);
  };
  ProtocolState& with = *state(protocol);
  constexpr auto by_timer = Lookups::By::timer;
  // It goes by way of that one alone: where our buckets are full, it would not be asked otherwise.
  const auto visited = is_own ? boot_node_to_visit(protocol, now) : std::nullopt;
  const auto answer = visited
                          ? lookups_.begin_from({*visited}, with, target, by_timer, on_done, now)
                          : lookups_.begin(with, target, by_timer, on_done, now);
  if (answer != Lookups::Begun::yes) return false;
  ++begun;
  return true;
}

bool DiscoveryCore::has_anybody_to_ask(Protocol protocol) const {
  bool has = false;
  shared_.table.for_each(
      [&](const TableNode& node) { has = has || node.last_live[index_of(protocol)].has_value(); });
  return has;
}

void DiscoveryCore::schedule_lookup(Protocol protocol) {
  const std::size_t index = index_of(protocol);
  if (last_lookup_[index]) next_lookup_[index] = *last_lookup_[index] + pace_.interval(protocol);
}

void DiscoveryCore::schedule_lookups() {
  for_each_state([this](ProtocolState& each) { schedule_lookup(each.protocol()); });
}

void DiscoveryCore::set_need(std::size_t outbound, std::size_t wanted) {
  pace_.set_need(outbound, wanted);
  schedule_lookups();
}

// Also the lookup that waits already comes as soon as it would have otherwise.
void DiscoveryCore::on_news() {
  pace_.on_news();
  schedule_lookups();
}

}  // namespace peerage::pex
