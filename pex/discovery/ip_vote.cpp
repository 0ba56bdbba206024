#include "pex/discovery/ip_vote.h"

#include <algorithm>

#include "conn/address/cidr.h"
#include "pex/discovery/relay_rule.h"

namespace peerage::pex {

using conn::Endpoint;
using conn::IpAddress;
using conn::TimePoint;

namespace {

struct Tally {
  std::size_t votes = 0;
  std::optional<std::uint16_t> port;
};
using Tallies = std::map<IpAddress, Tally>;

// The one with most votes of those of which `which` is true, if it wins against the others of them.
template <typename Which>
const Tallies::value_type* winner_among(const Tallies& tallies, std::size_t needed, Which which) {
  const Tallies::value_type* first = nullptr;
  std::size_t next = 0;
  for (const auto& each : tallies) {
    if (!which(each.first)) continue;
    if (first == nullptr || each.second.votes > first->second.votes) {
      next = first == nullptr ? 0 : first->second.votes;
      first = &each;
    } else {
      next = std::max(next, each.second.votes);
    }
  }
  const bool wins =
      first != nullptr && first->second.votes >= needed && 2 * first->second.votes >= 3 * next;
  return wins ? first : nullptr;
}

}  // namespace

IpVote::IpVote(const Settings& settings, TimePoint now) : settings_(settings) {
  for (Ballot& ballot : ballots_) begin_round(ballot, now);
}

std::optional<IpVote::Winner> IpVote::vote(const EnodeId& voter, const IpAddress& from,
                                           const Endpoint& seen, TimePoint now) {
  if (!counts(from, seen)) return std::nullopt;
  Ballot& ballot = ballots_[seen.ip.is_v4() ? 0 : 1];
  withdraw(ballot, voter);
  const Voter counted_as =
      is_private(from) ? Voter{{}, voter} : Voter{conn::neighbourhood_of(from), {}};
  const auto before = ballot.votes.find(counted_as);
  if (before != ballot.votes.end()) {
    withdraw(ballot, EnodeId(before->second.by));
  } else if (ballot.votes.size() >= kMostVoters) {
    return std::nullopt;
  }
  ballot.votes.emplace(counted_as, Vote{voter, seen});
  ballot.voted_as.emplace(voter, counted_as);
  if (ballot.was_won) return std::nullopt;
  const auto winner = winner_of(ballot);
  if (winner) {
    ballot.was_won = true;
    begin_round(ballot, now);
  }
  return winner;
}

std::vector<IpVote::Winner> IpVote::count(TimePoint now) {
  std::vector<Winner> winners;
  for (Ballot& ballot : ballots_) {
    if (now < ballot.ends) continue;
    if (const auto winner = winner_of(ballot)) {
      winners.push_back(*winner);
      ballot.was_won = true;
    }
    begin_round(ballot, now);
  }
  return winners;
}

TimePoint IpVote::next_deadline() const noexcept {
  return std::min(ballots_[0].ends, ballots_[1].ends);
}

std::size_t IpVote::voters() const noexcept {
  return ballots_[0].votes.size() + ballots_[1].votes.size();
}

void IpVote::withdraw(Ballot& ballot, const EnodeId& voter) {
  const auto found = ballot.voted_as.find(voter);
  if (found == ballot.voted_as.end()) return;
  ballot.votes.erase(found->second);
  ballot.voted_as.erase(found);
}

bool IpVote::counts(const IpAddress& from, const Endpoint& seen) const {
  const IpAddress& ip = seen.ip;
  if (from.is_v4() != ip.is_v4() || !(ip.is_v4() ? settings_.v4 : settings_.v6)) return false;
  const bool link_local = ip.rfc3927() || ip.rfc4862();
  return !ip.loopback() && !link_local && seen.port != 0 && judge_relay(from, ip) == Relay::fine;
}

std::optional<IpVote::Winner> IpVote::winner_of(const Ballot& ballot) const {
  Tallies tallies;
  for (const auto& [voter, vote] : ballot.votes) {
    auto& [votes, port] = tallies[vote.seen.ip];
    if (votes++ == 0) port = vote.seen.port;
    if (port != vote.seen.port) port.reset();
  }
  const std::size_t needed = settings_.limits.votes_needed;
  const Tallies::value_type* winner =
      winner_among(tallies, needed, [](const IpAddress& ip) { return !is_private(ip); });
  if (winner == nullptr)
    winner = winner_among(tallies, needed, [](const IpAddress&) { return true; });
  if (winner == nullptr) return std::nullopt;
  return Winner{winner->first, winner->second.port};
}

void IpVote::begin_round(Ballot& ballot, TimePoint now) const {
  ballot.votes.clear();
  ballot.voted_as.clear();
  ballot.ends = now + settings_.limits.vote_round;
}

}  // namespace peerage::pex
