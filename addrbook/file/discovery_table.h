// The tables of what discovery keeps (addrbook/file/discovery_rows.h), as they are written and
// read.
//
// The number of our record's sequence never becomes lower in a file, whoever writes it.
//
// Private to addrbook/file/. Threads: one at a time.
#pragma once

#include <utility>

#include "addrbook/book/book_report.h"
#include "addrbook/file/book_reader.h"
#include "addrbook/file/discovery_rows.h"
#include "addrbook/file/sqlite.h"

namespace peerage::addrbook {

class DiscoveryTable {
 public:
  // Must not outlive the database.
  static conn::Result<DiscoveryTable> open(sqlite::Database& database);

  // Within a transaction.
  conn::Result<void> write(const DiscoveryChanges& changes);
  // Everything there is.
  conn::Result<void> write_all(const DiscoveryRows& rows);

 private:
  struct Statements {
    sqlite::Statement seq, erase_nodes, node, erase_bans, ban, unban;
  };
  explicit DiscoveryTable(Statements statements) : statements_(std::move(statements)) {}
  conn::Result<void> write_nodes(const std::vector<DiscoveryNode>& nodes);
  conn::Result<void> write_ban(const DiscoveryBan& ban);

  Statements statements_;
};

// Each row checked; unfit ones, and those beyond what discovery keeps, are counted in `report`. Of
// a file without these tables, nothing.
conn::Result<DiscoveryRows> read_discovery(const sqlite::Database& database, Time now,
                                           Damage damage, Report& report);

}  // namespace peerage::addrbook
