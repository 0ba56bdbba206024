#include "p2p/introducer.h"

#include <utility>

namespace peerage::p2p {

Introducer::Introducer(conn::Runtime& runtime, const conn::NodeId& own, const SwitchConfig& config,
                       std::vector<conn::ChannelId> channels, OnFailure lookup_failed)
    : runtime_(runtime),
      control_(runtime.shard(0)),
      external_address_(config.p2p.external_address),
      lookup_failed_(std::move(lookup_failed)) {
  auto introduction = std::make_shared<Introduction>();
  introduction->networks = config.networks;
  NodeInfo& info = introduction->info;
  info.node_id = own.to_string();
  info.listen_addr = config.p2p.laddr;
  info.network = config.networks.front();
  info.version = config.version;
  info.app_version = config.app_version;
  info.channels = std::move(channels);
  info.moniker = config.moniker;
  info.tx_index = config.tx_index;
  info.rpc_address = config.rpc_address;
  current_ = std::move(introduction);
}

void Introducer::start(const conn::Endpoint& listening) {
  listening_ = listening;
  if (external_address_.empty()) {
    advertise("tcp://" + listening.to_string());
    return;
  }
  timer_ = control_.make_timer([this] { look_up(); });
  look_up();
}

void Introducer::close() {
  lookup_.reset();
  timer_.reset();
}

bool Introducer::is_own(const conn::Endpoint& endpoint) const {
  return endpoint == listening_ || (advertised_ && endpoint == *advertised_);
}

void Introducer::look_up() {
  const auto parts = conn::split_host_port(external_address_);
  if (!parts) return;  // the switch has checked it
  lookup_ = runtime_.resolve(
      control_, parts->host, kResolveTimeout,
      [this, port = parts->port](conn::Result<std::vector<conn::IpAddress>> addresses) {
        if (addresses) {
          advertised_ = conn::Endpoint{addresses->front(), port};
          advertise("tcp://" + advertised_->to_string());
          const bool literal =
              conn::IpAddress::parse(conn::split_host_port(external_address_)->host).has_value();
          if (!literal) timer_->arm(control_.now() + kRefresh);
        } else {
          lookup_failed_(addresses.error());
          timer_->arm(control_.now() + kRetry);
        }
      });
}

void Introducer::advertise(const std::string& listen_addr) {
  if (current_->info.listen_addr == listen_addr) return;
  auto changed = std::make_shared<Introduction>(*current_);
  changed->info.listen_addr = listen_addr;
  current_ = std::move(changed);
}

}  // namespace peerage::p2p
