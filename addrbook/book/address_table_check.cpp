// The table's invariants, each checked from the entries: for tests.
#include <algorithm>

#include "addrbook/book/address_table.h"

namespace peerage::addrbook {

std::optional<std::string> AddressTable::broken_invariant() const {
  std::size_t used = 0, capped = 0, resting = 0, drawn = 0;
  std::array<std::size_t, 2> of_kind{};
  for (Index index = 0; index < chunks_.size() * kChunk; ++index) {
    const Entry& entry = at(index);
    if (!entry.used) continue;
    if (const auto wrong = wrong_with(index)) {
      return entry.known.address.to_string() + " " + std::string(*wrong);
    }
    ++used;
    ++of_kind[nth(entry.known.kind)];
    capped += entry.capped ? 1 : 0;
    resting += entry.known.bad_until != kNever ? 1 : 0;
    drawn += may_be_drawn(entry) ? 1 : 0;
  }
  // All entries are where they belong; so there is nothing else where the counts agree.
  if (used + free_.size() != chunks_.size() * kChunk) return "an entry is neither used nor free";
  if (by_id_.size() != used) return "what is gone is found by its ID";
  if (by_neighbourhood_.size() != capped) return "what is gone is found by its neighbourhood";
  if (resting_.size() != resting) return "what is gone rests";
  if (drawn_[0].size() + drawn_[1].size() != drawn) return "what is gone is drawn";
  std::size_t in_groups = 0;
  for (std::size_t i = 0; i < groups_.groups(); ++i) {
    groups_.for_each(groups_.nth(i), [&in_groups](Index) { ++in_groups; });
  }
  if (in_groups != drawn) return "what is gone is drawn by its group";
  for (std::size_t i = 0; i < verified_.size(); ++i) {
    if (!at(verified_[i]).used) return "what is gone is drawn as verified";
  }
  for (const Kind kind : {Kind::new_, Kind::tried}) {
    if (places_taken(kind) != of_kind[nth(kind)]) return "what is gone has a place";
  }
  return std::nullopt;
}

std::size_t AddressTable::places_taken(Kind kind) const {
  const Geometry& geometry = placement_.geometry();
  std::size_t taken = 0;
  for (std::size_t bucket = 0; bucket < geometry.buckets(kind); ++bucket) {
    for (std::size_t position = 0; position < geometry.bucket_size; ++position) {
      const Place place{static_cast<std::uint16_t>(bucket), static_cast<std::uint8_t>(position)};
      taken += holder(kind, place) ? 1 : 0;
    }
  }
  return taken;
}

std::optional<std::string_view> AddressTable::wrong_with(Index index) const {
  const Entry& entry = at(index);
  const KnownAddress& known = entry.known;
  if (!entry.placed) return "has no place";
  if (entry.place.bucket >= placement_.geometry().buckets(known.kind) ||
      holder(known.kind, entry.place) != index) {
    return "is not the holder of its place";
  }
  const bool to_be_drawn = may_be_drawn(entry);
  const Kind other_kind = known.kind == Kind::new_ ? Kind::tried : Kind::new_;
  if (drawn(known.kind).contains(index) != to_be_drawn) return "is drawn, or not, against the rule";
  if (drawn(other_kind).contains(index)) return "is drawn as of the other kind";
  if (groups_.contains(index) != to_be_drawn) return "is drawn by its group against the rule";
  if (to_be_drawn) {
    bool in_its_group = false;
    const auto slot = groups_.find(group(known.address.endpoint.ip));
    if (slot) groups_.for_each(*slot, [&](Index each) { in_its_group |= each == index; });
    if (!in_its_group) return "is in another group";
  }
  if (verified_.contains(index) && (!to_be_drawn || known.last_verified == kNever)) {
    return "is drawn as verified";
  }
  const bool rests = known.bad_until != kNever;
  if (resting_.contains({known.bad_until, index}) != rests) return "rests until another time";
  if (find(known.address) != index) return "is in here twice, or not found";
  bool near = false;
  for_each_near(known.address.endpoint.ip, [&](Index each) { near |= each == index; });
  if (near != entry.capped) return "is found by its neighbourhood, or not, against the rule";
  const auto of_its_id = find(known.address.id);
  const bool outdone = std::any_of(of_its_id.begin(), of_its_id.end(), [&](Index each) {
    const KnownAddress& other = record(each);
    return other.failures == 0 && other.bad_until == kNever &&
           last_shown(other) > last_shown(known);
  });
  if (outdone != entry.stands_by) return "stands by, or not, against the rule";
  return std::nullopt;
}

}  // namespace peerage::addrbook
