// What discovery keeps over a restart, in the books' file: NodeRows as the books implement them.
//
// Written as the books are, behind what has changed and on the store's thread; but a sequence
// number is in the file before it is said to be safe. Without a file everything is in memory. A row
// that makes no sense (a record that is none, a key of another ID) is left out when it is read.
//
// Threads: the control shard.
#pragma once

#include <memory>
#include <utility>

#include "pex/books/network_books.h"
#include "pex/discovery/node_rows.h"

namespace peerage::pex {

class DiscoveryMemory final : public NodeRows {
 public:
  // The books have been opened. `runtime` outlives it.
  DiscoveryMemory(conn::Runtime& runtime, std::shared_ptr<NetworkBooks> books)
      : runtime_(runtime), books_(std::move(books)) {}

  Loaded load() override;
  void save_seq(std::uint64_t seq, std::function<void(conn::Result<void>)> done) override;
  void save(std::vector<NodeRow> rows) override;
  void save_ban(const EnodeId& id, std::optional<conn::WallTime> until) override;
  void remove_ban(const EnodeId& id) override;

 private:
  conn::Runtime& runtime_;
  const std::shared_ptr<NetworkBooks> books_;
};

}  // namespace peerage::pex
