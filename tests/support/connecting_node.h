// A node's two ways to peers, the Acceptor and the DialRunner, on the simulated network and with
// nothing behind them: what they report is kept.
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "p2p/connect/acceptor.h"
#include "p2p/connect/dial_runner.h"
#include "p2p/connect/local_node_info.h"
#include "p2p/connect/upgrade.h"
#include "tests/support/sim_node.h"

namespace peerage::test {

struct Arrivals final : p2p::Acceptor::Observer {
  void on_refused_on_arrival(const conn::Endpoint&, const conn::Failure& why) override {
    lines.push_back("refused on arrival: " + std::string(name(why.reason)));
  }
  void on_handshake_proven(p2p::Proven node, const p2p::AttemptReport&) override {
    lines.emplace_back("proven");
    nodes.push_back(std::move(node));
  }
  void on_handshake_failed(const conn::Endpoint&, const p2p::AttemptReport&,
                           const conn::Failure& why) override {
    lines.push_back("failed: " + std::string(name(why.reason)));
  }
  void on_probe(const conn::Endpoint&) override { lines.emplace_back("probe"); }
  void on_handshake_over(const conn::IpAddress& ip) override {
    lines.push_back("over: " + ip.to_string());
  }

  std::vector<std::string> lines;
  std::vector<p2p::Proven> nodes;
};

struct Dials final : p2p::DialRunner::Observer {
  void on_dial_began(const p2p::DialOrder&) override { lines.emplace_back("began"); }
  void on_dial_proven(const p2p::DialOrder&, p2p::Proven node, const p2p::AttemptReport&) override {
    lines.emplace_back("proven");
    nodes.push_back(std::move(node));
  }
  void on_dial_failed(const p2p::DialOrder&, const p2p::AttemptReport&,
                      const conn::Failure& why) override {
    lines.push_back("failed: " + std::string(name(why.reason)));
  }

  std::vector<std::string> lines;
  std::vector<p2p::Proven> nodes;
};

class ConnectingNode {
 public:
  ConnectingNode(sim::SimHost& on, std::uint32_t number, const p2p::AdmissionConfig& rules = {})
      : host(on),
        key(std::make_shared<const conn::NodeKey>(numbered_key(number))),
        admission(
            rules, [](std::size_t) { return std::size_t{0}; }, on.shard(0).now()),
        dialer({.max_outbound = 10}, key->id(), marks, [] { return 0.5; }),
        transport_(on, std::make_shared<p2p::CometUpgrader>(on, key), {},
                   conn::IpAddress::v4(0, 0, 0, 0)),
        runner(
            on, transport_, dialer, admission, counters, [this] { return introduction_; },
            [] { return std::size_t{0}; }, dials),
        acceptor(
            on, transport_, admission, counters, p2p::kHandshakeTimeout,
            [this] { return introduction_; }, [] { return std::size_t{0}; }, arrivals) {
    const p2p::SwitchConfig config = node_config();
    introduction_ = std::make_shared<const p2p::Introduction>(
        p2p::Introduction{p2p::own_node_info(config, key->id(), {kEcho}), config.networks});
  }

  conn::NodeId id() const { return key->id(); }
  conn::HostAddress address() const { return {key->id(), host.address().to_string(), 26656}; }
  bool listen() { return acceptor.listen({host.address(), 26656}).has_value(); }

  sim::SimHost& host;
  const std::shared_ptr<const conn::NodeKey> key;
  p2p::Counters counters;
  p2p::PeerMarks marks;
  p2p::Admission admission;
  p2p::Dialer dialer;
  Arrivals arrivals;
  Dials dials;

 private:
  p2p::Transport transport_;
  std::shared_ptr<const p2p::Introduction> introduction_;

 public:
  p2p::DialRunner runner;
  p2p::Acceptor acceptor;
};

}  // namespace peerage::test
