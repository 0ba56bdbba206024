#include "pex/discovery/table.h"

#include <algorithm>
#include <tuple>
#include <utility>

#include "pex/discovery/relay_rule.h"

namespace peerage::pex {

using conn::Duration;
using conn::Endpoint;
using conn::TimePoint;

namespace {

constexpr std::uint16_t kLastSystemPort = 1024;

// Whether bit `at` of two IDs differs, 0 being the lowest.
bool differs(const EnodeId& a, const EnodeId& b, std::size_t at) noexcept {
  const std::size_t byte = a.bytes.size() - 1 - at / 8;
  return ((a.bytes[byte] ^ b.bytes[byte]) >> (at % 8) & 1) != 0;
}

// What is learnt of a node is learnt of it where it is.
void forget_proofs(TableNode& node) {
  node.last_live = {};
  node.last_ping = {};
  node.missed = {};
  node.checks = 0;
}

}  // namespace

NodeTable::NodeTable(Settings settings, conn::RandomBelow random)
    : settings_(std::move(settings)),
      random_(std::move(random)),
      shares_(settings_.limits, settings_.exempt) {}

// --- what comes in ---

NodeTable::Offered NodeTable::offer(const Contact& contact, Protocol speaks, HeardBy how,
                                    TimePoint now) {
  if (contact.id == settings_.own) return Offered::own;
  if (!usable_endpoint(contact.udp)) return Offered::unusable;
  if (TableNode* const known = any(contact.id)) return offer_known(*known, contact, speaks, how);
  if (how == HeardBy::inbound && !inbound_open_) return Offered::inbound_closed;
  TableNode node{.contact = contact, .heard_by = how, .first_seen = now};
  node.speaks[index_of(speaks)] = true;
  return add(std::move(node));
}

NodeTable::Offered NodeTable::add(TableNode node) {
  const conn::IpAddress ip = node.contact.udp.ip;
  const std::size_t index = index_of_bucket(node.contact.id);
  Bucket& bucket = buckets_[index];
  const bool full = bucket.entries.size() >= settings_.limits.bucket_entries;
  if (!full && !bucket.has_room(node.heard_by, settings_.limits)) return Offered::inbound_full;
  if (!shares_.has_room(ip, index)) return Offered::network_full;
  shares_.add(ip, index);
  if (!full) {
    bucket.add_entry(std::move(node));
    return Offered::added;
  }
  const auto oldest = bucket.add_replacement(std::move(node), settings_.limits);
  if (oldest) shares_.remove(oldest->contact.udp.ip, index);
  return Offered::replacement;
}

NodeTable::Offered NodeTable::offer_known(TableNode& node, const Contact& contact, Protocol speaks,
                                          HeardBy how) {
  const bool its_own_word = how == HeardBy::inbound;
  if (its_own_word || !node.last_ping[index_of(speaks)]) node.speaks[index_of(speaks)] = true;
  if (its_own_word && !node.contact.record && contact.udp == node.contact.udp) {
    node.contact.tcp = contact.tcp;
  }
  bool moved = false;
  if (contact.record) {
    const Record taken = take_record(node, contact.record);
    if (taken == Record::no_room) return Offered::network_full;
    moved = taken == Record::moved;
  }
  // It waits for a place that it may have now.
  Bucket& bucket = *bucket_of(contact.id);
  const TableNode* const waiting = bucket.replacement(contact.id);
  if (waiting != nullptr && bucket.has_room(how, settings_.limits)) {
    TableNode promoted = bucket.take_replacement(*waiting);
    promoted.heard_by = how;
    bucket.add_entry(std::move(promoted));
    return Offered::added;
  }
  return moved ? Offered::moved : Offered::known;
}

bool NodeTable::has_share_left(const Contact& contact) const {
  return contact.id != settings_.own &&
         shares_.has_room(contact.udp.ip, index_of_bucket(contact.id));
}

const TableNode* NodeTable::to_challenge(const EnodeId& id, TimePoint now) const {
  if (id == settings_.own) return nullptr;
  const Bucket& bucket = buckets_[index_of_bucket(id)];
  if (bucket.entries.size() < settings_.limits.bucket_entries) return nullptr;
  const auto oldest = std::find_if(bucket.entries.begin(), bucket.entries.end(),
                                   [](const TableNode& node) { return node.live(); });
  if (oldest == bucket.entries.end()) return nullptr;
  const bool rests = now - *oldest->live_at() <= settings_.limits.challenge_after ||
                     is_asked(*oldest, Protocol::v4, now) || is_asked(*oldest, Protocol::v5, now);
  return rests ? nullptr : &*oldest;
}

NodeTable::Live NodeTable::on_live(const EnodeId& id, Protocol protocol, const Endpoint& at,
                                   TimePoint now) {
  TableNode* node = any(id);
  if (node == nullptr) return Live::absent;
  if (node->contact.udp != at) {
    if (!usable_endpoint(at) || !move(*node, at)) return Live::refused;
    node = any(id);
  }
  const std::size_t index = index_of(protocol);
  node->speaks[index] = true;
  if (entry(id) == nullptr && !take_place_of_boot_node(*node)) return Live::waits;
  node = entry(id);
  const bool was_live = node->live();
  node->last_live[index] = now;
  node->missed[index] = 0;
  ++node->checks;
  bucket_of(id)->settle(*node);
  return was_live ? Live::stayed : Live::became;
}

bool NodeTable::take_place_of_boot_node(const TableNode& waiting) {
  Bucket& bucket = *bucket_of(waiting.contact.id);
  const auto boot = std::find_if(bucket.entries.begin(), bucket.entries.end(),
                                 [](const auto& each) { return each.heard_by == HeardBy::boot; });
  const bool is_full = bucket.entries.size() >= settings_.limits.bucket_entries;
  const bool came_unasked = waiting.heard_by == HeardBy::inbound;
  if (!is_full || came_unasked || boot == bucket.entries.end()) return false;
  TableNode made_room = std::move(*boot);
  made_room.last_live = {};
  bucket.entries.erase(boot);
  TableNode taken = bucket.take_replacement(waiting);
  bucket.add_replacement(std::move(made_room), settings_.limits);
  bucket.add_entry(std::move(taken));
  return true;
}

void NodeTable::on_pinged(const EnodeId& id, Protocol protocol, const Endpoint& at, TimePoint now) {
  TableNode* const node = any(id);
  if (node != nullptr && node->contact.udp == at) node->last_ping[index_of(protocol)] = now;
}

NodeTable::Missed NodeTable::on_missed(const EnodeId& id, Protocol protocol, const Endpoint& at) {
  TableNode* const node = any(id);
  if (node == nullptr || node->contact.udp != at) return Missed::absent;
  const std::size_t index = index_of(protocol);
  node->checks = 0;
  // One that we have stored was live, if not since our start.
  const bool was_live = node->last_live[index] || node->heard_by == HeardBy::disk;
  const unsigned tries = was_live ? settings_.limits.ping_tries : 1;
  if (++node->missed[index] < tries) return Missed::ask_again;
  node->speaks[index] = false;
  node->last_live[index].reset();
  node->missed[index] = 0;
  const auto& speaks = node->speaks;
  if (std::find(speaks.begin(), speaks.end(), true) == speaks.end()) {
    remove(id);
    return Missed::removed;
  }
  if (entry(id) != nullptr) bucket_of(id)->settle(*node);
  return Missed::other_protocol;
}

void NodeTable::on_find_answered(const EnodeId& id) {
  TableNode* const node = entry(id);
  if (node == nullptr) return;
  node->find_failures = 0;
  ++node->checks;
}

NodeTable::FindFailed NodeTable::on_find_failed(const EnodeId& id) {
  TableNode* const node = entry(id);
  if (node == nullptr) return FindFailed::absent;
  const DiscoveryLimits& limits = settings_.limits;
  if (++node->find_failures < limits.find_failures) return FindFailed::stays;
  const bool half_full = 2 * bucket_of(id)->entries.size() >= limits.bucket_entries;
  if (node->find_failures == limits.find_failures || !half_full) return FindFailed::ping_first;
  remove_entry(*node);
  return FindFailed::removed;
}

NodeTable::Record NodeTable::on_record(const EnrPtr& record) {
  TableNode* const node = any(record->id());
  return node == nullptr ? Record::absent : take_record(*node, record);
}

NodeTable::Record NodeTable::take_record(TableNode& node, const EnrPtr& record) {
  Contact& contact = node.contact;
  if (contact.record && record->seq() <= contact.seq()) {
    const bool same = record->seq() < contact.seq() || record->hash() == contact.record->hash();
    return same ? Record::older : Record::conflicting;
  }
  contact.record = record;
  const auto named = Contact::of(record);
  if (!named) return Record::taken;
  const bool there = record->udp4() == contact.udp || record->udp6() == contact.udp;
  if (there || !usable_endpoint(named->udp)) {
    const auto tcp = contact.udp.ip.is_v4() ? record->tcp4() : record->tcp6();
    contact.tcp = tcp ? tcp->port : std::uint16_t{0};
    return Record::taken;
  }
  contact.tcp = named->tcp;
  if (move(node, named->udp)) return Record::moved;
  const EnodeId id = contact.id;
  remove(id);
  return Record::no_room;
}

bool NodeTable::move(TableNode& node, const Endpoint& to) {
  Contact& contact = node.contact;
  const std::size_t index = index_of_bucket(contact.id);
  shares_.remove(contact.udp.ip, index);
  const bool has_room = shares_.has_room(to.ip, index);
  shares_.add(has_room ? to.ip : contact.udp.ip, index);
  if (!has_room) return false;
  contact.udp = to;
  forget_proofs(node);
  if (entry(contact.id) == &node) buckets_[index].settle(node);
  return true;
}

// --- what leaves ---

bool NodeTable::remove(const EnodeId& id) {
  if (const TableNode* const found = entry(id)) {
    remove_entry(*found);
    return true;
  }
  const TableNode* const waiting = any(id);
  if (waiting != nullptr) remove_replacement(*waiting);
  return waiting != nullptr;
}

void NodeTable::remove_entry(const TableNode& entry) {
  const std::size_t index = index_of_bucket(entry.contact.id);
  shares_.remove(entry.contact.udp.ip, index);
  buckets_[index].erase_entry(entry);
  promote_one(buckets_[index]);
}

void NodeTable::remove_replacement(const TableNode& replacement) {
  const std::size_t index = index_of_bucket(replacement.contact.id);
  shares_.remove(replacement.contact.udp.ip, index);
  buckets_[index].take_replacement(replacement);
}

void NodeTable::promote_one(Bucket& bucket) {
  const TableNode* const drawn = bucket.draw_replacement(settings_.limits, random_);
  if (drawn == nullptr) return;
  promoted_.push_back(drawn->contact.id);
  bucket.add_entry(bucket.take_replacement(*drawn));
}

std::vector<EnodeId> NodeTable::remove_if(const Which& which) {
  std::vector<EnodeId> removed;
  for (const Bucket& bucket : buckets_) {
    for (const auto* nodes : {&bucket.entries, &bucket.replacements}) {
      for (const TableNode& node : *nodes) {
        if (which(node)) removed.push_back(node.contact.id);
      }
    }
  }
  for (const EnodeId& id : removed) remove(id);
  return removed;
}

std::vector<EnodeId> NodeTable::take_promoted() {
  std::vector<EnodeId> promoted = std::exchange(promoted_, {});
  std::erase_if(promoted, [this](const EnodeId& id) { return find(id) == nullptr; });
  return promoted;
}

// --- what is asked of it ---

const TableNode* NodeTable::find(const EnodeId& id) const {
  return id == settings_.own ? nullptr : buckets_[index_of_bucket(id)].entry(id);
}

const TableNode* NodeTable::find_any(const EnodeId& id) const {
  return id == settings_.own ? nullptr : buckets_[index_of_bucket(id)].any(id);
}

// Buckets lie in the order of their distance from any target, whole buckets at a time: let x be the
// distance from us to the target. A node of bucket i differs from us in bit i, and in none above,
// so that its distance from the target has the bits of x above i, and the other one at i. Where x
// has a one at i, the bucket is closer to the target than we and all buckets below i are; where x
// has a zero, farther. So: the buckets at the ones of x from the highest down, then those at the
// zeros from the lowest up; and only within a bucket distances are compared.
std::vector<const TableNode*> NodeTable::closest(const EnodeId& target, std::size_t most,
                                                 const Which& which) const {
  std::vector<const TableNode*> found;
  found.reserve(most + settings_.limits.bucket_entries);
  const auto visit = [&](const Bucket& bucket) {
    const auto first = static_cast<std::ptrdiff_t>(found.size());
    for (const TableNode& node : bucket.entries) {
      if (node.live() && (!which || which(node))) found.push_back(&node);
    }
    std::sort(found.begin() + first, found.end(), [&](const TableNode* a, const TableNode* b) {
      return compare_distance(target, a->contact.id, b->contact.id) < 0;
    });
  };
  for (std::size_t i = kBuckets; i-- > 0 && found.size() < most;) {
    if (!buckets_[i].entries.empty() && differs(settings_.own, target, i)) visit(buckets_[i]);
  }
  for (std::size_t i = 0; i < kBuckets && found.size() < most; ++i) {
    if (!buckets_[i].entries.empty() && !differs(settings_.own, target, i)) visit(buckets_[i]);
  }
  found.resize(std::min(found.size(), most));
  return found;
}

std::vector<const TableNode*> NodeTable::at_distance(unsigned log_distance) const {
  std::vector<const TableNode*> found;
  if (log_distance == 0 || log_distance > kBuckets) return found;
  for (const TableNode& node : buckets_[log_distance - 1].entries) {
    if (node.live()) found.push_back(&node);
  }
  return found;
}

const TableNode* NodeTable::next_to_revalidate(Protocol protocol, TimePoint now) const {
  const std::size_t index = index_of(protocol);
  // What comes first is smaller.
  const auto urgency = [&](const TableNode& node) {
    const auto& live = node.last_live[index];
    const bool missed = live.has_value() && node.missed[index] > 0;
    return std::make_tuple(live.has_value(), !missed, live ? *live : node.first_seen);
  };
  const TableNode* next = nullptr;
  for (const Bucket& bucket : buckets_) {
    for (const TableNode& node : bucket.entries) {
      if (!is_due(node, protocol, now)) continue;
      if (next == nullptr || urgency(node) < urgency(*next)) next = &node;
    }
  }
  return next;
}

bool NodeTable::is_due(const TableNode& node, Protocol protocol, TimePoint now) const {
  const std::size_t index = index_of(protocol);
  if (!node.speaks[index]) return false;
  if (is_asked(node, protocol, now)) return false;
  const auto& live = node.last_live[index];
  const DiscoveryLimits& limits = settings_.limits;
  const Duration age = protocol == Protocol::v4 ? limits.v4_revalidation : limits.v5_revalidation;
  return !live || node.missed[index] > 0 || now - *live >= age;
}

bool NodeTable::is_asked(const TableNode& node, Protocol protocol, TimePoint now) const {
  const DiscoveryLimits& limits = settings_.limits;
  const auto& pinged = node.last_ping[index_of(protocol)];
  const Duration pause =
      protocol == Protocol::v4 ? std::max(limits.ping_retry, limits.v4_request) : limits.ping_retry;
  return pinged && now - *pinged < pause;
}

void NodeTable::for_each(const std::function<void(const TableNode&)>& with) const {
  for (const Bucket& bucket : buckets_) {
    std::for_each(bucket.entries.begin(), bucket.entries.end(), with);
  }
}

NodeTable::Counts NodeTable::counts() const noexcept {
  Counts counts;
  for (const Bucket& bucket : buckets_) {
    counts.entries += bucket.entries.size();
    counts.replacements += bucket.replacements.size();
    counts.buckets_used += bucket.entries.empty() ? 0 : 1;
    counts.inbound += bucket.inbound();
    counts.live +=
        static_cast<std::size_t>(std::count_if(bucket.entries.begin(), bucket.entries.end(),
                                               [](const TableNode& node) { return node.live(); }));
  }
  return counts;
}

bool NodeTable::usable_endpoint(const Endpoint& endpoint) noexcept {
  static const conn::IpAddress kBroadcast = conn::IpAddress::v4(255, 255, 255, 255);
  const conn::IpAddress& ip = endpoint.ip;
  if (ip.unspecified() || ip.multicast() || ip == kBroadcast) return false;
  return endpoint.port > kLastSystemPort || (endpoint.port > 0 && is_private(ip));
}

// --- where things are ---

std::size_t NodeTable::index_of_bucket(const EnodeId& id) const noexcept {
  return log_distance(settings_.own, id) - 1;
}

Bucket* NodeTable::bucket_of(const EnodeId& id) noexcept {
  return id == settings_.own ? nullptr : &buckets_[index_of_bucket(id)];
}

TableNode* NodeTable::entry(const EnodeId& id) noexcept {
  Bucket* const bucket = bucket_of(id);
  return bucket == nullptr ? nullptr : bucket->entry(id);
}

TableNode* NodeTable::any(const EnodeId& id) noexcept {
  Bucket* const bucket = bucket_of(id);
  return bucket == nullptr ? nullptr : bucket->any(id);
}

}  // namespace peerage::pex
