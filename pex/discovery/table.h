// The one table of nodes that both protocols share: 256 Kademlia buckets by distance from our ID.
//
// Bucket i holds what is at log distance i + 1. It has entries, least recently live first, and
// replacements, newest first, which take the place of entries that leave. A node is *live* once it
// has answered a ping of ours at the endpoint that it has here, as an entry; only live entries are
// told to others, begin lookups, or are stored.
//
// Invariants:
//  - Our own ID is never in it, nor a node without a usable endpoint (usable_endpoint).
//  - A bucket, and the table, holds only so many nodes of one network (/24, /48), entries and
//    replacements together. Private addresses are free of that.
//  - Who came unasked holds only a part of a bucket's entries.
//  - What others say of a node that is here changes it by a record of higher sequence alone, and a
//    new endpoint is not live before it has answered. (They may also name a protocol that we have
//    never tried with it, which is worth one ping.)
// What displaces what: nobody pushes an entry out. A newcomer to a full bucket becomes a
// replacement and pushes the oldest one out; the entry that was live longest ago is then to be
// asked whether it is still there, and goes if it is not. A node goes when it is silent in every
// protocol that it speaks. Boot nodes alone make room: everybody knows them first, so that each
// would stand in all tables of a network, and be asked by all for ever. One gives its place in a
// full bucket to a replacement that has answered, and that did not come unasked.
//
// Source: Maymounkov and Mazieres 2002; go-ethereum p2p/discover/table.go; Marcus, Heilman and
// Goldberg 2018 for the shares of networks and of who comes unasked.
// Threads: none of its own. Pointers to entries are valid until the next call that is not const.
#pragma once

#include <array>
#include <cstddef>
#include <functional>
#include <vector>

#include "pex/discovery/bucket.h"
#include "pex/discovery/network_shares.h"

namespace peerage::pex {

class NodeTable {
 public:
  struct Settings {
    EnodeId own;
    DiscoveryLimits limits;
    std::vector<conn::Cidr> exempt;  // networks that no share holds for
  };
  NodeTable(Settings settings, conn::RandomBelow random);

  // --- what comes in ---

  enum class Offered : std::uint8_t {
    added,        // a new entry: to be pinged
    replacement,  // the bucket is full; see to_challenge
    known,        // it is here already, where it was
    moved,        // it is here already, and its new record names another endpoint: to be pinged
    // Refused:
    own,
    unusable,       // its endpoint
    network_full,   // the share of its network
    inbound_full,   // the share of who comes unasked
    inbound_closed  // before the first fill
  };
  Offered offer(const Contact& contact, Protocol speaks, HeardBy how, conn::TimePoint now);
  // Inbound contacts are taken from now on.
  void open_to_inbound() noexcept { inbound_open_ = true; }
  bool open_to_inbound_now() const noexcept { return inbound_open_; }
  // Of the bucket that this ID belongs to, if it is full: the entry that was live longest ago, if
  // its last proof is old enough to be asked again, and it is not being asked.
  const TableNode* to_challenge(const EnodeId& id, conn::TimePoint now) const;

  // It answered our ping at this endpoint: it moves there if it was elsewhere.
  enum class Live : std::uint8_t {
    absent,
    became,   // an entry that was not live, or not there; or a boot node has made room for it
    stayed,   // an entry that was
    waits,    // a replacement
    refused,  // it stays where it was: the share of its new network is full, or it cannot be there
  };
  Live on_live(const EnodeId& id, Protocol protocol, const conn::Endpoint& at, conn::TimePoint now);
  void on_pinged(const EnodeId& id, Protocol protocol, const conn::Endpoint& at,
                 conn::TimePoint now);
  // It did not answer there. Without a try left it leaves, if it speaks no other protocol.
  enum class Missed : std::uint8_t {
    absent,  // or not at this endpoint: somebody else's claim says nothing of it
    ask_again,
    other_protocol,  // it stays, for the sake of the other
    removed,
  };
  Missed on_missed(const EnodeId& id, Protocol protocol, const conn::Endpoint& at);
  void on_find_answered(const EnodeId& id);
  // Removed only when it failed too often and its bucket is at least half full.
  enum class FindFailed : std::uint8_t { absent, stays, ping_first, removed };
  FindFailed on_find_failed(const EnodeId& id);
  // A record that its owner has signed, from wherever it came: taken when its sequence is higher.
  enum class Record : std::uint8_t {
    absent,
    older,        // or the same
    conflicting,  // another of the same sequence: the first stays
    taken,        // its endpoint is where the node is, or it names none that can be used
    moved,        // its endpoint is another one, and not live: to be pinged
    no_room,      // the share of its new network is full: it has left
  };
  Record on_record(const EnrPtr& record);

