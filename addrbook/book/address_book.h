// The address book of one network: the addresses we know, which to dial, which to give out.
//
// An adversary writes most of what is in here, so the rules limit what that gains:
//
//  - The group of an address and the group of the *socket* that it came from decide where it goes,
//    under a secret key (addrbook/book/placement.h): what an attacker can fill depends on the
//    networks that it has.
//  - No good address is overwritten. A new one takes a place that is free or that a bad one holds;
//    a tried one is displaced only when a test dial of it has failed (`to_test`).
//  - Tried are those that we dialled ourselves, that proved their ID and their network, and that
//    stayed of use. Hearsay makes no address tried.
//  - What is first-hand (a node that proved its ID names the very IP that it connects from, or it
//    answered our dial there) and hearsay are two kinds, with caps of their own for a host, its
//    neighbourhood and an ID; the exceptions are in BookConfig. First-hand displaces hearsay, and
//    its like only of the same host, neighbourhood, group or ID, the one that showed itself longest
//    ago; a tried address never. So no hearsay keeps out what a node says of itself.
//  - An ID may have several addresses from hearsay until one answers; then hearsay about that ID is
//    ignored. An address that proves another ID is erased after two such dials, and the group that
//    it was learnt from is trusted less.
//  - Of several first-hand addresses of an ID the one where it showed itself last counts. The
//    others stand by: they are neither dialled nor given out while that one has not failed since.
//
// Here is when an address enters, leaves, rests and becomes tried. AddressTable keeps the entries
// and their invariants, Displacement says what gives way to what, Picker draws, and ChangeLog says
// what the file has to write.
//
// Invariants: never in here are our own addresses, those of private IDs, and what no peer could
// have. Every change is in the table and in the log. Every call ends in bounded time, whatever is
// inside. The book does no I/O, reads no clock and takes its randomness from its seed alone.
//
// Threads: none of its own (the control shard).
// Source: Bitcoin Core src/addrman.h for the design, comet p2p/pex/addrbook.go for the sizes;
// each difference with its reason in spec/addressbook.md.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "addrbook/book/added.h"
#include "addrbook/book/address_table.h"
#include "addrbook/book/change_log.h"
#include "addrbook/book/contests.h"
#include "addrbook/book/displacement.h"
#include "addrbook/book/limits.h"
#include "addrbook/book/moves.h"
#include "addrbook/book/picker.h"
#include "addrbook/book/told_rate.h"
#include "addrbook/record/known_address.h"
#include "conn/base/random.h"

namespace peerage::addrbook {

class AddressBook {
 public:
  AddressBook(std::string network, const conn::NodeId& own_id, const BookKey& key,
              const conn::Random::Seed& seed, BookConfig config = {});
  AddressBook(const AddressBook&) = delete;
  AddressBook& operator=(const AddressBook&) = delete;

  const std::string& network() const noexcept { return network_; }
  const BookConfig& config() const noexcept { return config_; }

  // --- what never enters; what is inside already is erased ---

  // Where we can be reached; the first kMaxOwnAddresses count.
  void add_own(const conn::Endpoint& endpoint);
  void set_private_ids(std::set<conn::NodeId> ids);

  // --- hearing of addresses ---

  Added add(const conn::NetAddress& address, const Source& source, Time now);
  // Something came over a connection of ours, whichever: our own network works. It is what makes a
  // failed dial count, besides that another node answered since the last one.
  void note_heard(Time now) { last_heard_ = std::max(last_heard_, now); }
  // We have asked this source for addresses: its answer may be long.
  void expect_answer(const conn::IpAddress& source, Time now);

  // --- what came of dialling; each is false when the address is not in the book ---

  // A dial begins.
  bool mark_attempt(const conn::NetAddress& address, Time now);
  // It failed, or the visit ended badly. Only what shows that the node cannot be reached or is not
  // the one dialled counts against it. `why.reason` wrong_id blames the group it was learnt from;
  // wrong_network lets it rest for kOtherNetworkRest; after either it is no longer verified.
  bool mark_failed(const conn::NetAddress& address, const conn::Failure& why, Time now);
  // It proved its ID there: what we have of the ID from hearsay is erased.
  bool mark_connected(const conn::NetAddress& address, std::chrono::microseconds round_trip,
                      Time now);
  // And its NodeInfo named our network.
  bool mark_verified(const conn::NetAddress& address, NodeFacts facts, Time now);
  // It became, and ceased to be, an outbound peer of ours.
  bool mark_joined(const conn::NetAddress& address, Time now);
  bool mark_left(const conn::NetAddress& address, Time now);

