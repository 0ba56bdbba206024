// What a handshake is asked for, whatever wire it speaks: what we say of ourselves, whom we expect,
// and by when it must be over.
//
// Threads: plain values; `Respond` is called on the shard of the stream.
#pragma once

#include <functional>
#include <optional>
#include <variant>

#include "conn/address/node_id.h"
#include "conn/base/failure.h"
#include "conn/base/time.h"
#include "p2p/base/node_info.h"

namespace peerage::p2p {

// Our NodeInfo in answer to theirs, or the reason why there is none. Theirs is valid by itself.
using Respond = std::function<conn::Result<NodeInfo>(const NodeInfo& theirs)>;

struct HandshakePlan {
  std::variant<NodeInfo, Respond> ours;
  std::optional<conn::NodeId> expected;  // the ID that was dialled; nullopt when accepting
  conn::TimePoint deadline;              // for everything
  // With Respond: until when the remote must have named its network; the deadline if not set.
  std::optional<conn::TimePoint> patience;
};

}  // namespace peerage::p2p