  // True when it was there. A replacement drawn by lot takes an entry's place (take_promoted).
  bool remove(const EnodeId& id);
  // Everything of which `which` is true, replacements too; the IDs.
  using Which = std::function<bool(const TableNode&)>;
  std::vector<EnodeId> remove_if(const Which& which);
  // Entries that were replacements until now, since the last call: to be pinged.
  std::vector<EnodeId> take_promoted();

  // --- what is asked of it ---

  // Whether its network has not got its share of the table, and of the bucket, yet.
  bool has_share_left(const Contact& contact) const;
  // Entries alone; replacements are not found.
  const TableNode* find(const EnodeId& id) const;
  // An entry, or a replacement.
  const TableNode* find_any(const EnodeId& id) const;
  // The live ones closest to the target of which `which` is true, closest first.
  std::vector<const TableNode*> closest(const EnodeId& target, std::size_t most,
                                        const Which& which = {}) const;
  // The live ones at this log distance, in the order of the bucket.
  std::vector<const TableNode*> at_distance(unsigned log_distance) const;
  // Who is to be pinged next: one that never answered first, then one that missed a ping, then the
  // one whose proof is the oldest and older than the protocol's age. Not one whose last ping may
  // still be answered, or was less than `ping_retry` ago.
  const TableNode* next_to_revalidate(Protocol protocol, conn::TimePoint now) const;
  void for_each(const std::function<void(const TableNode&)>& with) const;  // entries

  struct Counts {
    std::size_t entries = 0, live = 0, replacements = 0, buckets_used = 0, inbound = 0;
  };
  Counts counts() const noexcept;

  // Neither unspecified nor multicast nor broadcast, with a port above 0; above 1024 unless the IP
  // is private.
  static bool usable_endpoint(const conn::Endpoint& endpoint) noexcept;

 private:
  static constexpr std::size_t kBuckets = 256;

  // Of an ID that is not ours.
  std::size_t index_of_bucket(const EnodeId& id) const noexcept;
  Bucket* bucket_of(const EnodeId& id) noexcept;  // null: it is our own ID
  TableNode* entry(const EnodeId& id) noexcept;
  TableNode* any(const EnodeId& id) noexcept;

  Offered add(TableNode node);
  Offered offer_known(TableNode& node, const Contact& contact, Protocol speaks, HeardBy how);
  // False, and nothing is changed, when the share of the new network is full.
  bool move(TableNode& node, const conn::Endpoint& to);
  Record take_record(TableNode& node, const EnrPtr& record);
  void remove_entry(const TableNode& entry);
  void remove_replacement(const TableNode& replacement);
  void promote_one(Bucket& bucket);
  // A replacement that has answered. True: it is an entry now.
  bool take_place_of_boot_node(const TableNode& waiting);
  bool is_due(const TableNode& node, Protocol protocol, conn::TimePoint now) const;
  // Its last ping may still be answered, or was a moment ago.
  bool is_asked(const TableNode& node, Protocol protocol, conn::TimePoint now) const;

  Settings settings_;
  conn::RandomBelow random_;
  std::array<Bucket, kBuckets> buckets_;
  NetworkShares shares_;
  std::vector<EnodeId> promoted_;
  bool inbound_open_ = false;
};

}  // namespace peerage::pex
