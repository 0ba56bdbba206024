// Our own addresses in our record: what others see us at, or what we were told.
//
// With ExternalIp::vote the winner of a vote is taken, with the port that its voters agree on; with
// `given` and `none` votes are not counted. What is known from the start stands until then, and is
// no change. Only what has changed is written, so that a record is not signed for nothing.
// Threads: none of its own.
#pragma once

#include <array>

#include "pex/discovery/ip_vote.h"
#include "pex/discovery/shared_state.h"

namespace peerage::pex {

class OwnAddress {
 public:
  OwnAddress(SharedState& shared, conn::TimePoint now);

  void on_seen_at(const EnodeId& voter, const conn::IpAddress& from, const conn::Endpoint& seen,
                  conn::TimePoint now);
  void count_votes(conn::TimePoint now);
  // None: nobody votes.
  std::optional<conn::TimePoint> next_deadline() const;

  // For ExternalIp::given; ignored otherwise.
  void set(const conn::IpAddress& ip, conn::TimePoint now);
  void remove(IpFamily family, conn::TimePoint now);

  std::optional<conn::Endpoint> of(IpFamily family) const { return known_[index_of(family)]; }

 private:
  static std::size_t index_of(IpFamily family) { return static_cast<std::size_t>(family); }
  // Into the record; false: it is there.
  bool write(const conn::Endpoint& at, conn::TimePoint now);
  void take(const conn::Endpoint& at, conn::TimePoint now);

  SharedState& shared_;
  IpVote vote_;
  std::array<std::optional<conn::Endpoint>, 2> known_;
};

}  // namespace peerage::pex
