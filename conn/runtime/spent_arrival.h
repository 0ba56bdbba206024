// A connection that was over before it was looked at: what a listener hands over in its place, so
// that it is counted, and nothing is spent on it.
//
// Either the other side had ended or reset it already without a byte, as health checks do, which
// mostly connect and close at once (closed_before_key); or there was no descriptor to spare, and it
// was reset (out_of_descriptors). It cannot be claimed.
//
// Threads: as Arrival.
#pragma once

#include "conn/runtime/runtime.h"

namespace peerage::conn {

class SpentArrival final : public Arrival {
 public:
  SpentArrival(const Endpoint& remote, Reason why) : remote_(remote), why_(why) {}

  Endpoint remote_endpoint() const override { return remote_; }
  // Null.
  std::unique_ptr<Stream> claim(Shard&) override { return nullptr; }
  Reason why() const noexcept { return why_; }

  // Null when the arrival is not spent.
  static const SpentArrival* from(const Arrival& arrival) noexcept {
    return dynamic_cast<const SpentArrival*>(&arrival);
  }

 private:
  const Endpoint remote_;
  const Reason why_;
};

}  // namespace peerage::conn
