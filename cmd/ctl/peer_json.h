// Peers, failures and times as JSON, the same in every answer and event. What strangers said is
// printable in it.
//
// Threads: pure functions.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include <nlohmann/json_fwd.hpp>

#include "conn/base/failure.h"
#include "conn/base/time.h"
#include "p2p/peer/peer.h"

namespace peerage::cmd {

using Json = nlohmann::ordered_json;

// Who it is: id, address, direction, kind, network, moniker, version.
Json peer_json(const p2p::Peer& peer);
std::string_view direction_of(const p2p::Peer& peer) noexcept;
// "persistent", "unconditional", "private" or "ordinary"; the first that it is.
std::string_view kind_of(const p2p::Peer& peer) noexcept;
// stage, reason, text, detail, hint.
Json failure_json(const conn::Failure& failure);
// RFC 3339, in UTC.
std::string time_text(conn::WallTime time);
// Of the steady clock, as wall time; null: half a century away, which is for ever.
Json time_json(conn::TimePoint time, conn::TimePoint now, conn::WallTime wall);
// Whole and thousandths.
double seconds_of(conn::Duration span);
Json milliseconds_of(const std::optional<conn::Duration>& span);

}  // namespace peerage::cmd
