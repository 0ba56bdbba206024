// source: sends as fast as the other end takes it, and ends when all has left.
#include <functional>
#include <iostream>
#include <memory>
#include <mutex>
#include <optional>

#include "cmd/bench/node.h"
#include "cmd/bench/report.h"
#include "cmd/cli/commands.h"
#include "conn/runtime/sync_wait.h"

namespace peerage::cmd {
namespace {

using conn::Failure;
using conn::SendResult;
using namespace std::chrono_literals;

// Learns how the connection ended.
class Sending final : public BenchReactor {
 public:
  using BenchReactor::BenchReactor;
  void receive(const p2p::PeerPtr&, p2p::Message) override {}
  void remove_peer(const p2p::PeerPtr&, const Failure& why) override {
    const std::lock_guard lock(mutex_);
    ended_ = why;
    if (waits_) waits_(why);
  }
  // Once; on any thread.
  void when_ended(std::function<void(Failure)> waits) {
    const std::lock_guard lock(mutex_);
    waits_ = std::move(waits);
    if (ended_) waits_(*ended_);
  }

 private:
  std::mutex mutex_;
  std::optional<Failure> ended_;
  std::function<void(Failure)> waits_;
};

// Waits for room as long as the peer is there: liveness notices when it is not.
SendResult send_patiently(p2p::Peer& peer, conn::ChannelId channel,
                          const conn::SharedBytes& message) {
  for (;;) {
    const SendResult result = peer.send(channel, message);
    if (result != SendResult::channel_full && result != SendResult::peer_full) return result;
  }
}

// Time for the queue to leave at the rate that is allowed.
conn::Duration flush_patience(const BenchOptions& options) {
  static constexpr std::uint64_t kMostQueued = 2 * kBenchMaxMessage;
  return 30s + std::chrono::seconds(options.rate == 0 ? 0 : kMostQueued / options.rate);
}

}  // namespace

int run_bench_source(const BenchOptions& options) {
  const auto reactor = std::make_shared<Sending>(options);
  auto node = BenchNode::start(options, BenchNode::nowhere(), reactor);
  if (!node) return report(node.error());
  const auto dialled = (*node)->dial(options);
  if (!dialled) return report(dialled.error());
  p2p::Peer& peer = **dialled;

  // All messages share their bytes: making them is the application's cost.
  const auto message = std::make_shared<const conn::Bytes>(conn::Bytes(options.msg_size, 0x5a));
  const BenchMoment begin = BenchMoment::now();
  std::uint64_t sent = 0;
  SendResult last = SendResult::queued;
  while (sent < options.msg_count) {
    last = send_patiently(peer, options.channel, message);
    if (last != SendResult::queued) break;
    ++sent;
  }
  if (last == SendResult::queued) (*node)->node().disconnect(peer.id(), flush_patience(options));
  if (last == SendResult::unknown_channel) (*node)->node().disconnect(peer.id());
  const auto answer = conn::sync_wait<Failure>(
      (*node)->runtime(),
      [&reactor](const std::function<void(Failure)>& done) { reactor->when_ended(done); });
  const Failure ended = answer ? *answer : conn::as_failure(answer.error(), "source");
  const BenchMoment end = BenchMoment::now();

  const bool all = sent == options.msg_count;
  const bool flushed = all && ended.reason == conn::Reason::stopped_locally;
  BenchReport result("source");
  result.set_traffic(begin, end, sent, sent * options.msg_size);
  result.set("flushed", flushed);
  result.set("rss_kb", resident_kb());
  (*node)->node().stop_and_wait();
  const bool printed = result.print();
  if (last == SendResult::unknown_channel) {
    return report({conn::Stage::node_info, conn::Reason::no_common_channel, {}});
  }
  // An end that has all that it waited for may be gone before we have closed.
  if (!all || ended.reason == conn::Reason::flush_timed_out) return report(ended);
  return printed ? 0 : 1;
}

}  // namespace peerage::cmd
