// The events of a switch, for code that keeps a book, a ban list on disk, or statistics.
//
// Every dial ends in exactly one DialFailed or one Connected. Handlers run on the control shard, in
// the order in which things happened; they must not block, and may call the switch.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "conn/address/net_address.h"
#include "conn/base/failure.h"
#include "conn/runtime/runtime.h"
#include "p2p/admission/ban_list.h"
#include "p2p/base/attempt_report.h"
#include "p2p/base/dial_purpose.h"
#include "p2p/peer/peer.h"

namespace peerage::p2p {

// A dial has begun.
struct Dialled {
  conn::HostAddress target;
  DialPurpose purpose = DialPurpose::requested;
  std::string network;
};

// A dial has failed, at a stage and for a reason; the report says what was learnt all the same: a
// node that proved its ID and named its network was there, even if it then had no room.
struct DialFailed {
  conn::HostAddress target;
  DialPurpose purpose = DialPurpose::requested;
  std::string network;  // as a node of which we dialled
  conn::Failure failure;
  AttemptReport report;
};

// A node that dialled us was not admitted.
struct Refused {
  conn::Endpoint remote;
  std::optional<conn::NodeId> id;  // if proved
  conn::Failure failure;
  AttemptReport report = {};
};

// A peer was admitted, and is shown to the reactors.
struct Connected {
  PeerPtr peer;
  DialPurpose purpose = DialPurpose::requested;  // for outbound ones
  AttemptReport report;
};

// A peer is gone.
struct Gone {
  PeerPtr peer;
  conn::Failure why;
  conn::Duration lasted{};
  conn::EndedBy ended_by = conn::EndedBy::others;
};

// A reactor has said that the peer is of use.
struct MarkedGood {
  PeerPtr peer;
};

struct Banned {
  Ban ban;
};
struct Unbanned {
  BanTarget target;
};
// Bans for misbehaviour that are not in force any more before their end: they have made room, or
// have become one of their neighbourhood, which a Banned reports.
struct BansDropped {
  std::vector<BanTarget> targets;
};

// The switch listens, and dials from now on.
struct Started {};
// The switch is about to stop: what goes from here on goes because of that.
struct Stopping {};

using SwitchEvent = std::variant<Dialled, DialFailed, Refused, Connected, Gone, MarkedGood, Banned,
                                 Unbanned, BansDropped, Started, Stopping>;
using OnSwitchEvent = std::function<void(const SwitchEvent&)>;

}  // namespace peerage::p2p
