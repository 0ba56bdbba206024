// What has changed in a book since the file last took it: the rows to write, and the addresses
// whose rows are gone.
//
// A changed row is noted by its index and copied only when it is taken, so that an address that
// changes a hundred times between two writes costs one row. What was erased has no index any more
// and is listed by address; when that list grows too long, everything is written anew instead.
//
// Invariant: a file to which everything taken so far was applied, in order, differs from the table
// by what the log holds. What could not be written is put back.
//
// Threads: none of its own.
#pragma once

#include <cstddef>
#include <string>
#include <utility>
#include <vector>

#include "addrbook/book/index_table.h"
#include "addrbook/record/known_address.h"

namespace peerage::addrbook {

class AddressTable;

// Changes to the addresses of one network since the last were taken.
struct Changes {
  std::string network;
  // Every row of the network that is not among `written` is gone: sent instead of a list of the
  // erased that has become too long.
  bool rewrite = false;
  std::vector<KnownAddress> written;
  std::vector<conn::NetAddress> erased;

  bool empty() const noexcept { return !rewrite && written.empty() && erased.empty(); }
};

class ChangeLog {
 public:
  using Index = IndexTable::Index;

  // The table must outlive it.
  ChangeLog(std::string network, const AddressTable& table)
      : network_(std::move(network)), table_(table) {}

  // The record has changed, or is new.
  void note_changed(Index index);
  // It is no longer in the table, or is just about to leave it.
  void note_erased(const conn::NetAddress& address);
  // The file was lost: everything is to be written.
  void note_everything();
  // The table was emptied: the noted indices mean nothing any more.
  void forget_changed();

  bool empty() const noexcept { return !rewrite_ && changed_.empty() && erased_.empty(); }
  // Rows that wait.
  std::size_t size() const noexcept { return changed_.size() + erased_.size(); }
  // At most `limit` rows, unless everything is written anew.
  Changes take(std::size_t limit);
  // They could not be written: they count as not taken.
  void put_back(const Changes& changes);

 private:
  std::string network_;
  const AddressTable& table_;
  std::vector<Index> changed_;    // each once
  std::vector<bool> is_changed_;  // by index
  std::vector<conn::NetAddress> erased_;
  bool rewrite_ = false;
};

}  // namespace peerage::addrbook
