#include "p2p/switch_log.h"

#include "conn/base/bytes.h"
#include "conn/comet/foreign_protocol.h"
#include "p2p/base/peer_reason.h"

namespace peerage::p2p {

using conn::Failure;
using conn::LogLevel;
using conn::TimePoint;

// --- what the node and its operator do ---

void SwitchLog::listening(const conn::NetAddress& at, const std::string& network) const {
  own_.write(LogLevel::info, "listening",
             {{"address", at.to_string()}, {"network", conn::printable(network)}});
}
void SwitchLog::cannot_start(const Failure& why) const {
  own_.write(LogLevel::error, "the switch cannot start", {{"why", why.text()}});
}
void SwitchLog::stopped() const {
  own_.write(LogLevel::info, "stopped", {});
}
void SwitchLog::stop_failed(const Failure& why) const {
  own_.write(LogLevel::error, "the stop of a reactor failed", {{"why", why.text()}});
}
void SwitchLog::external_address_unresolved(const Failure& why) const {
  own_.write(LogLevel::warn, "external_address cannot be resolved", {{"why", why.text()}});
}
void SwitchLog::persistent_left_out(const Failure& why) const {
  own_.write(LogLevel::debug, "persistent peer left out", {{"why", why.text()}});
}
void SwitchLog::named_fails(const conn::HostAddress& address, const std::string& lists,
                            const Failure& why) const {
  own_.write(LogLevel::warn, "a named address does not answer",
             {{"address", address.to_string()},
              {"list", lists},
              {"reason", std::string(name(why.reason))},
              {"why", why.text()}});
}
void SwitchLog::named_answers(const conn::HostAddress& address, const std::string& lists) const {
  own_.write(LogLevel::info, "a named address answers again",
             {{"address", address.to_string()}, {"list", lists}});
}
void SwitchLog::banned_by_operator(const Ban& ban) const {
  own_.write(LogLevel::info, "banned by the operator",
             {{"target", to_string(ban.target)}, {"why", ban.reason}});
}
void SwitchLog::cannot_ban(const BanTarget& target, const Failure& why) const {
  own_.write(LogLevel::error, "cannot ban", {{"target", to_string(target)}, {"why", why.text()}});
}

// --- what others cause ---

void SwitchLog::dial_failed(const conn::HostAddress& target, const Failure& why,
                            TimePoint now) const {
  if (!peers_.wants(LogLevel::debug)) return;
  peers_.write(target.id, now, LogLevel::debug, "dial failed",
               {{"address", target.to_string()}, {"why", why.text()}});
}

// The quoted beginning of another protocol is left out: what it is, the reason says.
template <typename Subject>
void SwitchLog::write_attempt(const Subject& subject, conn::PeerEvent event,
                              const conn::Endpoint& remote, const Failure& why,
                              TimePoint now) const {
  Failure shown = why;
  if (conn::is_foreign_protocol(why.reason)) shown.detail.clear();
  std::string text = shown.text();
  if (const std::string_view what_to_do = hint(why.reason); !what_to_do.empty()) {
    text += "; " + std::string(what_to_do);
  }
  peers_.write(subject, now, LogLevel::debug, event,
               {{"socket", remote.to_string()},
                {"stage", std::string(name(why.stage))},
                {"reason", std::string(name(why.reason))},
                {"why", text}});
}

void SwitchLog::refused(const Refused& event, TimePoint now) const {
  if (!peers_.wants(LogLevel::debug)) return;
  if (event.id) {
    write_attempt(*event.id, "refused", event.remote, event.failure, now);
  } else {
    write_attempt(event.remote.ip, "refused", event.remote, event.failure, now);
  }
}

void SwitchLog::refused_on_arrival(const conn::Endpoint& remote, const Failure& why,
                                   TimePoint now) const {
  if (!peers_.wants(LogLevel::debug)) return;
  write_attempt(remote.ip, "refused on arrival", remote, why, now);
}

void SwitchLog::probed(const conn::Endpoint& remote, TimePoint now) const {
  if (!peers_.wants(LogLevel::debug)) return;
  const Failure why = {conn::Stage::key_exchange, PeerReason::closed_without_a_byte, {}};
  write_attempt(remote.ip, "closed without a byte", remote, why, now);
}

void SwitchLog::shared_address(const conn::IpAddress& ip, const conn::Cidr& network,
                               conn::Reason why, TimePoint now) const {
  peers_.write(ip, now, LogLevel::warn, "connections from one address are refused again and again",
               {{"reason", std::string(name(why))},
                {"hint",
                 "if many nodes share it (a load balancer, a NAT), put it into "
                 "exempt_networks"},
                {"setting", "exempt_networks = \"" + network.to_string() + "\""}});
}

void SwitchLog::connected(const Peer& peer, TimePoint now) const {
  if (!peers_.wants(LogLevel::debug)) return;
  peers_.write(peer.id(), now, LogLevel::debug, "peer connected",
               {{"direction", peer.direction() == Direction::inbound ? "inbound" : "outbound"},
                {"socket", peer.socket().to_string()},
                {"moniker", conn::printable(peer.info().moniker, 64)}});
}

void SwitchLog::gone(const Peer& peer, const Failure& why, Persistent persistent,
                     TimePoint now) const {
  if (why.reason == conn::Reason::packet_too_long) {
    // Of a network with larger packets no peer stays, and nothing else says why.
    peers_.write(peer.id(), now, LogLevel::warn, "packet too long",
                 {{"socket", peer.socket().to_string()},
                  {"setting", "max_packet_msg_payload_size"},
                  {"why", why.detail}});
  }
  if (persistent == Persistent::yes) {
    peers_.write(peer.id(), now, LogLevel::info, "persistent peer lost", {{"why", why.text()}});
  } else if (peers_.wants(LogLevel::debug)) {
    peers_.write(peer.id(), now, LogLevel::debug, "peer gone", {{"why", why.text()}});
  }
}

void SwitchLog::banned(const Ban& ban, const std::optional<conn::NodeId>& culprit,
                       TimePoint now) const {
  const auto write = [&](const auto& subject, conn::PeerEvent event) {
    peers_.write(subject, now, LogLevel::info, event,
                 {{"target", to_string(ban.target)}, {"why", ban.reason}});
  };
  const auto* network = std::get_if<conn::Cidr>(&ban.target);
  if (network != nullptr && *network == conn::neighbourhood_network(network->base())) {
    write(network->base(), "neighbourhood banned");
  } else if (culprit) {
    write(*culprit, "banned");
  } else if (network != nullptr) {
    write(network->base(), "banned");
  } else {
    write(std::get<conn::NodeId>(ban.target), "banned");
  }
}

}  // namespace peerage::p2p
