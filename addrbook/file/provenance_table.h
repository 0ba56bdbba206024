// Which node told us of which address, in the address book file: written, bounded, and queried.
//
// When it is full, the source group that has the most rows loses its oldest: who adds rows without
// end displaces his own, and the evidence of others stays. How many rows each group has is known in
// memory, and read from the file when it is opened.
//
// The table is never read as a whole. What a query finds is checked row by row like everything in
// the file (addrbook/file/row.h), and an unfit row stays until it is one of the oldest. A table
// that contradicts itself is emptied: none of ours does, and no room could be made in it.
//
// Private to addrbook/file/book_file.cpp. Threads: one at a time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <span>
#include <string>
#include <utility>

#include "addrbook/file/book_file.h"
#include "addrbook/file/group_sizes.h"
#include "addrbook/file/sqlite.h"

namespace peerage::addrbook {

class ProvenanceTable {
 public:
  // A transaction erases at most this many rows more than it adds.
  static constexpr std::size_t kSlice = 5'000;

  // Counts the rows, and sets times that lie ahead of `now` to now: they would be the last to be
  // erased. At most `limit` rows are kept. Must not outlive the database.
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
    sqlite::Statement insert, group, update, oldest, erase;
  };
  ProvenanceTable(sqlite::Database& database, Statements statements, std::size_t limit)
      : database_(&database),
        statements_(std::move(statements)),
        limit_(static_cast<std::int64_t>(limit)) {}
  conn::Result<void> mend(Time now);
  conn::Result<void> write(std::int64_t network, const Provenance& row);
  conn::Result<void> make_room(std::int64_t rows);
  conn::Result<void> erase_oldest(std::uint64_t group, std::int64_t rows);
  conn::Result<void> erase_all();
  void change(std::uint64_t group, std::int64_t rows);

  sqlite::Database* database_;
  Statements statements_;
  std::int64_t limit_;
  GroupSizes sizes_;                               // once the transaction is committed
  std::map<std::uint64_t, std::int64_t> changes_;  // of them by the transaction
};

// Of a file with any tables that can be read; one without this table answers with nothing.
conn::Result<ProvenanceList> read_provenance(const sqlite::Database& database,
                                             const ProvenanceQuery& query, Time now,
                                             Report& report);

}  // namespace peerage::addrbook
