// What others say our own address is, counted so that few cannot outvote many.
//
// A node has one vote, the last that it gave; a network of voters (/24, /48) has one, too, so a
// thousand IDs behind one network are one voter. Private voters count each for themselves. An
// address wins with `votes_needed` votes and half as many again as the next one has; a public one
// beats a private one. The first round ends when that many have voted, later ones by time; then
// all votes are cleared.
//
// Not counted: loopback, link-local, unspecified, multicast, and addresses of a family that we have
// no socket for. Threads: none of its own.
#pragma once

#include <array>
#include <map>
#include <optional>

#include "conn/address/ip_address.h"
#include "pex/discovery/limits.h"
#include "pex/discovery/record/enode_id.h"

namespace peerage::pex {

class IpVote {
 public:
  struct Settings {
    DiscoveryLimits limits;
    bool v4 = true, v6 = true;  // families of our socket
  };
  IpVote(Settings settings, conn::TimePoint now);

  struct Winner {
    conn::IpAddress ip;
    std::optional<std::uint16_t> port;  // that all of its votes name; none: they differ
  };
  // `voter` at `from` says that we are at `seen`. The winner, when the vote ends the first round.
  std::optional<Winner> vote(const EnodeId& voter, const conn::IpAddress& from,
                             const conn::Endpoint& seen, conn::TimePoint now);
  // Ends a round whose time is up. Each family is counted by itself.
  std::vector<Winner> count(conn::TimePoint now);
  conn::TimePoint next_deadline() const noexcept { return round_ends_; }

 private:
  struct Vote {
    conn::IpAddress from;
    conn::Endpoint seen;
  };
  Settings settings_;
  std::map<EnodeId, Vote> votes_;  // at most kMostVotes
  bool first_round_ = true;
  conn::TimePoint round_ends_;
};

}  // namespace peerage::pex
