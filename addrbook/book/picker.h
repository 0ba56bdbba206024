// Which address to dial, and which to give out: whatever of a book is chosen at random.
//
// What blamed groups told of is passed over in proportion to the blame (addrbook/book/blame.h). All
// randomness is from the one stream that it is given, so the same seed and the same table give the
// same draws.
//
// Bounded: no draw takes longer than a walk over all that can be drawn.
// Threads: none of its own.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <utility>
#include <vector>

#include "addrbook/book/address_table.h"
#include "addrbook/book/blame.h"
#include "addrbook/book/limits.h"
#include "conn/base/random.h"

namespace peerage::addrbook {

// How often a new address rather than a tried one, in percent: 0 to 100.
struct Bias {
  unsigned percent = 50;
};

class Picker {
 public:
  using Acceptable = std::function<bool(const KnownAddress&)>;
  using Addresses = std::vector<conn::NetAddress>;

  // The table and the settings must outlive it.
  Picker(AddressTable& table, const BookConfig& config, conn::Random random)
      : table_(table), config_(config), random_(random) {}

  // An address that the group of this IP told us of turned out to be a lie.
  void blame(const conn::IpAddress& source, Time now) { blame_.add(table_.group(source), now); }

  // --- which to dial: see AddressBook ---

  std::optional<conn::NetAddress> pick(Bias bias, Time now, const Acceptable& acceptable);
  Addresses pick_by_group(std::size_t count, Time now, const Acceptable& acceptable);
  std::optional<conn::NetAddress> pick_of_group(std::uint64_t group, Time now,
                                                const Acceptable& acceptable);
  std::optional<Time> first_verified() const;
  std::optional<conn::NetAddress> longest_known(const Acceptable& acceptable, Time settled) const;

  // --- which to give out ---

  Addresses selection();
  Addresses selection_with_bias(Bias bias);
  Addresses verified_selection(Time now);

 private:
  using Index = AddressTable::Index;

  std::size_t drawable(Kind kind) const { return table_.drawn(kind).size(); }
  bool mistrusts(const KnownAddress& known, Time now);
  std::optional<Index> draw(Kind kind, const Acceptable& acceptable, Time now);
  std::optional<Index> draw_of(GroupDraw::Slot group, const Acceptable& acceptable, Time now);
  // So many of each kind.
  Addresses draw_some(std::size_t new_ones, std::size_t tried);
  void draw_some(Kind kind, std::size_t count, Addresses& into);
  void sift_verified(Time now);

  AddressTable& table_;
  const BookConfig& config_;
  conn::Random random_;
  Blame blame_;
  Time verified_sifted_ = kNever;
};

}  // namespace peerage::addrbook
