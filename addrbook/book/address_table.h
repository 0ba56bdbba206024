// The addresses of a book, and where each of them lies: in which bucket, in which list to draw
// from, and under which keys it is found. Everything in constant time, but for what walks all
// entries.
//
// Invariants (broken_invariant):
//  - Every entry is in exactly one place of its kind, and alone there; but for one in between
//    `vacate` and the `move` or `erase` that must follow.
//  - It can be drawn, singly and by the group of its IP, unless it rests or stands by. It *rests*
//    while its bad_until is set. Of several first-hand addresses of an ID the one where it showed
//    itself last counts: the others *stand by*, while that one has not failed since and does not
//    rest.
//  - What is drawn as verified has been verified, and can be drawn.
//  - An entry is found by its address, by its ID, and, when it is capped, by its neighbourhood.
//
// It knows no rule and no clock: what may enter, what gives way to what and what becomes tried is
// for AddressBook to say. An index stays an entry's own until that is erased; then it may be
// another's.
//
// Threads: none of its own.
// Source: the tables of Bitcoin Core src/addrman.h.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "addrbook/book/bucket_table.h"
#include "addrbook/book/draw_list.h"
#include "addrbook/book/group_draw.h"
#include "addrbook/book/index_table.h"
#include "addrbook/book/placement.h"
#include "addrbook/record/known_address.h"
#include "conn/address/cidr.h"
#include "conn/base/keyed_hash.h"

namespace peerage::addrbook {

class AddressTable {
 public:
  using Index = IndexTable::Index;
  // Whether an entry counts for the caps of its neighbourhood: `for_each_near` visits it.
  enum class Capped : std::uint8_t { no, yes };

  // The hash is keyed, because strangers choose what is looked up by it.
  AddressTable(const Placement& placement, const conn::KeyedHash& hash);
  AddressTable(const AddressTable&) = delete;
  AddressTable& operator=(const AddressTable&) = delete;

  // --- entries come, go and move; a place that is given must be free ---

  Index insert(KnownAddress known, Place place, Capped capped);
  void erase(Index index);
  void vacate(Index index);
  void move(Index index, Kind kind, Place place);
  // Empties it; from now on places are those of `placement`, which has the same geometry.
  void reset(const Placement& placement);

  // --- one entry ---

  bool used(Index index) const { return at(index).used; }
  const KnownAddress& record(Index index) const { return at(index).known; }
  // To be changed, and settled afterwards. Its address stays; its kind and bad_until are changed by
  // `move` and `rest` alone.
  KnownAddress& record(Index index) { return at(index).known; }
  // Lists it, and the others of its ID, by what their records say now.
  void settle(Index index) { settle(record(index).address.id); }
  // It rests until then, or no longer (kNever).
  void rest(Index index, Time until);
  Place place(Index index) const { return at(index).place; }
  bool stands_by(Index index) const { return at(index).stands_by; }

  // --- finding ---

  std::optional<Index> find(const conn::NetAddress& address) const;
  std::vector<Index> find(const conn::NodeId& id) const;
  // The capped ones of the neighbourhood (/24, /48) of this IP. The table must not change
  // meanwhile.
  template <typename Visit>
  void for_each_near(const conn::IpAddress& ip, const Visit& visit) const {
    const conn::IpAddress neighbourhood = conn::neighbourhood_of(ip);
    by_neighbourhood_.for_each(hash_(neighbourhood), [&](Index index) {
      if (conn::neighbourhood_of(record(index).address.endpoint.ip) == neighbourhood) visit(index);
    });
  }
  // All records.
  template <typename Visit>
  void for_each(const Visit& visit) const {
    for (const auto& chunk : chunks_) {
      for (const Entry& entry : *chunk) {
        if (entry.used) visit(entry.known);
      }
    }
  }
  std::size_t resting() const noexcept { return resting_.size(); }
  // The one whose rest ends first, if it has ended by now.
  std::optional<Index> rested(Time now) const {
    if (resting_.empty() || resting_.begin()->first > now) return std::nullopt;
    return resting_.begin()->second;
  }

  // --- places ---

  // A free one in the bucket where it belongs, or else the one where it looks first.
  Place place_for(Kind kind, const conn::NetAddress& address, const conn::IpAddress& source) const;
  std::optional<Index> holder(Kind kind, Place place) const {
    return buckets_[nth(kind)].holder(place);
  }
  // How many of the buckets hold something.
  std::size_t buckets_used(Kind kind) const { return buckets_[nth(kind)].buckets_used(); }
  std::uint64_t group(const conn::IpAddress& ip) const { return placement_.group(ip); }
  // For other tables with keys that strangers choose.
  const conn::KeyedHash& hash() const noexcept { return hash_; }

  // --- drawing: the order means nothing, and a draw may change it ---

  const DrawList& drawn(Kind kind) const { return drawn_[nth(kind)]; }
  const DrawList& verified() const noexcept { return verified_; }
  const GroupDraw& groups() const noexcept { return groups_; }
  void swap_drawn(Kind kind, std::size_t a, std::size_t b) { drawn_[nth(kind)].swap(a, b); }
  void swap_verified(std::size_t a, std::size_t b) { verified_.swap(a, b); }
  void swap_groups(std::size_t a, std::size_t b) { groups_.swap_groups(a, b); }
  // It is not drawn as verified until it is settled again.
  void unlist_verified(Index index) { verified_.remove(index); }

  // What is wrong, or nothing. Walks everything: for tests.
  std::optional<std::string> broken_invariant() const;

 private:
  struct Entry {
    KnownAddress known;
    Place place;
    bool used = false;
    bool placed = false;
    bool capped = false;
    bool stands_by = false;
  };
  static constexpr std::size_t kChunk = 256;  // entries that lie together
  static constexpr std::size_t nth(Kind kind) { return static_cast<std::size_t>(kind); }

  Entry& at(Index index) { return (*chunks_[index / kChunk])[index % kChunk]; }
  const Entry& at(Index index) const { return (*chunks_[index / kChunk])[index % kChunk]; }
  Index take_free();
  void put(Index index, Kind kind, Place place);
  void list(Index index);
  void settle(const conn::NodeId& id);
  static bool may_be_drawn(const Entry& entry);
  // For broken_invariant.
  std::size_t places_taken(Kind kind) const;
  std::optional<std::string_view> wrong_with(Index index) const;

  Placement placement_;
  conn::KeyedHash hash_;
  std::vector<std::unique_ptr<std::array<Entry, kChunk>>> chunks_;
  std::vector<Index> free_;
  std::array<BucketTable, 2> buckets_;  // by kind
  std::array<DrawList, 2> drawn_;       // by kind
  DrawList verified_;
  GroupDraw groups_;
  std::set<std::pair<Time, Index>> resting_;  // by the end of the rest
  IndexTable by_id_;
  IndexTable by_neighbourhood_;  // the capped alone: without bound, others would lie in one row
};

}  // namespace peerage::addrbook
