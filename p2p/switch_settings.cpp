#include "p2p/switch_settings.h"

#include <algorithm>
#include <stdexcept>
#include <string>
#include <utility>

#include "conn/address/own_address.h"
#include "p2p/base/listen_address.h"
#include "p2p/connect/local_node_info.h"

namespace peerage::p2p {

SwitchConfig checked(SwitchConfig config) {
  const auto refuse = [](const std::string& what) { throw std::invalid_argument(what); };
  if (config.networks.empty()) refuse("a switch needs a network");
  const std::string& external = config.p2p.external_address;
  if (const auto parts = conn::parse_own_address(external); !external.empty() && !parts) {
    refuse("external_address: " + parts.error().detail);
  }
  if (const auto listens = listen_address(config.p2p.laddr); !listens) {
    refuse("laddr: " + listens.error().detail);
  }
  NodeInfo info = own_node_info(config, conn::NodeId(), {});
  if (const auto valid = validate(info); !valid) refuse(valid.error().detail);
  for (const std::string& network : config.networks) {
    info.network = network;
    if (encode(info).size() > kMaxNodeInfo) {
      refuse("moniker, network and version are together longer than a peer takes");
    }
  }
  if (config.half_open.total == 0) refuse("half_open.total must be at least 1");
  if (config.named_nodes.size() > kMaxNamedNodes) refuse(too_many_named());
  if (config.liveness.pong_timeout >= config.liveness.ping_interval) {
    refuse("liveness.pong_timeout must be less than ping_interval");
  }
  if (const auto payload = config.p2p.max_packet_msg_payload_size;
      payload && (*payload < conn::kMinPacketSetting || *payload > conn::kMaxPacketSetting)) {
    refuse("max_packet_msg_payload_size must be from " + std::to_string(conn::kMinPacketSetting) +
           " to " + std::to_string(conn::kMaxPacketSetting));
  }
  return config;
}

std::string too_many_named() {
  return "at most " + std::to_string(kMaxNamedNodes) + " nodes can be named";
}

AdmissionConfig admission_config(const SwitchConfig& config) {
  AdmissionConfig admission;
  admission.max_inbound = config.p2p.max_num_inbound_peers;
  admission.full_inbound = config.full_inbound;
  admission.max_per_ip = config.max_peers_per_ip.value_or(config.p2p.allow_duplicate_ip ? 0 : 1);
  admission.per_ip_limit = config.per_ip_limit;
  admission.exempt = config.exempt_networks;
  if (config.p2p.allow_duplicate_ip) {
    admission.exempt.insert(admission.exempt.end(), conn::private_networks().begin(),
                            conn::private_networks().end());
  }
  admission.half_open = config.half_open;
  admission.rate = config.connection_rate;
  admission.exempt_rate = config.exempt_connection_rate;
  admission.handshake_rate = config.handshake_rate;
  return admission;
}

DialerConfig dialer_config(const SwitchConfig& config) {
  const P2pConfig& p2p = config.p2p;
  DialerConfig dialer;
  dialer.requested_max_pause = config.failed_address_max_pause;
  dialer.sticky_redial = config.sticky_redial;
  dialer.max_outbound = p2p.max_num_outbound_peers;
  if (p2p.persistent_peers_max_dial_period > conn::Duration(0)) {
    dialer.persistent_max_pause = p2p.persistent_peers_max_dial_period;
  }
  return dialer;
}

Transport::Timeouts transport_timeouts(const P2pConfig& p2p) {
  Transport::Timeouts limits;
  limits.dial = p2p.dial_timeout;
  limits.handshake = handshake_deadline(p2p);
  return limits;
}

conn::ConnectionConfig connection_config(const SwitchConfig& config,
                                         std::shared_ptr<conn::Histogram> round_trips) {
  conn::PacketConfig packets;
  if (const auto payload = config.p2p.max_packet_msg_payload_size) {
    packets = {.max_sent = *payload, .max_received = *payload};
  }
  return {config.liveness,
          config.reassembly,
          config.send_queue,
          config.p2p.send_rate,
          config.p2p.recv_rate,
          std::move(round_trips),
          packets};
}

}  // namespace peerage::p2p
