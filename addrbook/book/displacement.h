// What gives way to what: whether a new address may enter a book, which others go for it, and at
// which place it will be.
//
// What limits the gain of those who write most of what a book holds: caps for a host, its
// neighbourhood and an ID, and the bucket. What is first-hand and hearsay are counted apart;
// first-hand displaces hearsay, and its like only of the same host, neighbourhood, group or ID, the
// one that showed itself longest ago; hearsay displaces only what is bad. A tried address goes for
// none of another ID.
//
// Pure: it reads the table, and the caller changes it. Threads: none of its own.
// Source: spec/addressbook.md, "What enters".
#pragma once

#include <cstddef>
#include <optional>
#include <vector>

#include <tl/expected.hpp>

#include "addrbook/book/added.h"
#include "addrbook/book/address_table.h"
#include "addrbook/book/limits.h"

namespace peerage::addrbook {

// Given up: then others may say where its ID is, even if it has answered before.
bool is_stale(const KnownAddress& known, Time now);
// Any other may replace it, unless it is tried: it is stale, or rests.
bool is_bad(const KnownAddress& known, Time now);

class Displacement {
 public:
  using Index = AddressTable::Index;

  // Both must outlive it.
  Displacement(const AddressTable& table, const BookConfig& config)
      : table_(table), config_(config) {}

  // For an address that is not in the table: the entries that go for it, or why it may not enter.
  // Once those are gone, place_of tells where it will be.
  tl::expected<std::vector<Index>, Added> gone_for(const KnownAddress& known, Time now) const;
  // In the bucket where it belongs: a free place, or one whose holder goes for it.
  std::optional<Place> place_of(const KnownAddress& known, Time now) const;
  // Whether a new place is free, or its holder goes for any other address.
  bool may_have(Place place, Time now) const;
  // Of the other first-hand addresses of its ID those that are too many, once it is first-hand.
  std::vector<Index> gone_for_first_hand(Index index, Time now) const;
  // Whether a row of a file keeps within the caps at their widest, as a book that has run may come
  // to them: hearsay that answered counts as first-hand from then on.
  bool fits(const KnownAddress& row, Time now) const;

 private:
  using Indices = std::vector<Index>;
  std::optional<Added> refused_for_its_id(const KnownAddress& known, Time now, Indices& gone) const;
  std::optional<Index> told_by_a_busier_group(const KnownAddress& known, std::size_t of_this_source,
                                              Time now) const;
  std::optional<Added> refused_for_its_network(const KnownAddress& known, Time now,
                                               Indices& gone) const;
  bool fits_its_id(const KnownAddress& row, Time now) const;
  bool fits_its_network(const KnownAddress& row) const;

  const AddressTable& table_;
  const BookConfig& config_;
};

}  // namespace peerage::addrbook
