#include "addrbook/book/address_table.h"

#include <algorithm>

namespace peerage::addrbook {

using conn::IpAddress;
using conn::NetAddress;
using conn::NodeId;

AddressTable::AddressTable(const Placement& placement, const conn::KeyedHash& hash)
    : placement_(placement),
      hash_(hash),
      buckets_{BucketTable(placement.geometry().buckets(Kind::new_)),
               BucketTable(placement.geometry().buckets(Kind::tried))},
      groups_(hash_) {}

// --- entries come, go and move ---

AddressTable::Index AddressTable::take_free() {
  if (free_.empty()) {
    const auto first = static_cast<Index>(chunks_.size() * kChunk);
    chunks_.push_back(std::make_unique<std::array<Entry, kChunk>>());
    for (std::size_t i = kChunk; i > 0; --i) free_.push_back(first + static_cast<Index>(i - 1));
  }
  const Index index = free_.back();
  free_.pop_back();
  return index;
}

AddressTable::Index AddressTable::insert(KnownAddress known, Place place, Capped capped) {
  const Index index = take_free();
  Entry& entry = at(index);
  entry.known = std::move(known);
  entry.used = true;
  entry.capped = capped == Capped::yes;
  const NetAddress& address = entry.known.address;
  by_id_.insert(hash_(address.id), index);
  if (entry.capped) {
    by_neighbourhood_.insert(hash_(conn::neighbourhood_of(address.endpoint.ip)), index);
  }
  put(index, entry.known.kind, place);
  if (entry.known.bad_until != kNever) resting_.insert({entry.known.bad_until, index});
  settle(address.id);
  return index;
}

void AddressTable::erase(Index index) {
  vacate(index);
  Entry& entry = at(index);
  const NodeId id = entry.known.address.id;
  verified_.remove(index);
  groups_.remove(index);
  resting_.erase({entry.known.bad_until, index});
  by_id_.remove(hash_(id), index);
  if (entry.capped) {
    const IpAddress& ip = entry.known.address.endpoint.ip;
    by_neighbourhood_.remove(hash_(conn::neighbourhood_of(ip)), index);
  }
  entry = Entry{};
  free_.push_back(index);
  settle(id);
}

void AddressTable::put(Index index, Kind kind, Place place) {
  Entry& entry = at(index);
  entry.known.kind = kind;
  entry.place = place;
  entry.placed = true;
  buckets_[nth(kind)].put(place, index);
  list(index);
}

void AddressTable::vacate(Index index) {
  Entry& entry = at(index);
  if (!entry.placed) return;
  entry.placed = false;
  buckets_[nth(entry.known.kind)].free(entry.place);
  drawn_[nth(entry.known.kind)].remove(index);
}

void AddressTable::move(Index index, Kind kind, Place place) {
  vacate(index);
  put(index, kind, place);
}

void AddressTable::reset(const Placement& placement) {
  placement_ = placement;
  chunks_.clear();
  free_.clear();
  for (auto& table : buckets_) table.clear();
  for (auto& list : drawn_) list.clear();
  verified_.clear();
  groups_.clear();
  resting_.clear();
  by_id_.clear();
  by_neighbourhood_.clear();
}

// --- which can be drawn ---

bool AddressTable::may_be_drawn(const Entry& entry) {
  return entry.known.bad_until == kNever && !entry.stands_by;
}

void AddressTable::list(Index index) {
  const Entry& entry = at(index);
  if (!entry.placed) return;
  const KnownAddress& known = entry.known;
  DrawList& drawn = drawn_[nth(known.kind)];
  if (!may_be_drawn(entry)) {
    drawn.remove(index);
    groups_.remove(index);
    verified_.remove(index);
    return;
  }
  drawn.add(index);
  if (!groups_.contains(index)) groups_.add(group(known.address.endpoint.ip), index);
  if (known.last_verified != kNever) {
    verified_.add(index);
  } else {
    verified_.remove(index);
  }
}

// An ID has a dozen addresses at most (BookConfig), and mostly one.
void AddressTable::settle(const NodeId& id) {
  const std::uint64_t hash = hash_(id);
  Time last = kNever;  // shown by one that has not failed since
  by_id_.for_each(hash, [&](Index index) {
    const KnownAddress& known = record(index);
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

void AddressTable::rest(Index index, Time until) {
  KnownAddress& known = record(index);
  // `resting_` is ordered by the end of the rest: out before that changes.
  resting_.erase({known.bad_until, index});
  known.bad_until = until;
  if (until != kNever) resting_.insert({until, index});
  settle(index);
}

// --- finding ---

std::optional<AddressTable::Index> AddressTable::find(const NetAddress& address) const {
  return by_id_.find(hash_(address.id),
                     [&](Index index) { return record(index).address == address; });
}

std::vector<AddressTable::Index> AddressTable::find(const NodeId& id) const {
  std::vector<Index> indices;
  by_id_.for_each(hash_(id), [&](Index index) {
    if (record(index).address.id == id) indices.push_back(index);
  });
  return indices;
}

// Any free place of the bucket, unlike addrman: that overwrites nothing, and IDs make collisions of
// distinct addresses common in small networks.
Place AddressTable::place_for(Kind kind, const NetAddress& address, const IpAddress& source) const {
  const Place first = placement_.of(kind, address, source);
  return buckets_[nth(kind)].free_place(first, placement_.geometry().bucket_size).value_or(first);
}

}  // namespace peerage::addrbook
