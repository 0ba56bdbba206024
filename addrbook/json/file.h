// addrbook.json, the file in which a comet node keeps its book and which operators trade: read,
// and written so that a comet node and its tools can read it.
//
// Reading. The text is untrusted. It is bounded (bytes, entries, depth) and read in one pass
// without a tree in memory. An invalid entry is left out and listed with its line; a comet node
// panics on many such files. Text that is no JSON is a failure that names line and column.
//
// What a file claims is not what we have seen. Its attempts and times are another program's
// experience, or invented: they decide only in which order addresses are taken in (`best_first`),
// and are shown. An imported address enters the book as a new one that we have never dialled: it is
// neither tried nor verified, so we do not serve it, and not proven, so the file cannot keep a
// truer address of the same ID out. `source` is likewise a claim: it spreads the imported addresses
// over the buckets as they were spread in the file's book.
//
// Writing. `attempts` are the dials that failed since the address last answered, and `last_success`
// is when it last proved its ID and its network: in a comet node `attempts` starts again at a
// success, and its tools take many attempts for a dead node. `last_attempt` of one that was never
// dialled is when it was last heard of, as in a comet node, which else takes it for stale.
//
// Source: comet p2p/pex/file.go, known_address.go; a recorded file in spec/vectors/addrbook.json.
// Threads: plain values and functions.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "addrbook/book/placement.h"
#include "addrbook/record/known_address.h"
#include "conn/base/rfc3339.h"

namespace peerage::addrbook {

inline constexpr std::size_t kMaxJsonFile = std::size_t{64} << 20;
inline constexpr std::size_t kMaxJsonEntries = 1'000'000;
inline constexpr std::size_t kMaxJsonDepth = 32;  // a book has 4
inline constexpr std::size_t kMaxBadListed = 100;
// comet: newBucketCount, oldBucketCount, and how many a bucket holds. A larger index is its panic.
inline constexpr std::uint16_t kCometNewBuckets = 256;
inline constexpr std::uint16_t kCometOldBuckets = 64;
inline constexpr std::size_t kCometBucketSize = 64;

// An entry of the file.
struct JsonEntry {
  conn::NetAddress address;
  // Where it was heard of: ID and port may be missing. Itself when the file names no source.
  conn::NetAddress source;
  Kind kind = Kind::new_;
  std::uint32_t attempts = 0;  // at most 2^31 - 1
  conn::Timestamp last_attempt = conn::kNoTimestamp;
  conn::Timestamp last_success = conn::kNoTimestamp;
  conn::Timestamp last_ban_time = conn::kNoTimestamp;  // when a ban ends
  std::vector<std::uint16_t> buckets;
  bool operator==(const JsonEntry&) const = default;
};

struct BadEntry {
  std::size_t index = 0;  // in `addrs`, from 0
  std::size_t line = 0;   // where it begins, from 1
  std::string why;        // printable
};

struct JsonBook {
  std::string key;  // 24 hex digits, or empty
  std::vector<JsonEntry> entries;
  std::size_t bad_count = 0;
  std::vector<BadEntry> bad;  // the first kMaxBadListed
};

// Failures (stage configuration): address_file_malformed, with line and column. No attempt or
// success lies after `now`.
conn::Result<JsonBook> parse_json_book(std::string_view text, Time now);
// Also address_file_unreadable.
conn::Result<JsonBook> load_json_book(const std::filesystem::path& path, Time now);

// The order in which to offer entries to a book, where the first gets the place: tried ones,
// then those with the latest success, then those with the fewest attempts without any.
void best_first(std::vector<JsonEntry>& entries);

// The text that a comet node writes for these entries, to the byte.
std::string json_text(std::string_view key, const std::vector<JsonEntry>& entries);

struct Exported {
  std::vector<JsonEntry> entries;
  std::size_t left_out = 0;
};
// What a comet node gets of the book: one address for each ID (two records of one ID would spoil
// its counters), the proven one or else the one seen last; none that rest; at most as many as its
// buckets hold, the better first. Buckets are chosen by a hash under `key`, which stands in the
// file, so they reveal nothing of the places in our book.
Exported choose_for_json(std::span<const KnownAddress> rows, std::string_view key, Time now);
// A key for the file: always the same for the same book; the book's cannot be computed from it.
std::string json_key(const BookKey& key);

// Both, as a file's text.
std::string export_text(std::span<const KnownAddress> rows, std::string_view key, Time now);

// Replaces the file atomically, mode 0644 as the umask allows; after an error
// (address_file_unwritable, or what the system says: conn/base/file_reason.h) the old one is as it
// was.
conn::Result<void> save_json_book(const std::filesystem::path& path, std::string_view text);

}  // namespace peerage::addrbook
