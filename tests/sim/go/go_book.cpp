#include "tests/sim/go/go_book.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "tests/sim/go/go_address.h"

namespace peerage::sim::go {

using conn::NetAddress;
using conn::NodeId;
using conn::TimePoint;

namespace {

// splitmix64's last step: every bit of the result depends on every bit of the argument. No
// adversary chooses addresses against this hash, so it need not be a keyed cryptographic one.
std::uint64_t mix(std::uint64_t value) {
  value = (value ^ (value >> 30)) * 0xbf58476d1ce4e5b9;
  value = (value ^ (value >> 27)) * 0x94d049bb133111eb;
  return value ^ (value >> 31);
}

std::uint64_t mix(std::uint64_t key, std::uint64_t first, std::uint64_t second) {
  return mix(mix(mix(key) + first) + second);
}

// known_address.go:isBad
bool is_bad(const GoBook::Row& row, TimePoint now) {
  if (row.kind == GoBook::Kind::old) return false;
  if (row.last_attempt > now - 1min) return false;
  if (row.last_attempt < now - kNumMissingDays) return true;
  if (!row.last_success && row.attempts >= kNumRetries) return true;
  const bool long_ago = !row.last_success || *row.last_success < now - kMinBadDays;
  return long_ago && row.attempts >= kMaxFailures;
}

}  // namespace

GoBook::GoBook(Settings settings, Random random, const std::vector<Row>& rows)
    : settings_(std::move(settings)), random_(std::move(random)), key_(random_()) {
  for (const Row& row : rows) {
    const Index index = enter(row);
    for (const std::uint16_t number : row.buckets) bucket(row.kind, number).push_back(index);
    ++size_of(row.kind);
  }
}

// --- where an address belongs ---

std::size_t GoBook::new_bucket_of(const NetAddress& address, const NetAddress& source) const {
  const std::uint64_t group = address.endpoint.ip.group(settings_.strict);
  const std::uint64_t source_group = source.endpoint.ip.group(settings_.strict);
  const std::uint64_t nth = mix(key_, group, source_group) % kNewBucketsPerGroup;
  return mix(key_, source_group, nth) % kNewBucketCount;
}

std::size_t GoBook::old_bucket_of(const NetAddress& address) const {
  const std::uint64_t nth =
      mix(key_, std::hash<NodeId>{}(address.id), std::hash<NetAddress>{}(address)) %
      kOldBucketsPerGroup;
  return mix(key_, address.endpoint.ip.group(settings_.strict), nth) % kOldBucketCount;
}

GoBook::Bucket& GoBook::bucket(Kind kind, std::size_t number) {
  return kind == Kind::new_ ? new_.at(number) : old_.at(number);
}

// --- entries and their places ---

// An entry without a bucket: it counts once it has one.
GoBook::Index GoBook::enter(Row row) {
  Index index = static_cast<Index>(slots_.size());
  const NodeId id = row.address.id;
  if (free_.empty()) {
    slots_.push_back(std::move(row));
    place_in_all_.push_back(0);
  } else {
    index = free_.back();
    free_.pop_back();
    slots_[index] = std::move(row);
  }
  place_in_all_[index] = static_cast<Index>(all_.size());
  all_.push_back(index);
  lookup_.emplace(id, index);
  return index;
}

void GoBook::forget(Index index) {
  lookup_.erase(slots_[index].address.id);
  const Index last = all_.back();
  all_[place_in_all_[index]] = last;
  place_in_all_[last] = place_in_all_[index];
  all_.pop_back();
  free_.push_back(index);
}

void GoBook::put_in_new(Index index, std::size_t number, TimePoint now) {
  Bucket& into = bucket(Kind::new_, number);
  if (std::find(into.begin(), into.end(), index) != into.end()) return;
  if (into.size() > kNewBucketSize) expire_new(number, now);
  into.push_back(index);
  Buckets& buckets = slots_[index].buckets;
  buckets.push_back(static_cast<std::uint16_t>(number));
  if (buckets.size() == 1) ++size_new_;
}

// Out of one new bucket; an entry that was in no other is forgotten.
void GoBook::take_out(Index index, std::size_t number) {
  Row& row = slots_[index];
  std::erase(bucket(row.kind, number), index);
  std::erase(row.buckets, static_cast<std::uint16_t>(number));
  if (!row.buckets.empty()) return;
  --size_of(row.kind);
  forget(index);
}

// It remains an entry, but no longer counts.
void GoBook::take_out_everywhere(Index index) {
  Row& row = slots_[index];
  for (const std::uint16_t number : row.buckets) std::erase(bucket(row.kind, number), index);
  row.buckets.clear();
  --size_of(row.kind);
}

void GoBook::expire_new(std::size_t number, TimePoint now) {
  const Bucket& full = bucket(Kind::new_, number);
  std::optional<Index> bad;
  std::size_t seen = 0;
  for (const Index index : full) {
    if (is_bad(slots_[index], now) && draw(++seen) == 0) bad = index;
  }
  take_out(bad ? *bad : oldest_of(full), number);
}

// By its last attempt; of several, one at random.
GoBook::Index GoBook::oldest_of(const Bucket& bucket) {
  Index oldest = bucket.front();
  std::size_t equal = 0;
  for (const Index index : bucket) {
    const TimePoint when = slots_[index].last_attempt;
    const TimePoint best = slots_[oldest].last_attempt;
    if (when > best) continue;
    equal = when < best ? 1 : equal + 1;
    if (draw(equal) == 0) oldest = index;
  }
  return oldest;
}

// --- hearing of addresses ---

GoBook::Added GoBook::add(const NetAddress& address, const NetAddress& source, TimePoint now) {
  if (!address.valid()) return Added::invalid;
  if (bad_.contains(address.id)) return Added::banned;
  if (settings_.private_ids.contains(address.id)) return Added::is_private;
  if (settings_.private_ids.contains(source.id)) return Added::from_private;
  if (ours_.contains(address)) return Added::ours;
  if (settings_.strict == conn::IpAddress::Strict::yes && !routable(address)) {
    return Added::not_routable;
  }
  // With a known ID, the address given now chooses the bucket; the one that is kept stays.
  const std::size_t number = new_bucket_of(address, source);
  if (const auto known = lookup_.find(address.id); known != lookup_.end()) {
    const Row& row = slots_[known->second];
    if (row.kind == Kind::old || row.buckets.size() == kMaxNewBucketsPerAddress ||
        draw(2 * row.buckets.size()) != 0) {
      return Added::ignored;
    }
    put_in_new(known->second, number, now);
  } else {
    put_in_new(enter({address, source, Kind::new_, {}, 0, now, std::nullopt}), number, now);
  }
  return Added::added;
}

void GoBook::remove(const NodeId& id) {
  const auto known = lookup_.find(id);
  if (known == lookup_.end()) return;
  const Index index = known->second;
  take_out_everywhere(index);
  forget(index);
}

// --- marks ---

void GoBook::mark_good(const NodeId& id, TimePoint now) {
  const auto known = lookup_.find(id);
  if (known == lookup_.end()) return;
  Row& row = slots_[known->second];
  row.last_attempt = now;
  row.last_success = now;
  row.attempts = 0;
  if (row.kind == Kind::new_) move_to_old(known->second);
}

void GoBook::move_to_old(Index index) {
  Row& row = slots_[index];
  take_out_everywhere(index);
  row.kind = Kind::old;
  const std::size_t number = old_bucket_of(row.address);
  Bucket& into = bucket(Kind::old, number);
  // The Go node tries to make the oldest a new one again, and fails: it is still marked as old.
  if (into.size() > kOldBucketSize) take_out(oldest_of(into), number);
  into.push_back(index);
  row.buckets.push_back(static_cast<std::uint16_t>(number));
  ++size_old_;
}

void GoBook::mark_attempt(const NodeId& id, TimePoint now) {
  const auto known = lookup_.find(id);
  if (known == lookup_.end()) return;
  Row& row = slots_[known->second];
  row.last_attempt = now;
  ++row.attempts;
}

void GoBook::mark_bad(const NodeId& id, conn::Duration span, TimePoint now) {
  const auto known = lookup_.find(id);
  if (known == lookup_.end()) return;
  const Index index = known->second;
  take_out_everywhere(index);
  bad_[id] = {slots_[index], now + span};
  forget(index);
}

void GoBook::reinstate_bad_peers(TimePoint now) {
  for (auto each = bad_.begin(); each != bad_.end();) {
    const Banned& banned = each->second;
    if (banned.until > now) {
      ++each;
      continue;
    }
    if (banned.row.kind == Kind::new_) {
      const std::size_t number = new_bucket_of(banned.row.address, banned.row.source);
      put_in_new(enter(banned.row), number, now);
    }
    each = bad_.erase(each);
  }
}

// --- queries ---

std::optional<NetAddress> GoBook::pick(unsigned bias) {
  if (empty()) return std::nullopt;
  const double towards_new = std::min(bias, 100u);
  const double old_part = std::sqrt(static_cast<double>(size_old_)) * (100.0 - towards_new);
  const double new_part = std::sqrt(static_cast<double>(size_new_)) * towards_new;
  const double drawn = static_cast<double>(random_() >> 11) * 0x1p-53;
  const Kind kind = (new_part + old_part) * drawn < old_part ? Kind::old : Kind::new_;
  if (size_of(kind) == 0) return std::nullopt;
  // A bucket first, then one of it: an address that is alone in a bucket is chosen more often.
  const std::size_t buckets = kind == Kind::new_ ? kNewBucketCount : kOldBucketCount;
  const Bucket* chosen = nullptr;
  while (chosen == nullptr || chosen->empty()) chosen = &bucket(kind, draw(buckets));
  return slots_[(*chosen)[draw(chosen->size())]].address;
}

std::size_t GoBook::selection_size() const {
  const std::size_t part = size() * kGetSelectionPercent / 100;
  return std::min(kMaxGetSelection, std::max(std::min(kMinGetSelection, size()), part));
}

std::vector<NetAddress> GoBook::selection() {
  std::vector<NetAddress> chosen;
  const std::size_t wanted = selection_size();
  chosen.reserve(wanted);
  // A shuffle that ends when it has enough; the order of all_ has no meaning.
  for (std::size_t i = 0; i < wanted; ++i) {
    const std::size_t other = i + draw(all_.size() - i);
    std::swap(all_[i], all_[other]);
    place_in_all_[all_[i]] = static_cast<Index>(i);
    place_in_all_[all_[other]] = static_cast<Index>(other);
    chosen.push_back(slots_[all_[i]].address);
  }
  return chosen;
}

std::vector<NetAddress> GoBook::selection_with_bias(unsigned bias) {
  if (empty()) return {};
  const std::size_t wanted = selection_size();
  const auto of_bias = static_cast<std::size_t>(
      std::lround(std::min(bias, 100u) / 100.0 * static_cast<double>(wanted)));
  const std::size_t short_of_old = wanted > size_old_ ? wanted - size_old_ : 0;
  std::vector<NetAddress> chosen = random_pick(Kind::new_, std::max(of_bias, short_of_old));
  const std::size_t left = wanted > chosen.size() ? wanted - chosen.size() : 0;
  const std::vector<NetAddress> old = random_pick(Kind::old, left);
  chosen.insert(chosen.end(), old.begin(), old.end());
  return chosen;
}

// Places, not addresses, are drawn: one in several buckets is more likely. Asked for none, it gives
// one, as in the Go node.
std::vector<NetAddress> GoBook::random_pick(Kind kind, std::size_t wanted) {
  std::vector<Index> places;
  const std::size_t buckets = kind == Kind::new_ ? kNewBucketCount : kOldBucketCount;
  for (std::size_t number = 0; number < buckets; ++number) {
    const Bucket& each = bucket(kind, number);
    places.insert(places.end(), each.begin(), each.end());
  }
  std::vector<NetAddress> chosen;
  std::set<Index> has;
  for (std::size_t i = 0; i < places.size(); ++i) {
    std::swap(places[i], places[i + draw(places.size() - i)]);
    if (!has.insert(places[i]).second) continue;
    chosen.push_back(slots_[places[i]].address);
    if (chosen.size() >= wanted) break;
  }
  return chosen;
}

bool GoBook::is_old(const NodeId& id) const {
  const auto known = lookup_.find(id);
  return known != lookup_.end() && slots_[known->second].kind == Kind::old;
}

std::vector<GoBook::Row> GoBook::rows() const {
  std::vector<Row> rows;
  rows.reserve(all_.size());
  for_each([&rows](const Row& row) { rows.push_back(row); });
  return rows;
}

void GoBook::for_each(const std::function<void(const Row&)>& action) const {
  for (const Index index : all_) action(slots_[index]);
}

}  // namespace peerage::sim::go
