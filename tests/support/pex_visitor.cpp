#include "tests/support/pex_visitor.h"

#include <variant>

#include "pex/exchange/messages.h"

namespace peerage::test {

PexVisitor::PexVisitor(sim::SimHost& host, std::uint32_t number, std::uint16_t port,
                       const std::string& network)
    : reactor_(std::make_shared<RecordingReactor>(
          std::vector{p2p::ReactorChannel::from(pex::kChannel)}, p2p::Delivery::in_line)) {
  reactor_->keep_messages();
  p2p::SwitchConfig config = node_config();
  config.networks = {network};
  config.p2p.laddr = "tcp://0.0.0.0:" + std::to_string(port);
  node_ = std::make_unique<SimNode>(host, number, config, reactor_);
  node_->start();
}
PexVisitor::~PexVisitor() = default;

std::size_t PexVisitor::refusals() const {
  return node_->events<p2p::DialFailed>().size();
}
std::size_t PexVisitor::ends() const {
  return node_->events<p2p::Gone>().size();
}

void PexVisitor::say(const conn::Bytes& message) {
  const auto peers = node().peers();
  for (const auto& peer : peers) peer->try_send(conn::kPexChannel, message);
}
void PexVisitor::ask() {
  say(pex::encode_request());
}

std::vector<std::vector<conn::NetAddress>> PexVisitor::lists() const {
  std::vector<std::vector<conn::NetAddress>> lists;
  for (const conn::Bytes& bytes : reactor_->messages()) {
    const auto message = pex::decode(bytes);
    if (!message) continue;
    const auto* list = std::get_if<pex::Addresses>(&*message);
    if (list != nullptr) lists.push_back(list->usable);
  }
  return lists;
}

}  // namespace peerage::test