  enum class Brought : std::uint8_t { nothing, messages };
  // How a session with it stands or ended: tried after kTriedSession with messages.
  bool mark_session(const conn::NetAddress& address, Seconds lasted, Brought brought, Time now);
  // A reactor says that it is of use: tried, if we have verified it.
  bool mark_useful(const conn::NetAddress& address, Time now);

  // It rests: neither dialled nor given out until then (at most kMaxRest), and any other address
  // may take its place.
  bool mark_bad(const conn::NetAddress& address, conn::Reason why, Time until, Time now);
  std::size_t mark_bad(const conn::NodeId& id, conn::Reason why, Time until, Time now);
  bool reinstate(const conn::NetAddress& address, Time now);
  bool forget(const conn::NetAddress& address);
  std::size_t forget(const conn::NodeId& id);

  // --- which address to dial ---

  // Null: anything. Called for some or all addresses; must not call the book.
  using Acceptable = Picker::Acceptable;
  // Every address of the kind is equally likely, but for those learnt from blamed sources; the kind
  // by `bias` and by the square roots of the sizes, as in the Go node. When the kind has none that
  // is acceptable, the other kind is tried.
  std::optional<conn::NetAddress> pick(Bias bias, Time now, const Acceptable& acceptable = nullptr);
  // One address each of up to `count` groups, in random order: every group with an acceptable
  // address is equally likely, and then every such address of it that is first-hand, or else every
  // one. Addresses are cheap, groups are not.
  std::vector<conn::NetAddress> pick_by_group(std::size_t count, Time now,
                                              const Acceptable& acceptable = nullptr);
  // One of this group (see `group`), in the same way.
  std::optional<conn::NetAddress> pick_of_group(std::uint64_t group, Time now,
                                                const Acceptable& acceptable = nullptr);
  // When the first of the tried ones was verified that nothing has contradicted since.
  std::optional<Time> first_verified() const { return picker_.first_verified(); }
  // The acceptable tried one that was verified first and not contradicted since: how long we have
  // known a node cannot be forged. See ranks_from for `settled`.
  std::optional<conn::NetAddress> longest_known(Time now, const Acceptable& acceptable = nullptr,
                                                Time settled = kNever);
  // Tried addresses with a place that another claims: to be dialled, and then disconnected.
  std::vector<conn::NetAddress> to_test(Time now);
  // Of nodes that say themselves that they are elsewhere than we know: the addresses that have not
  // been dialled since, the new one first. To be dialled soon.
  std::vector<conn::NetAddress> to_visit(Time now);
  // Those that had been connected longest when the last run ended, to be redialled first: at most
  // kMaxAnchors, of those that were kept and do not rest.
  const std::vector<conn::NetAddress>& anchors() const noexcept { return anchors_; }
  bool need_more() const noexcept { return size() < kEnoughAddresses; }

  // --- what to give to others: at most kMaxSelection, none that rest ---

  std::vector<conn::NetAddress> selection(Time now);
  std::vector<conn::NetAddress> selection_with_bias(Bias bias, Time now);
  // For seeds: verified within kVerifiedLimit, at most kServedPerNeighbourhood of one, better
  // records more often.
  std::vector<conn::NetAddress> verified_selection(Time now);

  // --- looking ---

