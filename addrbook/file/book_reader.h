// Reads everything that an address book file holds, row by row, each checked
// (addrbook/file/row.h), and no more of it than a book can hold: of a network that has too many
// rows the tried ones and those that answered last are kept.
//
// A place that cannot be read, or a row too long to be one of ours, does not end the reading. From
// the last ID that was read it goes on behind the next one; or, when the page is damaged and the
// next one is unknown, at an ID a 4096th of all IDs further on: IDs are hashes, so that is about as
// far as the rows of one page reach.
//
// Threads: one at a time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>

#include "addrbook/book/book_report.h"
#include "addrbook/file/contents.h"
#include "addrbook/file/sqlite.h"

namespace peerage::addrbook {

struct ReadLimits {
  // A book holds 1024 * 64 + 256 * 64 = 81 920 addresses at most.
  std::size_t rows_of_a_network = 90'000;
  std::size_t networks = 64;
};

// What a damaged place does.
enum class Damage : std::uint8_t {
  fails,      // with book_corrupt
  is_skipped  // and counted; the rest is read
};

struct ReadBook {
  Contents contents;
  bool has_key = false;  // without one the file's is not 32 bytes
};
// Counts what is loaded and dropped in `report`. The tables must be those of a version
// from schema::kOldestReadable on.
conn::Result<ReadBook> read_book(const sqlite::Database& database, Time now,
                                 const ReadLimits& limits, Damage damage, Report& report);

}  // namespace peerage::addrbook
