// The configured seeds: which of them to ask next, when, and as a node of which network.
//
//  - One after another in an order drawn at random, none twice within its pause, which doubles with
//    each time that it was asked.
//  - A seed may be named at several addresses. When one fails the next is asked at once; when all
//    have, that is a failure of the seed. One that answered is asked there again.
//  - One that could not be reached, or had no slot for us, is tried again soon, at first; another
//    may be asked at once. Many nodes that start at the same moment are so served within seconds,
//    because the pauses are spread at random (conn/base/backoff.h).
//  - A seed that names another network than the one that we dialled it for, and one that we serve,
//    is asked for that one from then on: with several networks on one port, an operator gives one
//    list of seeds.
//
// The dialler resolves names at each use.
// Threads: none of its own (the control shard).
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "conn/address/net_address.h"
#include "conn/base/backoff.h"
#include "conn/base/random.h"
#include "pex/limits/limits.h"

namespace peerage::pex {

class SeedList {
 public:
  // A number below its argument, at random.
  SeedList(const SeedPauses& pauses, conn::RandomBelow random)
      : pauses_(pauses), random_(std::move(random)) {}

  // Replaces the list; the state of seeds that stay is kept, and an address that is new is asked at
  // once.
  void set(const std::vector<conn::HostAddress>& seeds);
  bool contains(const conn::NodeId& id) const { return find(id) != nullptr; }
  std::set<conn::NodeId> ids() const;
  std::size_t size() const noexcept { return seeds_.size(); }

  struct Target {
    conn::HostAddress address;
    std::string network;  // empty: of the first that we serve
  };
  // One that may be asked now; its pause begins. `unasked`: one that was never asked, without the
  // pause between two seeds.
  enum class Of : std::uint8_t { all, unasked };
  std::optional<Target> next(conn::TimePoint now, Of which = Of::all);
  // The dial that `next` asked for failed. Others that fail, as those of a persistent peer of the
  // same ID at an address of its own, are no concern of the list's.
  void failed(const conn::HostAddress& address, conn::TimePoint now);
  // It has said that it is of this network: asked again at once.
  void is_of(const conn::NodeId& id, const std::string& network);
  // It may be asked again at `when` at the latest, whichever others were asked.
  void again(const conn::NodeId& id, conn::TimePoint when);
  // Seeds are not needed now: the pauses begin small again.
  void rested();

 private:
  struct Seed {
    conn::NodeId id;
    std::vector<conn::HostAddress> addresses;  // at least one, none twice
    std::size_t turn = 0;                      // of the address that was or is to be asked
    std::size_t failed = 0;                    // addresses, in this round
    bool is_asked = false;                     // and has not failed since
    std::string network = {};
    conn::TimePoint next = {};
    std::uint32_t asked = 0;
    std::uint32_t failures = 0;
  };
  static void keep_state(Seed& fresh, const Seed& known);
  const Seed* find(const conn::NodeId& id) const;
  Seed* find(const conn::NodeId& id);
  conn::Duration pause(conn::Duration first, std::uint32_t times) const;

  SeedPauses pauses_;
  conn::RandomBelow random_;
  std::vector<Seed> seeds_;
  conn::TimePoint next_any_;
};

}  // namespace peerage::pex
