// What only the control shard sees (the books and their file, peer exchange, the bans), as it was a
// moment ago.
//
// Threads: plain values; published by pex/metrics/collector.h.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include "addrbook/book/address_book.h"
#include "addrbook/file/store.h"
#include "pex/discovery/candidates.h"
#include "pex/discovery/server.h"
#include "pex/exchange/counts.h"

namespace peerage::pex {

// How long ago an address was verified, at most.
enum class VerifiedWithin : std::uint8_t { two_hours, eight_hours, day, week, older, never };
inline constexpr std::size_t kVerifiedWithinCount = 6;
std::string_view name(VerifiedWithin age) noexcept;
VerifiedWithin verified_within(addrbook::Time verified, addrbook::Time now) noexcept;

struct BookFigures {
  using ByAge = std::array<std::uint64_t, kVerifiedWithinCount>;

  // Of every address, those that rest apart.
  ByAge in_new{};
  ByAge in_tried{};
  ByAge resting{};
  // That a seed would visit now, but for what it has just dialled.
  std::uint64_t due = 0;
  std::uint64_t new_buckets = 0, tried_buckets = 0;
  std::array<std::uint64_t, addrbook::kAddedCount> added{};  // by addrbook::Added
  std::array<std::uint64_t, addrbook::kTransitionCount> transitions{};
};

struct StoreFigures {
  addrbook::Store::State state;
  conn::HistogramCounts batch_rows;
  conn::HistogramCounts flush_times;
  std::uint64_t queue_rows = 0;
};

// Of discovery; all zero while it does not run.
struct DiscoveryFigures {
  std::shared_ptr<const DiscoverySnapshot> server;  // null: it does not run
  std::size_t kept = 0;                             // nodes that a restart begins with
  Candidates::Counts candidates;
  std::array<std::size_t, Candidates::kStates> states{};     // by Candidates::State
  std::array<std::uint64_t, addrbook::kAddedCount> added{};  // by addrbook::Added
};

struct ControlFigures {
  std::vector<BookFigures> books;  // in the order of the networks; none without peer exchange
  ExchangeCounts exchange;
  std::optional<StoreFigures> store;          // none without a file
  std::optional<DiscoveryFigures> discovery;  // none when it is off
  std::uint64_t banned_ids = 0, banned_ips = 0, banned_networks = 0;
  std::uint64_t bans_of_file = 0;
};

}  // namespace peerage::pex
