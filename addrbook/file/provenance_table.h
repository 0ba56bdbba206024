// Which node told us of which address, in the address book file: written, bounded, and queried.
//
// The table is never read as a whole. What a query finds is checked row by row like everything in
// the file (addrbook/file/row.h), and an unfit row stays until it is one of the oldest.
//
// Private to addrbook/file/book_file.cpp. Threads: one at a time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <utility>

#include "addrbook/file/book_file.h"
#include "addrbook/file/sqlite.h"

namespace peerage::addrbook {

class ProvenanceTable {
 public:
  // A transaction erases at most this many rows more than it adds.
  static constexpr std::size_t kSlice = 5'000;

  // Counts the rows, and sets times that lie ahead of `now` to now: they would never be erased. At
  // most `limit` rows are kept. Must not outlive the database.
  static conn::Result<ProvenanceTable> open(sqlite::Database& database, Time now,
                                            std::size_t limit);

  // Within a transaction, whose end `settle` reports. `number_of` gives the number of a network.
  using NumberOf = std::function<conn::Result<std::int64_t>(const std::string&)>;
  conn::Result<void> write(std::span<const Provenance> rows, const NumberOf& number_of);
  // Rows of networks that are gone: their numbers will be used for others.
  conn::Result<void> erase_strangers();
  enum class Ended : std::uint8_t { committed, undone };
  void settle(Ended how) noexcept;

 private:
  struct Statements {
    sqlite::Statement insert, update, oldest, erase;
  };
  ProvenanceTable(sqlite::Database& database, Statements statements, std::size_t limit)
      : database_(&database),
        statements_(std::move(statements)),
        limit_(static_cast<std::int64_t>(limit)) {}
  conn::Result<void> write(std::int64_t network, const Provenance& row);
  conn::Result<void> erase_oldest(std::int64_t rows);

  sqlite::Database* database_;
  Statements statements_;
  std::int64_t limit_;
  std::int64_t committed_ = 0;  // rows in the file
  std::int64_t rows_ = 0;       // the same once the transaction is committed
};

// Of a file with any tables that can be read; one without this table answers with nothing.
conn::Result<ProvenanceList> read_provenance(const sqlite::Database& database,
                                             const ProvenanceQuery& query, Time now,
                                             Report& report);

}  // namespace peerage::addrbook
