// hold: idle connections to a node, each of another identity, which answer its pings.
#include <atomic>
#include <functional>
#include <iostream>
#include <memory>
#include <mutex>

#include "cmd/bench/workers.h"
#include "cmd/cli/commands.h"
#include "conn/base/reassembly_budget.h"
#include "conn/peer_connection.h"
#include "conn/runtime/sync_wait.h"

namespace peerage::cmd {
namespace {

using namespace std::chrono_literals;

// The connections of all shards. Those of a shard are touched there alone.
class Holding {
 public:
  Holding(conn::Runtime& runtime, const BenchOptions& options)
      : runtime_(runtime), channel_(options.channel), held_(runtime.shard_count()) {}

  // On that shard.
  void take(std::size_t shard, p2p::Upgraded upgraded) {
    conn::ChannelDescriptor descriptor;
    descriptor.id = channel_;
    descriptor.max_message_bytes = kBenchMaxMessage;
    conn::PeerConnection::Events events;
    events.message = [](const conn::ChannelMessage&) {};
    events.closed = [this](const conn::Failure& why) {
      --alive_;
      const std::lock_guard lock(mutex_);
      lost_.add(why);
    };
    held_[shard].push_back(upgraded.stream->open(
        runtime_.shard(shard), {descriptor}, conn::ConnectionConfig{}, budget_, std::move(events)));
    ++alive_;
    held_[shard].back()->start();
  }
  std::size_t alive() const { return alive_; }
  FailureCounts lost() const {
    const std::lock_guard lock(mutex_);
    return lost_;
  }

  // Off the shards: closes all, and waits for that.
  void release() {
    for (std::size_t i = 0; i < held_.size(); ++i) {
      (void)conn::sync_wait(runtime_, [this, i](const std::function<void()>& done) {
        runtime_.shard(i).post([this, i, done] {
          held_[i].clear();
          done();
        });
      });
    }
  }

 private:
  conn::Runtime& runtime_;
  const conn::ChannelId channel_;
  conn::ReassemblyBudget budget_;
  std::vector<std::vector<std::shared_ptr<conn::PeerConnection>>> held_;
  std::atomic<std::size_t> alive_ = 0;
  mutable std::mutex mutex_;
  FailureCounts lost_;  // guarded by mutex_
};

void hold_on(const BenchOptions& options, const Signals& signals) {
  static constexpr conn::Duration kLongTick = 1h;
  if (options.span > conn::Duration(0)) {
    (void)signals.wait_for(options.span);
    return;
  }
  while (signals.wait_for(kLongTick) == 0) {
  }
}

}  // namespace

int run_bench_hold(const BenchOptions& given) {
  BenchOptions options = given;
  const Signals signals{SIGINT, SIGTERM};
  const auto key = bench_key(options.home);  // makes a home that is missing
  if (!key) return report(key.error());
  if (auto allowed = allow_connections(options.peers); !allowed) return report(allowed.error());
  conn::AsioRuntime runtime(options.shards);
  const auto id = who_answers(runtime, options);
  if (!id) return report(id.error());
  options.dial.id = *id;
  const auto keys = fresh_keys(options.peers);
  const std::uint64_t before_kb = resident_kb();
  Holding holding(runtime, options);
  const DialResults results = dial_many(
      runtime, options, keys, signals,
      [&holding](std::size_t shard, p2p::Upgraded peer) { holding.take(shard, std::move(peer)); });
  std::cerr << "up " << results.us.size() << " of " << options.peers << std::endl;

  const BenchMoment begin = BenchMoment::now();
  if (!results.interrupted) hold_on(options, signals);
  const BenchMoment end = BenchMoment::now();
  const std::size_t alive = holding.alive();
  const std::uint64_t held_kb = resident_kb();
  const FailureCounts lost = holding.lost();
  holding.release();
  runtime.stop();

  BenchReport result("hold");
  result.set("peers", options.peers);
  result.set("up", results.us.size());
  result.set("alive", alive);
  result.set_span("setup_ms", results.end.at - results.begin.at);
  result.set_span("lasted_ms", end.at - begin.at);
  result.set("cpu_ms", (end.cpu_s - begin.cpu_s) * 1e3);
  result.set_failures(results.failures);
  if (!lost.empty()) result.set("lost", lost);
  result.set("rss_kb", held_kb);
  result.set("rss_before_kb", before_kb);
  if (alive > 0) {
    result.set("rss_kb_per_peer", (static_cast<double>(held_kb) - static_cast<double>(before_kb)) /
                                      static_cast<double>(alive));
  }
  return result.print() && alive == options.peers ? 0 : 1;
}

}  // namespace peerage::cmd
