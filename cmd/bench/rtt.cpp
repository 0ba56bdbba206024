// rtt: messages that an echo sends back, one at a time, on an idle connection.
#include <condition_variable>
#include <cstring>
#include <iostream>
#include <memory>
#include <mutex>
#include <thread>

#include "cmd/bench/node.h"
#include "cmd/bench/report.h"
#include "cmd/cli/commands.h"
#include "p2p/base/peer_reason.h"

namespace peerage::cmd {
namespace {

using Clock = std::chrono::steady_clock;
using namespace std::chrono_literals;

// A Go node holds a message for 100 ms each way.
constexpr conn::Duration kAnswerPatience = 10s;

// The clock stops when the reactor is called, not when the thread that waits wakes up.
class Waiting final : public BenchReactor {
 public:
  using BenchReactor::BenchReactor;

  void receive(const p2p::PeerPtr&, p2p::Message message) override {
    const auto now = Clock::now();
    const std::lock_guard lock(mutex_);
    if (!expected_ || message.bytes != *expected_) return;  // an answer that came too late
    expected_ = nullptr;
    answered_at_ = now;
    changed_.notify_one();
  }
  void remove_peer(const p2p::PeerPtr&, const conn::Failure& why) override {
    const std::lock_guard lock(mutex_);
    gone_ = why;
    changed_.notify_one();
  }

  void expect(conn::SharedBytes message) {
    const std::lock_guard lock(mutex_);
    expected_ = std::move(message);
  }
  conn::Result<Clock::time_point> wait() {
    std::unique_lock lock(mutex_);
    changed_.wait_for(lock, kAnswerPatience, [this] { return !expected_ || gone_; });
    if (!expected_) return answered_at_;
    if (gone_) return tl::unexpected(*gone_);
    return conn::fail(conn::Stage::established, p2p::PeerReason::answer_timed_out);
  }

 private:
  std::mutex mutex_;  // guards all of it
  std::condition_variable changed_;
  conn::SharedBytes expected_;  // null: it has come
  Clock::time_point answered_at_;
  std::optional<conn::Failure> gone_;
};

// Each message begins with its number, as far as it is long enough.
conn::SharedBytes message_of(std::size_t size, std::uint64_t number) {
  conn::Bytes bytes(size, 0x5a);
  std::memcpy(bytes.data(), &number, std::min(size, sizeof number));
  return std::make_shared<const conn::Bytes>(std::move(bytes));
}

conn::Result<std::vector<double>> measure(const BenchOptions& options, p2p::Peer& peer,
                                          Waiting& reactor) {
  std::vector<double> us;
  us.reserve(options.count);
  for (std::uint64_t i = 0; i < options.count; ++i) {
    const auto message = message_of(options.msg_size, i);
    reactor.expect(message);
    const auto begun = Clock::now();
    const auto sent = peer.send(options.channel, message);
    if (sent == conn::SendResult::unknown_channel) {
      return conn::fail(conn::Stage::node_info, conn::Reason::no_common_channel);
    }
    const auto answered = reactor.wait();
    if (!answered) return tl::unexpected(answered.error());
    us.push_back(std::chrono::duration<double, std::micro>(*answered - begun).count());
    std::this_thread::sleep_until(begun + options.interval);
  }
  return us;
}

}  // namespace

int run_bench_rtt(const BenchOptions& options) {
  const auto reactor = std::make_shared<Waiting>(options);
  auto node = BenchNode::start(options, BenchNode::nowhere(), reactor);
  if (!node) return report(node.error());
  const auto peer = (*node)->dial(options);
  if (!peer) return report(peer.error());
  const BenchMoment begin = BenchMoment::now();
  auto us = measure(options, **peer, *reactor);
  const BenchMoment end = BenchMoment::now();
  (*node)->node().stop_and_wait();
  if (!us) return report(us.error());

  BenchReport result("rtt");
  result.set("count", us->size());
  result.set_span("lasted_ms", end.at - begin.at);
  result.set_times(std::move(*us));
  result.set("cpu_ms", (end.cpu_s - begin.cpu_s) * 1e3);
  result.set("rss_kb", resident_kb());
  return result.print() ? 0 : 1;
}

}  // namespace peerage::cmd
