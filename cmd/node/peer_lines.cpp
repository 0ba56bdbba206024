#include "cmd/node/peer_lines.h"

#include <iterator>
#include <utility>

#include "conn/base/bytes.h"

namespace peerage::cmd {

using conn::LogField;

namespace {

constexpr std::size_t kMaxMoniker = 64;  // bytes
constexpr std::size_t kMaxWhy = 320;

}  // namespace

void PeerLines::on_event(const p2p::SwitchEvent& event, conn::TimePoint now) {
  if (const auto* connected = std::get_if<p2p::Connected>(&event)) {
    const p2p::Peer& peer = *connected->peer;
    write("peer connected", peer, {{"moniker", conn::printable(peer.info().moniker, kMaxMoniker)}},
          now);
  } else if (const auto* gone = std::get_if<p2p::Gone>(&event)) {
    write(
        "peer gone", *gone->peer,
        {{"lasted_ms", std::chrono::duration_cast<std::chrono::milliseconds>(gone->lasted).count()},
         {"reason", std::string(name(gone->why.reason))},
         {"why", conn::printable(gone->why.text(), kMaxWhy)}},
        now);
  }
}

void PeerLines::write(std::string_view message, const p2p::Peer& peer, std::vector<LogField> more,
                      conn::TimePoint now) {
  if (!log_.wants(conn::LogLevel::info)) return;
  if (!lines_.take(1, now)) {
    ++held_back_;
    return;
  }
  const bool inbound = peer.direction() == p2p::Direction::inbound;
  std::vector<LogField> fields = {{"peer", peer.id().to_string()},
                                  {"address", peer.socket().to_string()},
                                  {"direction", inbound ? "inbound" : "outbound"}};
  fields.insert(fields.end(), std::make_move_iterator(more.begin()),
                std::make_move_iterator(more.end()));
  if (held_back_ > 0) fields.push_back({"held_back", std::exchange(held_back_, 0)});
  log_.write(conn::LogLevel::info, message, fields);
}

}  // namespace peerage::cmd
