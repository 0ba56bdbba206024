// sink, echo: the ends that listen. The one counts what comes, the other sends it back.
#include <algorithm>
#include <atomic>
#include <iostream>
#include <memory>

#include "cmd/bench/node.h"
#include "cmd/bench/report.h"
#include "cmd/cli/commands.h"

namespace peerage::cmd {
namespace {

using namespace std::chrono_literals;

constexpr conn::Duration kTick = 20ms;
// A source that has sent all closes; this is for those that do not.
constexpr conn::Duration kPartingPatience = 1s;

// Counts messages and peers.
class Counting : public BenchReactor {
 public:
  explicit Counting(const BenchOptions& options)
      : BenchReactor(options), expected_(options.expect_msgs) {}

  void init_peer(const p2p::PeerPtr&) override {
    const std::size_t now = ++peers_;
    for (std::size_t most = most_peers_;
         now > most && !most_peers_.compare_exchange_weak(most, now);) {
    }
    ++peers_ever_;
  }
  void remove_peer(const p2p::PeerPtr&, const conn::Failure&) override { --peers_; }
  void receive(const p2p::PeerPtr&, p2p::Message message) override { note(message.bytes.size()); }

  bool complete() const { return complete_; }
  std::size_t peers() const { return peers_; }
  std::size_t most_peers() const { return most_peers_; }
  std::uint64_t peers_ever() const { return peers_ever_; }
  std::uint64_t msgs() const { return msgs_; }

  // Once no more messages come; `ended` is when we stopped waiting.
  void report(BenchReport& into, const BenchMoment& ended) const {
    BenchMoment end = ended;
    end.at = std::max(last_.load(), begin_.at);
    if (complete_) end = end_;
    into.set_traffic(begin_, end, complete_ ? expected_ : msgs_.load(),
                     complete_ ? end_bytes_ : bytes_.load());
  }

 protected:
  // Reads the clock once for a stream of known length; else for each message, which small ones
  // feel.
  void note(std::size_t size) {
    const std::uint64_t bytes = bytes_.fetch_add(size, std::memory_order_relaxed) + size;
    const std::uint64_t number = msgs_.fetch_add(1, std::memory_order_relaxed) + 1;
    if (number == 1) begin_ = BenchMoment::now();
    if (number == expected_) {
      end_ = BenchMoment::now();
      end_bytes_ = bytes;
      complete_ = true;
    } else if (expected_ == 0) {
      last_ = conn::TimePoint(std::chrono::steady_clock::now().time_since_epoch());
    }
  }

 private:
  const std::uint64_t expected_;
  std::atomic<std::uint64_t> msgs_ = 0;
  std::atomic<std::uint64_t> bytes_ = 0;
  std::atomic<std::size_t> peers_ = 0;
  std::atomic<std::size_t> most_peers_ = 0;
  std::atomic<std::uint64_t> peers_ever_ = 0;
  std::atomic<conn::TimePoint> last_{conn::TimePoint{}};
  BenchMoment begin_;            // of the first message
  BenchMoment end_;              // of the last, when that is known; set before complete_
  std::uint64_t end_bytes_ = 0;  // likewise
  std::atomic<bool> complete_ = false;
};

class Echoing final : public Counting {
 public:
  using Counting::Counting;
  void receive(const p2p::PeerPtr& peer, p2p::Message message) override {
    note(message.bytes.size());
    if (peer->send(message.channel, std::move(message.bytes)) != conn::SendResult::queued) {
      ++refused_;
    }
  }
  std::uint64_t refused() const { return refused_; }

 private:
  std::atomic<std::uint64_t> refused_ = 0;  // the way back was full
};

// What peers cost in memory: before the first, and at the most once nothing has changed for a
// while.
class PeerMemory {
 public:
  void look(std::size_t peers) {
    const auto now = std::chrono::steady_clock::now();
    if (peers != last_) {
      last_ = peers;
      changed_ = now;
      settled_ = false;
    }
    if (peers > most_) {
      most_ = peers;
      most_kb_ = 0;
    }
    if (peers == 0 || peers != most_ || settled_) return;
    settled_ = now - changed_ >= kSettling;
    if (settled_ || most_kb_ == 0) most_kb_ = resident_kb();
  }

  void report(BenchReport& into) const {
    into.set("rss_kb", resident_kb());
    into.set("rss_before_kb", before_kb_);
    if (most_ == 0) return;  // or they were too quick to be seen
    const double gained = static_cast<double>(most_kb_) - static_cast<double>(before_kb_);
    into.set("rss_peers_kb", most_kb_);
    into.set("rss_kb_per_peer", gained / static_cast<double>(most_));
  }

 private:
  static constexpr std::chrono::milliseconds kSettling{500};
  const std::uint64_t before_kb_ = resident_kb();
  std::uint64_t most_kb_ = 0;
  std::size_t most_ = 0;
  std::size_t last_ = 0;
  std::chrono::steady_clock::time_point changed_;
  bool settled_ = false;
};

template <typename Role>
int listen_and_report(const char* role, const BenchOptions& options) {
  const Signals signals{SIGINT, SIGTERM};
  (void)allow_connections(0);  // as many as there may be
  const auto reactor = std::make_shared<Role>(options);
  auto node = BenchNode::start(options, options.laddr, reactor);
  if (!node) return report(node.error());
  PeerMemory memory;
  const BenchMoment begun = BenchMoment::now();
  (*node)->announce();
  do {
    memory.look(reactor->peers());
  } while (!reactor->complete() && signals.wait_for(kTick) == 0);

  const BenchMoment ended = BenchMoment::now();
  memory.look(reactor->peers());
  // The sender knows that all has arrived when its close is answered: let it close first.
  for (conn::Duration waited{0};
       reactor->complete() && reactor->peers() > 0 && waited < kPartingPatience; waited += kTick) {
    if (signals.wait_for(kTick) != 0) break;
  }
  (*node)->node().stop_and_wait();

  BenchReport result(role);
  reactor->report(result, ended);
  result.set("peers", reactor->most_peers());
  memory.report(result);
  if (const std::uint64_t came = reactor->peers_ever(); came > 0) {
    result.set("handshakes", came);
    if (reactor->msgs() == 0) {  // then the CPU time went into handshakes
      result.set("cpu_ms", (ended.cpu_s - begun.cpu_s) * 1e3);
      result.set("cpu_ms_per_handshake",
                 (ended.cpu_s - begun.cpu_s) * 1e3 / static_cast<double>(came));
    }
  }
  if constexpr (std::is_same_v<Role, Echoing>) result.set("refused", reactor->refused());
  return result.print() ? 0 : 1;
}

}  // namespace

int run_bench_sink(const BenchOptions& options) {
  return listen_and_report<Counting>("sink", options);
}

int run_bench_echo(const BenchOptions& options) {
  return listen_and_report<Echoing>("echo", options);
}

}  // namespace peerage::cmd
