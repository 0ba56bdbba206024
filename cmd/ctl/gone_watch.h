// Tells when connections that were ended are gone, for answers that say what is so afterwards.
//
// Threads: any.
#pragma once

#include <functional>
#include <memory>
#include <vector>

#include "conn/runtime/runtime.h"
#include "p2p/switch.h"

namespace peerage::cmd {

class GoneWatch : public std::enable_shared_from_this<GoneWatch> {
 public:
  static constexpr conn::Duration kPause = std::chrono::milliseconds(5);
  // Of a connection that does not go: it is answered then all the same.
  static constexpr conn::Duration kLongest = std::chrono::seconds(5);

  // Both outlive it.
  GoneWatch(p2p::Switch& node, conn::Shard& control) : switch_(node), control_(control) {}

  // `then` runs on the control shard, unless the watch has gone before.
  void when_gone(p2p::PeerPtr peer, std::function<void()> then);

 private:
  struct Leaving {
    p2p::PeerPtr peer;
    conn::TimePoint until;
    std::function<void()> then;
  };
  bool is_gone(const Leaving& leaving) const;
  void look();

  p2p::Switch& switch_;
  conn::Shard& control_;
  // On the control shard.
  std::vector<Leaving> leaving_;
  std::shared_ptr<conn::Timer> timer_;
};

}  // namespace peerage::cmd
