#include "cmd/discovery/identity.h"

#include "cmd/discovery/node_facts.h"
#include "pex/discovery/record/enode_url.h"
#include "pex/discovery/record/local_record.h"

namespace peerage::cmd {
namespace {

using pex::IpFamily;
using namespace std::chrono_literals;

bool names_networks(const std::vector<std::string>& networks) {
  return !networks.empty() && networks.front() != "*";
}

}  // namespace

conn::Result<Identity> identity_of(const conn::Secp256k1Key& key, const IdentityInputs& inputs) {
  static constexpr conn::TimePoint kNow{};
  Identity identity;
  // At the first millisecond of all time the sequence is 1.
  pex::LocalRecord record(
      key, {.wall_time = conn::WallTime(1ms), .udp_port = inputs.udp.port, .gather = 0s});
  if (const auto ip = inputs.external_ip.known(inputs.udp.ip)) {
    record.set_ip(*ip, kNow);
  } else {
    identity.notes.emplace_back("it names no address: the node finds its own while it runs");
  }
  if (inputs.udp.port == 0) {
    identity.notes.emplace_back("it names no UDP port: laddr leaves that to the start");
  }
  if (inputs.p2p.port == 0) {
    identity.notes.emplace_back("it names no p2p port: p2p.laddr leaves that to the start");
  } else if (!inputs.node) {
    identity.notes.emplace_back("it names no comet node: the home has no node key yet");
  } else if (!names_networks(inputs.networks)) {
    identity.notes.emplace_back("it names no comet node: no network is named");
  } else {
    const auto left_out = record.set_cmt({*inputs.node, inputs.networks, 0}, kNow);
    if (!left_out) return tl::unexpected(left_out.error());
    if (*left_out > 0) {
      identity.notes.push_back("it has no room for the last " + std::to_string(*left_out) +
                               " of the networks");
    }
  }
  record.set_tcp_port(IpFamily::v4, inputs.p2p.port, kNow);
  record.set_tcp_port(IpFamily::v6, inputs.p2p.port, kNow);
  if (const auto seq = record.publish(kNow)) record.stored(*seq);
  identity.record = record.current();
  return identity;
}

std::string enode_of(const pex::Enr& record) {
  const auto udp = record.udp4() ? record.udp4() : record.udp6();
  if (!udp) return pex::EnodeUrl{record.key(), {}}.to_string();
  const auto tcp = record.udp4() ? record.tcp4() : record.tcp6();
  return enode_text(pex::Contact::at(record.key(), *udp, tcp ? tcp->port : std::uint16_t{0}));
}

}  // namespace peerage::cmd
