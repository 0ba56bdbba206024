#include "cmd/bench/node.h"

#include <iostream>
#include <utility>

#include "cmd/bench/dial.h"
#include "cmd/cli/commands.h"
#include "cmd/config/node_key_file.h"

namespace peerage::cmd {

using conn::Result;

namespace {

// More than one process is asked to hold, so that no such limit is what is measured.
constexpr std::uint32_t kManyPeers = 50'000;
constexpr std::size_t kManyHandshakes = 4'096;
// Enough that the sender's thread need not be woken for each small message.
constexpr std::size_t kQueuedMessages = 8'192;
constexpr std::size_t kQueuedBytes = 4u << 20;

p2p::SwitchConfig bench_config(const BenchOptions& options, const conn::Endpoint& laddr) {
  p2p::SwitchConfig config;
  config.networks = {options.network};
  config.moniker = "peerage-bench";
  config.version = PEERAGE_VERSION;
  config.p2p.laddr = "tcp://" + laddr.to_string();
  config.p2p.send_rate = options.rate;
  config.p2p.recv_rate = options.rate;
  config.p2p.max_num_inbound_peers = kManyPeers;
  config.p2p.allow_duplicate_ip = true;  // and so loopback is exempt from the connection rate
  config.exempt_connection_rate.interval = {};  // and from that of exempt networks
  config.half_open.total = kManyHandshakes;
  config.half_open.per_host = kManyHandshakes;
  config.half_open.per_neighbourhood = kManyHandshakes;
  config.handshake_rate = 0;
  config.sticky_redial = p2p::StickyRedial::no;  // an ended connection is not dialled again
  return config;
}

}  // namespace

Result<conn::NodeKey> bench_key(const std::filesystem::path& home) {
  if (home.empty()) return conn::NodeKey::generate();
  const auto file = node_key_path(home);
  if (!file) return tl::unexpected(file.error());
  return load_or_create_key(*file);
}

std::vector<p2p::ReactorChannel> BenchReactor::channels() const {
  return {{.id = channel_,
           .send_queue_messages = kQueuedMessages,
           .send_queue_bytes = kQueuedBytes,
           .max_message_bytes = kBenchMaxMessage}};
}

Result<std::unique_ptr<BenchNode>> BenchNode::start(const BenchOptions& options,
                                                    const conn::Endpoint& laddr,
                                                    std::shared_ptr<BenchReactor> reactor) {
  auto key = bench_key(options.home);
  if (!key) return tl::unexpected(key.error());
  auto made = std::unique_ptr<BenchNode>(new BenchNode(options.shards));
  made->switch_ =
      std::make_unique<p2p::Switch>(made->runtime_, std::move(*key), bench_config(options, laddr));
  made->switch_->add_reactor(std::move(reactor));
  made->switch_->on_event(
      [self = made.get()](const p2p::SwitchEvent& event) { self->on_event(event); });
  if (auto started = made->switch_->start_and_wait(); !started) {
    return tl::unexpected(started.error());
  }
  return made;
}

void BenchNode::on_event(const p2p::SwitchEvent& event) {
  std::optional<Result<p2p::PeerPtr>> outcome;
  if (const auto* connected = std::get_if<p2p::Connected>(&event)) {
    if (connected->peer->direction() == p2p::Direction::outbound) outcome = connected->peer;
  } else if (const auto* failed = std::get_if<p2p::DialFailed>(&event)) {
    outcome = tl::unexpected(failed->failure);
  }
  if (!outcome) return;
  const std::lock_guard lock(mutex_);
  dial_outcome_ = std::move(outcome);
  dialled_.notify_one();
}

Result<p2p::PeerPtr> BenchNode::dial(const BenchOptions& options) {
  std::optional<conn::NodeId> id = options.dial.id;
  if (!id) {
    const auto found = who_answers(runtime_, options);
    if (!found) return tl::unexpected(found.error());
    id = *found;
  }
  switch_->dial(conn::HostAddress::of({*id, options.dial.endpoint}));
  std::unique_lock lock(mutex_);
  dialled_.wait(lock, [this] { return dial_outcome_.has_value(); });
  return *dial_outcome_;
}

void BenchNode::announce() const {
  std::cerr << "listening " << switch_->listen_address().to_string() << std::endl;
}

}  // namespace peerage::cmd
