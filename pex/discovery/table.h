// The one table of nodes that both protocols share: 256 Kademlia buckets by distance from our ID.
//
// Bucket i holds what is at log distance i + 1. It has entries, least recently live first, and
// replacements, newest first, which take the place of entries that leave. A node is *live* once it
// has answered a ping of ours at the endpoint that it has here; only live entries are told to
// others, begin lookups, are stored, or become candidates.
//
// Invariants:
//  - Our own ID is never in it, nor a node without a usable endpoint (usable_endpoint).
//  - A bucket, and the table, holds only so many nodes of one network (/24, /48), entries and
//    replacements together. Private addresses are free of that.
//  - Who came unasked holds only a part of a bucket's entries.
//  - What others say of a node that is here changes it by a record of higher sequence alone, and a
//    new endpoint is not live before it has answered.
// What displaces what: nobody pushes an entry out. A newcomer to a full bucket becomes a
// replacement and pushes the oldest one out; the entry that was live longest ago is then to be
// asked whether it is still there, and goes if it is not.
//
// Source: Maymounkov and Mazieres 2002; go-ethereum p2p/discover/table.go; Marcus, Heilman and
// Goldberg 2018 for the shares of networks and of who comes unasked.
// Threads: none of its own. Pointers to entries are valid until the next call that is not const.
#pragma once

#include <array>
#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "conn/address/cidr.h"
#include "conn/base/random.h"
#include "pex/discovery/contact.h"
#include "pex/discovery/limits.h"

namespace peerage::pex {

struct TableNode {
  Contact contact;
  HeardBy heard_by = HeardBy::told;
  conn::TimePoint first_seen{};
  std::array<bool, kProtocolCount> speaks{};
  // By protocol: when it last answered a ping at its present endpoint, and when we last asked.
  std::array<std::optional<conn::TimePoint>, kProtocolCount> last_live{};
  std::array<std::optional<conn::TimePoint>, kProtocolCount> last_ping{};
  unsigned checks = 0;  // pings answered, in a row
  unsigned missed = 0;  // pings not answered, in a row
  unsigned find_failures = 0;  // FindNode not answered, in a row
  // It has a proof of us since: it pinged us, and we answered.
  std::optional<conn::TimePoint> knows_us;
  bool disposable = false;  // goes at the next prune

  bool live() const noexcept;
  std::optional<conn::TimePoint> live_at() const noexcept;  // the latest of the protocols
};

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
    known,        // nothing changed, or only the record of the same endpoint
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
  // Of the bucket that this ID belongs to, the entry that was live longest ago, if its last proof
  // is old enough to be asked again.
  const TableNode* to_challenge(const EnodeId& id, conn::TimePoint now) const;

  // It answered our ping at this endpoint: an entry that is here moves there if it was elsewhere.
  // True when it became live by this.
  enum class Live : std::uint8_t { absent, became, stayed };
  Live on_live(const EnodeId& id, Protocol protocol, const conn::Endpoint& at, conn::TimePoint now);
  void on_pinged(const EnodeId& id, Protocol protocol, conn::TimePoint now);
  // It did not answer. An entry that has no try left leaves.
  enum class Missed : std::uint8_t { absent, ask_again, removed };
  Missed on_missed(const EnodeId& id, Protocol protocol, conn::TimePoint now);
  void on_find_answered(const EnodeId& id);
  // Removed only when it failed too often and its bucket is at least half full.
  enum class FindFailed : std::uint8_t { absent, stays, ping_first, removed };
  FindFailed on_find_failed(const EnodeId& id);
  void on_knows_us(const EnodeId& id, conn::TimePoint now);
  // A record that its owner has signed, from wherever it came: taken when its sequence is higher.
  // `moved`: its endpoint is another one, and not live.
  enum class Record : std::uint8_t { absent, older, conflicting, taken, moved };
  Record on_record(const EnrPtr& record);
  void set_disposable(const EnodeId& id);

  // True when it was there. A replacement drawn by lot takes an entry's place (take_promoted).
  bool remove(const EnodeId& id);
  // Everything of which `which` is true; the IDs.
  std::vector<EnodeId> remove_if(const std::function<bool(const TableNode&)>& which);
  // Disposable entries go.
  std::vector<EnodeId> prune();
  // Entries that were replacements until now, since the last call: to be pinged.
  std::vector<EnodeId> take_promoted();

  // --- what is asked of it ---

  // Entries alone; replacements are not found.
  const TableNode* find(const EnodeId& id) const;
  // An entry, or a replacement.
  const TableNode* find_any(const EnodeId& id) const;
  // The live ones closest to the target of which `which` is true, closest first.
  using Which = std::function<bool(const TableNode&)>;
  std::vector<const TableNode*> closest(const EnodeId& target, std::size_t most,
                                        const Which& which = {}) const;
  // The live ones at this log distance, in the order of the bucket.
  std::vector<const TableNode*> at_distance(unsigned log_distance) const;
  // Who is to be pinged next: one that never answered first, then the one whose proof is the oldest
  // and older than the protocol's age. Not one that was pinged less than `ping_retry` ago.
  const TableNode* next_to_revalidate(Protocol protocol, conn::TimePoint now) const;
  void for_each(const std::function<void(const TableNode&)>& with) const;  // entries

  struct Counts {
    std::size_t entries = 0, live = 0, replacements = 0, buckets_used = 0, inbound = 0;
  };
  Counts counts() const noexcept;

  // An IP that is not unspecified, with a port above 0; above 1024 unless the IP is private.
  static bool usable_endpoint(const conn::Endpoint& endpoint) noexcept;

 private:
  struct Bucket {
    std::vector<TableNode> entries;       // least recently live first
    std::vector<TableNode> replacements;  // newest first
  };
  Settings settings_;
  conn::RandomBelow random_;
  std::array<Bucket, 256> buckets_;
  bool inbound_open_ = false;
};

}  // namespace peerage::pex