  // Null when it is not in here. Valid until the book changes.
  const KnownAddress* find(const conn::NetAddress& address) const;
  std::vector<const KnownAddress*> find(const conn::NodeId& id) const;
  void for_each(const std::function<void(const KnownAddress&)>& visit) const;
  // Whether it stands by for another address of its ID.
  bool stands_by(const conn::NetAddress& address) const;
  // Those that may be drawn, and those that rest.
  std::size_t size() const noexcept { return size_of(Kind::new_) + size_of(Kind::tried); }
  std::size_t size_of(Kind kind) const noexcept { return table_.drawn(kind).size(); }
  std::size_t resting() const noexcept { return table_.resting(); }
  // Those that a seed may serve, and some that were verified too long ago by now.
  std::size_t verified() const noexcept { return table_.verified().size(); }
  std::size_t contests() const noexcept { return contests_.size(); }
  // How many of the buckets hold something.
  std::size_t buckets_used(Kind kind) const { return table_.buckets_used(kind); }
  // How often `add` had this outcome.
  std::uint64_t count(Added outcome) const { return added_.at(static_cast<std::size_t>(outcome)); }
  // How often this became of an address: those inside are those added, and those of the file that
  // were kept, less the expired and the forgotten.
  std::uint64_t count(Transition transition) const {
    return transitions_.at(static_cast<std::size_t>(transition));
  }
  // Addresses of one group count as of one operator (addrbook/book/placement.h).
  std::uint64_t group(const conn::IpAddress& ip) const { return table_.group(ip); }
  // Free of the caps: in an exempt network, or private in a book that is not strict.
  bool exempt(const conn::IpAddress& ip) const { return config_.exempts(ip); }
  // What is wrong with its tables, or nothing. Walks everything: for tests.
  std::optional<std::string> broken_invariant() const { return table_.broken_invariant(); }

  // --- the file ---

  struct Loaded {
    std::size_t kept = 0;
    std::size_t dropped = 0;  // against a rule, or out of place
  };
  // Takes in a file's rows under the file's key. What the book has learnt by dialling wins over a
  // row of the same rank; a row wins over mere hearsay. Dropped rows are erased from the file with
  // the next changes.
  Loaded load(const BookKey& key, std::vector<KnownAddress> rows, Time now);
  // What changed since the last call, at most `limit` rows. Empty: nothing.
  Changes take_changes(std::size_t limit) { return changes_.take(limit); }
  bool has_changes() const noexcept { return !changes_.empty(); }
  // Rows that `take_changes` would give, but for a rewrite.
  std::size_t changes_waiting() const noexcept { return changes_.size(); }
  // They could not be written: they count as not taken.
  void put_back(const Changes& changes) { changes_.put_back(changes); }
  // The file was lost: everything is to be taken again.
  void everything_changed() { changes_.note_everything(); }

 private:
  using Index = AddressTable::Index;
  AddressBook(std::string network, const conn::NodeId& own_id, const BookKey& key,
              conn::Random random, BookConfig config);

  // The rules of `add`, one after another.
  std::optional<Added> never_enters(const conn::NetAddress& address) const;
  Added decide(const conn::NetAddress& address, const Source& source, Time now);
  void heard_again(Index index, const Source& source, Time now);
  std::optional<Added> take_in(KnownAddress known, Time now);
  void note_move(const conn::NetAddress& address, Time now);

  // An entry changes only by these, so that the log and the contests follow the table.
  Index insert(KnownAddress known, Place place);
  void erase(Index index);
  // The same, and counts it.
  void drop(Index index, Transition why);
  void note(Transition transition) { ++transitions_[static_cast<std::size_t>(transition)]; }
  // Its record has changed: it is to be written, and another address of its ID may stand by now.
  void touch(Index index);
  void rest(Index index, Time until);
  // Those whose rest is over.
  void wake(Time now);

  void make_tried(Index index, Time now);
  void promote(Index index, Place place);
  void displace(Index holder, Index challenger, Time now);

  // The parts of `load`.
  void clear(const BookKey& key);
  std::optional<Index> restore(KnownAddress row, Time now);
  void choose_anchors(std::vector<std::pair<Time, conn::NetAddress>> joined);

  std::string network_;
  conn::NodeId own_id_;
  BookConfig config_;
  AddressTable table_;
  ChangeLog changes_;
  Displacement displacement_;
  Picker picker_;
  ToldRate told_;
  Contests contests_;
  Moves moves_;
  std::set<conn::Endpoint> own_;
  std::vector<conn::NetAddress> anchors_;
  Time last_met_ = kNever + Seconds(1);  // any node proved its ID
  Time last_heard_ = kNever;             // something came over a connection
  std::array<std::uint64_t, kAddedCount> added_{};
  std::array<std::uint64_t, kTransitionCount> transitions_{};
};

}  // namespace peerage::addrbook
