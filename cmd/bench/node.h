// An end of a benchmark: a node with one channel, and limits that let a machine talk to itself.
//
// Threads: made and used off the network threads; reactors run on them (Delivery::in_line).
#pragma once

#include <condition_variable>
#include <memory>
#include <mutex>
#include <optional>

#include "cmd/base/process.h"
#include "cmd/bench/bench.h"
#include "conn/runtime/asio_runtime.h"
#include "p2p/switch.h"

namespace peerage::cmd {

// The key of a home, which is made if missing; without a home a new one.
conn::Result<conn::NodeKey> bench_key(const std::filesystem::path& home);

// The one channel, delivered on the peers' own threads.
class BenchReactor : public p2p::Reactor {
 public:
  explicit BenchReactor(const BenchOptions& options) : channel_(options.channel) {}
  std::string name() const override { return "bench"; }
  std::vector<p2p::ReactorChannel> channels() const override;
  p2p::Delivery delivery() const override { return p2p::Delivery::in_line; }
  conn::ChannelId channel() const { return channel_; }

 private:
  const conn::ChannelId channel_;
};

class BenchNode {
 public:
  // A node that listens at `laddr`; one that only dials listens on loopback, at any port.
  static conn::Result<std::unique_ptr<BenchNode>> start(const BenchOptions& options,
                                                        const conn::Endpoint& laddr,
                                                        std::shared_ptr<BenchReactor> reactor);
  static conn::Endpoint nowhere() { return {conn::IpAddress::v4(127, 0, 0, 1), 0}; }

  // Connects to the node that the options name, and waits for it.
  conn::Result<p2p::PeerPtr> dial(const BenchOptions& options);
  // Says on standard error where it listens.
  void announce() const;
  p2p::Switch& node() { return *switch_; }
  conn::Runtime& runtime() { return runtime_; }

 private:
  explicit BenchNode(std::size_t shards) : runtime_(shards) {}
  void on_event(const p2p::SwitchEvent& event);

  conn::AsioRuntime runtime_;
  std::mutex mutex_;
  std::condition_variable dialled_;
  std::optional<conn::Result<p2p::PeerPtr>> dial_outcome_;  // guarded by mutex_
  std::unique_ptr<p2p::Switch> switch_;  // destroyed first: its events use the others
};

}  // namespace peerage::cmd
