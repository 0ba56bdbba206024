#include "cmd/ctl/peer_json.h"

#include <cmath>

#include <nlohmann/json.hpp>

#include "conn/base/bytes.h"
#include "conn/base/rfc3339.h"

namespace peerage::cmd {

using conn::printable;
using namespace std::chrono_literals;

Json peer_json(const p2p::Peer& peer) {
  return {{"id", peer.id().to_string()},
          {"address", peer.socket().to_string()},
          {"direction", direction_of(peer)},
          {"kind", kind_of(peer)},
          {"network", printable(peer.network())},
          {"moniker", printable(peer.info().moniker)},
          {"version", printable(peer.info().version)}};
}

std::string_view direction_of(const p2p::Peer& peer) noexcept {
  return peer.direction() == p2p::Direction::inbound ? "inbound" : "outbound";
}

std::string_view kind_of(const p2p::Peer& peer) noexcept {
  if (peer.persistent()) return "persistent";
  if (peer.unconditional()) return "unconditional";
  return peer.is_private() ? "private" : "ordinary";
}

Json failure_json(const conn::Failure& failure) {
  return {{"stage", name(failure.stage)},
          {"reason", name(failure.reason)},
          {"text", explain(failure.reason)},
          {"detail", printable(failure.detail)},
          {"hint", hint(failure.reason)}};
}

std::string time_text(conn::WallTime time) {
  return conn::rfc3339_text(time);
}

Json time_json(conn::TimePoint time, conn::TimePoint now, conn::WallTime wall) {
  static constexpr conn::Duration kAges = std::chrono::days(50 * 365);
  const auto away = time > now ? time - now : now - time;
  if (away > kAges) return nullptr;
  return time_text(wall + std::chrono::floor<std::chrono::milliseconds>(time - now));
}

double seconds_of(conn::Duration span) {
  return std::round(std::chrono::duration<double, std::milli>(span).count()) / 1000;
}

Json milliseconds_of(const std::optional<conn::Duration>& span) {
  if (!span) return nullptr;
  return std::round(std::chrono::duration<double, std::micro>(*span).count()) / 1000;
}

}  // namespace peerage::cmd
