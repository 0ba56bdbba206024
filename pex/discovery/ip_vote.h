// What others say our own address is, counted so that few cannot outvote many.
//
// A network of voters (/24, /48) has one vote, the last that was given there, so a thousand IDs
// behind one network are one voter; private voters count each for themselves, by ID. A node has one
// vote, wherever it voted last. An address wins with `votes_needed` votes and half as many again as
// the next one has; a public one beats a private one, whose votes it need not exceed. Votes are
// counted once a round, then cleared; until we have been told an address at all, a round ends as
// soon as one wins. Each family is counted by itself.
//
// Not counted: loopback, link-local, unspecified, multicast, and whatever else may not be told by
// such a voter (relay_rule.h): nobody outside sees us at a private address. Nor addresses of a
// family that we have no socket for, or that the voter did not talk to us in.
// What displaces what: nothing. When kMostVoters have voted, further ones wait for the next round.
// Threads: none of its own.
#pragma once

#include <array>
#include <compare>
#include <map>
#include <optional>
#include <unordered_map>
#include <vector>

#include "conn/address/ip_address.h"
#include "pex/discovery/limits.h"
#include "pex/discovery/record/enode_id.h"

namespace peerage::pex {

class IpVote {
 public:
  static constexpr std::size_t kMostVoters = 256;  // of a family

  struct Settings {
    DiscoveryLimits limits;
    bool v4 = true, v6 = true;  // families of our socket
  };
  IpVote(const Settings& settings, conn::TimePoint now);

  struct Winner {
    conn::IpAddress ip;
    std::optional<std::uint16_t> port;  // that all of its votes name; none: they differ
  };
  // `voter` at `from` says that we are at `seen`. The winner, when this is the vote that ends a
  // first round.
  std::optional<Winner> vote(const EnodeId& voter, const conn::IpAddress& from,
                             const conn::Endpoint& seen, conn::TimePoint now);
  // Ends the rounds whose time is up: a winner for each family that has one.
  std::vector<Winner> count(conn::TimePoint now);
  conn::TimePoint next_deadline() const noexcept;
  std::size_t voters() const noexcept;

 private:
  // A public network, or the ID of a private node.
  struct Voter {
    conn::IpAddress network;
    EnodeId id;
    auto operator<=>(const Voter&) const = default;
  };
  struct Vote {
    EnodeId by;
    conn::Endpoint seen;
  };
  struct Ballot {
    std::map<Voter, Vote> votes;
    std::unordered_map<EnodeId, Voter> voted_as;  // of those whose vote counts
    bool was_won = false;
    conn::TimePoint ends;
  };
  static void withdraw(Ballot& ballot, const EnodeId& voter);
  bool counts(const conn::IpAddress& from, const conn::Endpoint& seen) const;
  std::optional<Winner> winner_of(const Ballot& ballot) const;
  // Clears it for the next round.
  void begin_round(Ballot& ballot, conn::TimePoint now) const;

  Settings settings_;
  std::array<Ballot, 2> ballots_;  // v4, v6
};

}  // namespace peerage::pex
