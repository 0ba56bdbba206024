// A model of the Go node's address book: its policy, with its weaknesses, and nothing else.
//
// 256 new and 64 old buckets of 65 entries. The group of the source chooses 32 of the new ones, and
// the address among them one; an address may be in four. A full new bucket loses a bad entry, or
// else the one with the oldest last attempt (at first: arrival), so the source that sends most
// flushes out the others. Marked good, an address becomes old; the oldest of a full old bucket is
// lost, since the attempt to make it new again fails. The caller says what a source is: the Go node
// takes the address that a peer reports of itself.
//
// The same in distribution, not draw by draw: Go uses map order as randomness, here numbers are
// drawn; and a selection costs its own size, where Go copies the whole book.
//
// Invariants: an ID is in the book at most once; an old address is in one bucket, a new one in one
// to four different ones; size_new() and size_old() count addresses, not their places.
//
// Source: comet v0.38 p2p/pex/addrbook.go, known_address.go. Threads: none of its own.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <unordered_map>
#include <vector>

#include "conn/address/net_address.h"
#include "tests/sim/go/go_params.h"

namespace peerage::sim::go {

class GoBook {
 public:
  using Random = std::function<std::uint64_t()>;  // 64 bits
  enum class Kind : std::uint8_t { new_ = 1, old = 2 };
  using Buckets = std::vector<std::uint16_t>;

  struct Settings {
    conn::IpAddress::Strict strict = conn::IpAddress::Strict::yes;  // addr_book_strict
    std::set<conn::NodeId> private_ids;
  };
  // What a file keeps of an address. Bans and our own addresses are not kept.
  struct Row {
    conn::NetAddress address;
    conn::NetAddress source;
    Kind kind = Kind::new_;
    Buckets buckets;
    std::uint32_t attempts = 0;
    conn::TimePoint last_attempt;
    std::optional<conn::TimePoint> last_success;
    bool operator==(const Row&) const = default;
  };

  // With the rows of a file: in the buckets where they stood, although the hash key is a new one.
  GoBook(Settings settings, Random random, const std::vector<Row>& rows = {});

  // --- hearing of addresses ---
  enum class Added : std::uint8_t {
    added,    // into one (more) bucket
    ignored,  // known, and not drawn for one more bucket
    invalid,
    banned,  // or was, and has not been reinstated
    is_private,
    from_private,
    ours,
    not_routable,
  };
  Added add(const conn::NetAddress& address, const conn::NetAddress& source, conn::TimePoint now);
  void remove(const conn::NodeId& id);
  // Refused from now on: exactly this text.
  void add_ours(const conn::NetAddress& address) { ours_.insert(address); }

  // --- marks ---
  void mark_good(const conn::NodeId& id, conn::TimePoint now);
  void mark_attempt(const conn::NodeId& id, conn::TimePoint now);
  // Out of the book, and banned; does nothing for an ID that the book does not know.
  void mark_bad(const conn::NodeId& id, conn::Duration span, conn::TimePoint now);
  // Addresses with an ended ban become new again; those that were old are lost.
  void reinstate_bad_peers(conn::TimePoint now);

  // --- queries ---
  // `bias`: percent towards new ones, at most 100. None also when the kind chosen at random is
  // empty.
  std::optional<conn::NetAddress> pick(unsigned bias);
  std::vector<conn::NetAddress> selection();
  std::vector<conn::NetAddress> selection_with_bias(unsigned bias);
  bool need_more() const noexcept { return size() < kNeedAddressThreshold; }
  bool empty() const noexcept { return size() == 0; }
  std::size_t size() const noexcept { return size_new_ + size_old_; }
  std::size_t size_new() const noexcept { return size_new_; }
  std::size_t size_old() const noexcept { return size_old_; }
  bool has(const conn::NodeId& id) const { return lookup_.contains(id); }
  bool is_old(const conn::NodeId& id) const;
  bool is_banned(const conn::NodeId& id) const { return bad_.contains(id); }

  // In no particular order.
  std::vector<Row> rows() const;
  void for_each(const std::function<void(const Row&)>& action) const;

 private:
  using Index = std::uint32_t;
  using Bucket = std::vector<Index>;
  struct Banned {
    Row row;
    conn::TimePoint until;
  };

  std::size_t draw(std::size_t below) { return static_cast<std::size_t>(random_() % below); }
  std::size_t new_bucket_of(const conn::NetAddress& address, const conn::NetAddress& source) const;
  std::size_t old_bucket_of(const conn::NetAddress& address) const;
  Bucket& bucket(Kind kind, std::size_t number);
  Index enter(Row row);
  void forget(Index index);
  void put_in_new(Index index, std::size_t number, conn::TimePoint now);
  void expire_new(std::size_t number, conn::TimePoint now);
  void take_out(Index index, std::size_t number);
  void take_out_everywhere(Index index);
  Index oldest_of(const Bucket& bucket);
  void move_to_old(Index index);
  std::vector<conn::NetAddress> random_pick(Kind kind, std::size_t wanted);
  std::size_t selection_size() const;
  std::size_t& size_of(Kind kind) { return kind == Kind::new_ ? size_new_ : size_old_; }

  Settings settings_;
  Random random_;
  std::uint64_t key_;
  std::set<conn::NetAddress> ours_;
  std::map<conn::NodeId, Banned> bad_;
  std::vector<Row> slots_;  // those in use are in all_, the others in free_
  std::vector<Index> free_;
  std::vector<Index> all_;
  std::vector<Index> place_in_all_;  // of each slot
  std::unordered_map<conn::NodeId, Index> lookup_;
  std::array<Bucket, kNewBucketCount> new_;
  std::array<Bucket, kOldBucketCount> old_;
  std::size_t size_new_ = 0;
  std::size_t size_old_ = 0;
};

}  // namespace peerage::sim::go
