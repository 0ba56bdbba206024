// Which node told us of which address, gathered until the store takes it: for the reports of a
// seed's operator (addrbook/file/contents.h: Provenance). A pair of teller and address that comes
// again is still one row.
//
// Bounded: kMaxPending rows. When the store takes none, the source group that has the most rows has
// to give way to the others: it loses what came last, and so does a new row that would make its own
// group the largest. What is lost is counted. Unlike the book's changes, what has been taken is no
// longer held here: it is in the file, or put back, or gone with the file.
//
// Threads: none of its own (the control shard). No I/O.
#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "addrbook/file/contents.h"
#include "addrbook/file/group_sizes.h"

namespace peerage::addrbook {

class ProvenanceLog {
 public:
  static constexpr std::size_t kMaxPending = 50'000;

  explicit ProvenanceLog(std::size_t max_pending = kMaxPending) : max_pending_(max_pending) {}
  ProvenanceLog(const ProvenanceLog&) = delete;
  ProvenanceLog& operator=(const ProvenanceLog&) = delete;

  // `teller` has told us of `address`, from a socket of `from`.
  void note(std::string_view network, const conn::NodeId& teller, const conn::IpAddress& from,
            const conn::NetAddress& address, Time now);

  // At most `rows` of those that wait; what was taken last is the last to be taken again.
  std::vector<Provenance> take(std::size_t rows);
  // What was taken and could not be written, merged with what has been noted since.
  void put_back(std::vector<Provenance> rows);

  bool empty() const noexcept { return pending_.empty(); }
  std::size_t size() const noexcept { return pending_.size(); }
  // How often we were told of an address and did not record it.
  std::uint64_t lost() const noexcept { return lost_; }

 private:
  struct Key {
    std::string network;
    conn::NodeId teller;
    conn::NetAddress address;
    auto operator<=>(const Key&) const = default;
  };
  struct Waiting {
    Provenance row;
    std::uint64_t arrival;  // a number that grows
  };
  using Pending = std::map<Key, Waiting>;

  void add(Provenance row);
  void enter_group(Pending::iterator at);
  void leave_group(const Waiting& waiting);
  bool make_room(std::uint64_t group);

  // In the order of the file, so that each of its pages is visited once.
  Pending pending_;
  std::map<std::pair<std::uint64_t, std::uint64_t>, Pending::iterator> by_group_;  // and arrival
  GroupSizes sizes_;
  std::uint64_t arrivals_ = 0;
  Key taken_;  // the last one
  std::size_t max_pending_;
  std::uint64_t lost_ = 0;
};

}  // namespace peerage::addrbook
