// The book's records: put in, taken out, found, read from a file and written to one.
#include <algorithm>
#include <iterator>
#include <utility>

#include "addrbook/book/address_book.h"

namespace peerage::addrbook {

using conn::NetAddress;
using conn::NodeId;

// --- in and out ---

AddressBook::Index AddressBook::insert(KnownAddress known, Place place) {
  if (free_.empty()) {
    const auto first = static_cast<Index>(chunks_.size() * kChunk);
    chunks_.push_back(std::make_unique<std::array<Entry, kChunk>>());
    for (std::size_t i = kChunk; i > 0; --i) free_.push_back(first + static_cast<Index>(i - 1));
  }
  const Index index = free_.back();
  free_.pop_back();
  Entry& entry = at(index);
  entry.known = std::move(known);
  entry.used = true;
  const KnownAddress& kept = entry.known;
  by_id_.insert(hash_(kept.address.id), index);
  if (is_capped(kept)) {
    by_neighbourhood_.insert(hash_(conn::neighbourhood_of(kept.address.endpoint.ip)), index);
  }
  take_place(index, kept.kind, place);
  if (kept.bad_until != kNever) resting_.insert({kept.bad_until, index});
  settle(kept.address.id);
  return index;
}

void AddressBook::erase(Index index) {
  leave_place(index);
  remove_entry(index);
}

void AddressBook::remove_entry(Index index) {
  Entry& entry = at(index);
  const KnownAddress& known = entry.known;
  contests_.end(index);
  verified_.remove(index);
  resting_.erase({known.bad_until, index});
  by_id_.remove(hash_(known.address.id), index);
  if (is_capped(known)) {
    by_neighbourhood_.remove(hash_(conn::neighbourhood_of(known.address.endpoint.ip)), index);
  }
  note_erased(known.address);
  for (DrawList& list : drawn_) list.remove(index);
  by_group_.remove(index);
  const NodeId id = known.address.id;
  const bool dirty = entry.dirty;
  entry = Entry{};
  entry.dirty = dirty;  // it is in dirty_ still
  free_.push_back(index);
  settle(id);
}

void AddressBook::touch(Index index) {
  settle(at(index).known.address.id);
  note_dirty(index);
}

void AddressBook::note_dirty(Index index) {
  if (!std::exchange(at(index).dirty, true)) dirty_.push_back(index);
}

void AddressBook::list(Index index) {
  const Entry& entry = at(index);
  const KnownAddress& known = entry.known;
  DrawList& drawn = drawn_[index_of(known.kind)];
  if (known.bad_until != kNever || entry.stands_by) {
    drawn.remove(index);
    by_group_.remove(index);
    verified_.remove(index);
    return;
  }
  drawn.add(index);
  if (!by_group_.contains(index)) {
    by_group_.add(placement_.group(known.address.endpoint.ip), index);
  }
  if (known.last_verified != kNever) {
    verified_.add(index);
  } else {
    verified_.remove(index);
  }
}

// An ID has a dozen addresses at most (BookConfig), and mostly one.
void AddressBook::settle(const NodeId& id) {
  const std::uint64_t hash = hash_(id);
  Time last = kNever;  // shown by one that has not failed since
  by_id_.for_each(hash, [&](Index index) {
    const KnownAddress& known = at(index).known;
    if (known.address.id != id || known.failures > 0 || known.bad_until != kNever) return;
    last = std::max(last, last_shown(known));
  });
  by_id_.for_each(hash, [&](Index index) {
    Entry& entry = at(index);
    if (entry.known.address.id != id) return;
    entry.stands_by = last_shown(entry.known) < last;
    list(index);
  });
}

bool AddressBook::stands_by(const NetAddress& address) const {
  const auto index = index_of(address);
  return index && at(*index).stands_by;
}

void AddressBook::note_erased(const NetAddress& address) {
  if (rewrite_) return;
  erased_.push_back(address);
  if (erased_.size() <= kMaxErased) return;
  rewrite_ = true;
  erased_.clear();
}

// --- looking ---

std::optional<AddressBook::Index> AddressBook::index_of(const NetAddress& address) const {
  return by_id_.find(hash_(address.id),
                     [&](Index index) { return at(index).known.address == address; });
}

std::vector<AddressBook::Index> AddressBook::indices_of(const NodeId& id) const {
  std::vector<Index> indices;
  by_id_.for_each(hash_(id), [&](Index index) {
    if (at(index).known.address.id == id) indices.push_back(index);
  });
  return indices;
}

const KnownAddress* AddressBook::find(const NetAddress& address) const {
  const auto index = index_of(address);
  return index ? &at(*index).known : nullptr;
}

std::vector<const KnownAddress*> AddressBook::find(const NodeId& id) const {
  std::vector<const KnownAddress*> found;
  for (const Index index : indices_of(id)) found.push_back(&at(index).known);
  return found;
}

void AddressBook::for_each(const std::function<void(const KnownAddress&)>& visit) const {
  for (const auto& chunk : chunks_) {
    for (const Entry& entry : *chunk) {
      if (entry.used) visit(entry.known);
    }
  }
}

// --- the file ---

void AddressBook::clear() {
  for (auto& table : tables_) table.clear();
  for (auto& list : drawn_) list.clear();
  by_group_.clear();
  verified_.clear();
  resting_.clear();
  by_id_.clear();
  by_neighbourhood_.clear();
  contests_.clear();
  moves_.clear();
  dirty_.clear();
  chunks_.clear();
  free_.clear();
}

namespace {

struct Claim {
  KnownAddress known;
  bool changed = false;  // differs from the file
};

// Of two records that compete, the one of lower rank is kept.
int rank(const KnownAddress& known) {
  const bool proven = known.last_connected != kNever;
  if (known.kind == Kind::tried && proven && known.last_verified != kNever) return 0;
  if (proven) return 1;
  return is_first_hand(known) ? 2 : 3;
}

// Never dialled in this run: then a file's record knows more.
bool only_heard_of(const KnownAddress& known) {
  return known.last_attempt == kNever && known.last_failed == kNever &&
         known.last_connected == kNever && known.last_verified == kNever &&
         known.connected_since == kNever;
}

}  // namespace

AddressBook::Loaded AddressBook::load(const BookKey& key, std::vector<KnownAddress> rows,
                                      Time now) {
  std::vector<NetAddress> in_file;
  std::vector<std::pair<Time, NetAddress>> joined;
  std::vector<Claim> of_file, claims;
  for (KnownAddress& row : rows) {
    in_file.push_back(row.address);
    if (row.connected_since != kNever) joined.emplace_back(row.connected_since, row.address);
    bool changed = std::exchange(row.connected_since, kNever) != kNever;
    if (const auto index = index_of(row.address)) {
      const KnownAddress& ours = at(*index).known;
      if (!only_heard_of(ours)) continue;
      row.last_seen = std::max(row.last_seen, ours.last_seen);
      if (ours.said_itself != kNever) {
        row.said_itself = ours.said_itself;
        row.source = ours.source;
        row.origin = ours.origin;
      }
      changed = true;
      erase(*index);
    }
    of_file.push_back({std::move(row), changed});
  }
  // Of equal rank, what we have learnt ourselves comes first.
  for_each([&claims](const KnownAddress& known) { claims.push_back({known, true}); });
  std::move(of_file.begin(), of_file.end(), std::back_inserter(claims));
  std::stable_sort(claims.begin(), claims.end(),
                   [](const Claim& a, const Claim& b) { return rank(a.known) < rank(b.known); });
  clear();
  placement_ = Placement(key, config_.strict, config_.geometry);
  for (const Claim& claim : claims) {
    const auto index = restore(claim.known, now);
    if (!index) {
      note_erased(claim.known.address);
    } else if (claim.changed || at(*index).known != claim.known) {
      touch(*index);
    }
  }
  choose_anchors(std::move(joined));
  const auto dropped =
      std::count_if(in_file.begin(), in_file.end(),
                    [this](const NetAddress& address) { return !index_of(address); });
  return {in_file.size() - static_cast<std::size_t>(dropped), static_cast<std::size_t>(dropped)};
}

// The caps at their widest, as a book that has run may come to them: hearsay that answered counts
// as first-hand from then on.
bool AddressBook::fits(const KnownAddress& row, Time now) const {
  const bool first_hand = is_first_hand(row);
  std::size_t of_its_kind = 0;
  for (const Index index : indices_of(row.address.id)) {
    const KnownAddress& other = at(index).known;
    if (!first_hand && other.last_connected != kNever && !is_stale(other, now)) return false;
    of_its_kind += is_first_hand(other) == first_hand ? 1 : 0;
  }
  const std::size_t its_cap =
      first_hand ? config_.max_first_hand_per_id + 1 : config_.max_candidates;
  if (of_its_kind >= its_cap) return false;
  if (!is_capped(row)) return true;
  const conn::IpAddress& ip = row.address.endpoint.ip;
  std::size_t at_host = 0, near = 0;
  by_neighbourhood_.for_each(hash_(conn::neighbourhood_of(ip)), [&](Index index) {
    const KnownAddress& other = at(index).known;
    if (is_first_hand(other) != first_hand) return;
    const conn::IpAddress& its = other.address.endpoint.ip;
    near += conn::neighbourhood_of(its) == conn::neighbourhood_of(ip) ? 1 : 0;
    at_host += conn::host_of(its) == conn::host_of(ip) ? 1 : 0;
  });
  const auto& c = config_;
  return at_host < c.max_per_host + (first_hand ? c.max_first_hand_per_host : 0) &&
         near < c.max_per_neighbourhood + (first_hand ? c.max_first_hand_per_neighbourhood : 0);
}

std::optional<AddressBook::Index> AddressBook::restore(KnownAddress row, Time now) {
  for (Time* time :
       {&row.first_seen, &row.last_seen, &row.last_attempt, &row.last_failed, &row.last_connected,
        &row.verified_since, &row.last_verified, &row.connected_since, &row.said_itself}) {
    *time = std::clamp(*time, kNever, now);
  }
  row.bad_until = row.bad_until <= now ? kNever : std::min(row.bad_until, now + kMaxRest);
  row.reliability =
      Reliability::restored(row.reliability.windows(), std::min(row.reliability.last(), now));
  if (never_enters(row.address) || index_of(row.address)) return std::nullopt;
  // What is inside stays: it had the better rank.
  if (!fits(row, now)) return std::nullopt;
  const bool verified = row.last_connected != kNever && row.last_verified != kNever;
  if (row.kind == Kind::tried && !verified) row.kind = Kind::new_;
  Place place = place_for(row.kind, row.address, row.source);
  if (tables_[index_of(row.kind)].holder(place) && row.kind == Kind::tried) {
    row.kind = Kind::new_;
    place = place_for(row.kind, row.address, row.source);
  }
  if (tables_[index_of(row.kind)].holder(place)) return std::nullopt;
  return insert(std::move(row), place);
}

void AddressBook::choose_anchors(std::vector<std::pair<Time, NetAddress>> joined) {
  std::sort(joined.begin(), joined.end());
  anchors_.clear();
  for (const auto& [since, address] : joined) {
    if (anchors_.size() == kMaxAnchors) break;
    const KnownAddress* known = find(address);
    if (known && known->bad_until == kNever) anchors_.push_back(address);
  }
}

Changes AddressBook::take_changes(std::size_t limit) {
  Changes changes;
  changes.network = network_;
  changes.rewrite = std::exchange(rewrite_, false);
  if (changes.rewrite) {
    for (const Index index : dirty_) at(index).dirty = false;
    dirty_.clear();
    for_each([&changes](const KnownAddress& known) { changes.written.push_back(known); });
    return changes;
  }
  changes.erased = std::exchange(erased_, {});
  while (changes.written.size() < limit && !dirty_.empty()) {
    Entry& entry = at(dirty_.back());
    dirty_.pop_back();
    entry.dirty = false;
    if (entry.used) changes.written.push_back(entry.known);
  }
  // Erased and added again: it is written, perhaps in a later batch.
  std::erase_if(changes.erased,
                [this](const NetAddress& each) { return index_of(each).has_value(); });
  return changes;
}

void AddressBook::put_back(const Changes& changes) {
  if (changes.rewrite) {
    everything_changed();
    return;
  }
  for (const KnownAddress& row : changes.written) {
    if (const auto index = index_of(row.address)) note_dirty(*index);
  }
  for (const NetAddress& address : changes.erased) {
    if (!index_of(address)) note_erased(address);
  }
}

void AddressBook::everything_changed() {
  rewrite_ = true;
  erased_.clear();
}

}  // namespace peerage::addrbook
