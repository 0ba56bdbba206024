// From a connected byte stream to a proven peer: runs a Handshake over a Stream on its shard.
//
// The shell reads exactly what the handshake wants next, so that no byte of what follows is taken
// from the socket, and writes what it gives; it holds at most one frame. Destroying the Upgrade
// cancels it and closes the stream; the callback does not run then.
//
// Threads: the stream's shard.
#pragma once

#include <functional>
#include <memory>

#include "conn/runtime/runtime.h"
#include "p2p/base/attempt_report.h"
#include "p2p/connect/handshake.h"

namespace peerage::p2p {

// A proven, compatible peer, ready for conn::Connection.
struct Upgraded {
  std::unique_ptr<conn::Stream> stream;
  conn::SecretSession session;
  NodeInfo ours;
  NodeInfo theirs;
};

class Upgrade {
 public:
  using Done = std::function<void(conn::Result<Upgraded>, const UpgradeReport&)>;
  // A later stage has been reached.
  using Progress = std::function<void(conn::Stage)>;

  // Starts at once; `done` runs later, on the shard, exactly once.
  static std::unique_ptr<conn::Pending> start(conn::Shard& shard,
                                              std::unique_ptr<conn::Stream> stream,
                                              Handshake handshake, Done done,
                                              Progress progress = {});
};

}  // namespace peerage::p2p
