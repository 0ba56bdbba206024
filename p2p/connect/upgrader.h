// The seam between wires and peers: how a connected byte stream becomes a proven, compatible node.
//
// Transport brings streams, of our dials and of strangers, and an Upgrader makes of each what
// admission, slots, bans and reactors then deal with; none of these knows which wire it was. The
// comet wire's is p2p/connect/upgrade.h. Another wire is another Upgrader, and one that looks at
// the first bytes may hand a stream to either.
//
// What an Upgrader promises: the remote has proved its key, which is the one expected where one
// was; both NodeInfos are valid and compatible (p2p/base/node_info.h); the plan's deadlines were
// kept; and no more is held for the remote meanwhile than a handshake needs.
//
// Threads: `start` on the stream's shard, any shard; so are the calls back.
#pragma once

#include <functional>
#include <memory>

#include "conn/peer_connection.h"
#include "conn/runtime/runtime.h"
#include "p2p/base/attempt_report.h"
#include "p2p/connect/handshake_plan.h"

namespace peerage::p2p {

// A proven, compatible node: all but its connection.
struct Upgraded {
  std::unique_ptr<conn::ProvenStream> stream;
  NodeInfo ours;
  NodeInfo theirs;
};

using UpgradeDone = std::function<void(conn::Result<Upgraded>, const UpgradeReport&)>;
// A later stage has been reached.
using UpgradeProgress = std::function<void(conn::Stage)>;

class Upgrader {
 public:
  virtual ~Upgrader() = default;

  // Begins at once; `done` runs later, on the shard, exactly once. Destroying what it returns
  // cancels the upgrade and closes the stream; `done` does not run then.
  virtual std::unique_ptr<conn::Pending> start(conn::Shard& shard,
                                               std::unique_ptr<conn::Stream> stream,
                                               HandshakePlan plan, UpgradeDone done,
                                               UpgradeProgress progress) = 0;
};

}  // namespace peerage::p2p
