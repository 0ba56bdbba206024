#include "p2p/connect/local_node_info.h"

#include <utility>

#include "conn/address/own_address.h"

namespace peerage::p2p {

NodeInfo own_node_info(const SwitchConfig& config, const conn::NodeId& own,
                       std::vector<conn::ChannelId> channels) {
  NodeInfo info;
  info.node_id = own.to_string();
  info.listen_addr = config.p2p.laddr;
  info.network = config.networks.front();
  info.version = config.version;
  info.app_version = config.app_version;
  info.channels = std::move(channels);
  info.moniker = config.moniker;
  info.tx_index = config.tx_index;
  info.rpc_address = config.rpc_address;
  return info;
}

LocalNodeInfo::LocalNodeInfo(conn::Runtime& runtime, const conn::NodeId& own,
                             const SwitchConfig& config, std::vector<conn::ChannelId> channels,
                             OnFailure lookup_failed)
    : runtime_(runtime), control_(runtime.shard(0)), lookup_failed_(std::move(lookup_failed)) {
  auto introduction = std::make_shared<Introduction>();
  introduction->networks = config.networks;
  introduction->info = own_node_info(config, own, std::move(channels));
  current_ = std::move(introduction);
  // It fails when there is none: the switch has refused what is no host and port.
  if (auto parts = conn::parse_own_address(config.p2p.external_address)) {
    external_ = std::move(*parts);
  }
}

void LocalNodeInfo::start(const conn::Endpoint& listening) {
  listening_ = listening;
  if (!external_) {
    advertise("tcp://" + listening.to_string());
    return;
  }
  if (const auto literal = conn::IpAddress::parse(external_->host)) {
    advertise_external(*literal);  // before the first dial
    return;
  }
  timer_ = control_.make_timer([this] { look_up(); });
  look_up();
}

void LocalNodeInfo::close() {
  lookup_.reset();
  timer_.reset();
}

bool LocalNodeInfo::is_own(const conn::Endpoint& endpoint) const {
  // Also by an address that carries ours: what a translator would bring back to us.
  const auto is_at = [&endpoint](const conn::Endpoint& own) {
    return endpoint.port == own.port && endpoint.ip.carried() == own.ip.carried();
  };
  return is_at(listening_) || (advertised_ && is_at(*advertised_));
}

void LocalNodeInfo::look_up() {
  lookup_ = runtime_.resolve(control_, external_->host, kResolveTimeout,
                             [this](const auto& addresses) { on_looked_up(addresses); });
}

void LocalNodeInfo::on_looked_up(const conn::Result<std::vector<conn::IpAddress>>& addresses) {
  if (!addresses) {
    lookup_failed_(addresses.error());
    timer_->arm(control_.now() + kRetry);
    return;
  }
  advertise_external(addresses->front());
  timer_->arm(control_.now() + kRefresh);
}

void LocalNodeInfo::advertise_external(const conn::IpAddress& ip) {
  advertised_ = conn::Endpoint{ip, external_->port};
  advertise("tcp://" + advertised_->to_string());
}

void LocalNodeInfo::advertise(const std::string& listen_addr) {
  if (current_->info.listen_addr == listen_addr) return;
  auto changed = std::make_shared<Introduction>(*current_);
  changed->info.listen_addr = listen_addr;
  current_ = std::move(changed);
}

}  // namespace peerage::p2p
