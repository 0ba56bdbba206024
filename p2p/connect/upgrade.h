// The comet wire's upgrade: runs a Handshake over a Stream on its shard.
//
// The shell reads exactly what the handshake wants next, so that no byte of what follows is taken
// from the socket, and writes what it gives; it holds at most one frame. Destroying the Upgrade
// cancels it and closes the stream; the callback does not run then.
//
// Threads: the stream's shard.
#pragma once

#include <memory>

#include "conn/address/node_key.h"
#include "conn/runtime/runtime.h"
#include "p2p/connect/handshake.h"
#include "p2p/connect/upgrader.h"

namespace peerage::p2p {

class Upgrade {
 public:
  using Done = UpgradeDone;
  using Progress = UpgradeProgress;

  // Starts at once; `done` runs later, on the shard, exactly once.
  static std::unique_ptr<conn::Pending> start(conn::Shard& shard,
                                              std::unique_ptr<conn::Stream> stream,
                                              Handshake handshake, Done done,
                                              Progress progress = {});
};

// Upgrades every stream to the comet wire, with our key and fresh randomness for each.
class CometUpgrader final : public Upgrader {
 public:
  // The runtime must outlive it.
  CometUpgrader(conn::Runtime& runtime, std::shared_ptr<const conn::NodeKey> key);
  // For a key that outlives it.
  CometUpgrader(conn::Runtime& runtime, const conn::NodeKey& key);
  CometUpgrader(conn::Runtime& runtime, conn::NodeKey&& key) = delete;

  std::unique_ptr<conn::Pending> start(conn::Shard& shard, std::unique_ptr<conn::Stream> stream,
                                       HandshakePlan plan, UpgradeDone done,
                                       UpgradeProgress progress) override;

 private:
  conn::Runtime& runtime_;
  const std::shared_ptr<const conn::NodeKey> key_;
};

}  // namespace peerage::p2p
