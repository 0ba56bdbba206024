// How long a small message of high priority takes while three other channels are saturated.
//
//   priority_bench [SECONDS]
//
// Two switches with a runtime each, over loopback. One saturates three channels of low priority
// with 64 KiB messages and sends 200 bytes on a channel of high priority every 5 ms, with the time
// of sending in them; the other takes the difference when its reactor is called. Printed are the
// percentiles, without a rate limit and at 5 MB/s (comet's default), and on an idle connection for
// comparison. The goals: p99 <= 2 ms, and <= 20 ms at 5 MB/s. (CometBFT issue 2128: up to 1000 ms.)
#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <mutex>
#include <thread>
#include <vector>

#include "conn/runtime/asio_runtime.h"
#include "p2p/switch.h"

namespace {

using namespace peerage;
using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

constexpr conn::ChannelId kHigh{0x22};
constexpr conn::ChannelId kLow[] = {conn::ChannelId{0x30}, conn::ChannelId{0x40},
                                    conn::ChannelId{0x60}};

std::vector<p2p::ReactorChannel> channels() {
  std::vector<p2p::ReactorChannel> all;
  all.push_back({.id = kHigh, .priority = 10});
  for (const conn::ChannelId id : kLow) {
    all.push_back({.id = id, .priority = 1});
  }
  return all;
}

class Receiver : public p2p::Reactor {
 public:
  std::string name() const override { return "receiver"; }
  std::vector<p2p::ReactorChannel> channels() const override { return ::channels(); }
  p2p::Delivery delivery() const override { return p2p::Delivery::in_line; }
  void receive(const p2p::PeerPtr&, p2p::Message message) override {
    bytes_ += message.bytes.size();
    if (message.channel != kHigh) return;
    Clock::time_point sent;
    std::memcpy(&sent, message.bytes.data(), sizeof sent);
    const double ms = std::chrono::duration<double, std::milli>(Clock::now() - sent).count();
    const std::lock_guard lock(mutex_);
    delays_ms_.push_back(ms);
  }
  std::vector<double> take_delays() {
    const std::lock_guard lock(mutex_);
    return std::exchange(delays_ms_, {});
  }
  std::size_t bytes() const { return bytes_; }

 private:
  std::atomic<std::size_t> bytes_ = 0;
  std::mutex mutex_;
  std::vector<double> delays_ms_;
};

p2p::SwitchConfig config(std::uint64_t rate) {
  p2p::SwitchConfig config;
  config.networks = {"bench-chain"};
  config.p2p.laddr = "tcp://127.0.0.1:0";
  config.p2p.allow_duplicate_ip = true;
  config.p2p.send_rate = rate;
  config.p2p.recv_rate = rate;
  return config;
}

conn::NodeKey random_key(conn::Runtime& runtime) {
  conn::Secret<32> seed;
  runtime.random(seed.writable());
  return conn::NodeKey::from_seed(seed);
}

void run(const char* name, std::uint64_t rate, std::size_t saturated, std::chrono::seconds span) {
  conn::AsioRuntime sending(1), receiving(1);
  p2p::Switch source(sending, random_key(sending), config(rate));
  p2p::Switch sink(receiving, random_key(receiving), config(rate));
  const auto receiver = std::make_shared<Receiver>();
  source.add_reactor(std::make_shared<Receiver>());
  sink.add_reactor(receiver);
  if (!source.start_and_wait() || !sink.start_and_wait()) std::exit(1);
  const conn::NetAddress at = sink.listen_address();
  source.dial({at.id, at.endpoint.ip.to_string(), at.endpoint.port});
  while (source.peers().empty()) std::this_thread::sleep_for(1ms);
  const p2p::PeerPtr peer = source.peers().front();

  std::atomic<bool> stop = false;
  // One thread keeps all of them full: several would compete with the network threads for the
  // cores.
  std::thread sender([&] {
    const auto message = std::make_shared<const conn::Bytes>(conn::Bytes(64 << 10, 1));
    while (!stop) {
      for (std::size_t i = 0; i < saturated; ++i) {
        while (peer->try_send(kLow[i], message) == conn::SendResult::queued) {
        }
      }
      std::this_thread::sleep_for(200us);
    }
  });
  std::this_thread::sleep_for(500ms);
  (void)receiver->take_delays();
  const std::size_t before = receiver->bytes();
  const auto start = Clock::now();
  while (Clock::now() - start < span) {
    conn::Bytes message(200);
    const auto now = Clock::now();
    std::memcpy(message.data(), &now, sizeof now);
    peer->try_send(kHigh, std::move(message));
    std::this_thread::sleep_for(5ms);
  }
  const double seconds = std::chrono::duration<double>(Clock::now() - start).count();
  const double rate_seen = static_cast<double>(receiver->bytes() - before) / seconds / 1e6;
  stop = true;
  sender.join();

  std::vector<double> delays = receiver->take_delays();
  std::sort(delays.begin(), delays.end());
  if (delays.empty()) delays.push_back(0);
  const auto at_share = [&](double share) {
    return delays[static_cast<std::size_t>(share * static_cast<double>(delays.size() - 1))];
  };
  std::printf("%-28s %8.0f %9zu %9.3f %9.3f %9.3f\n", name, rate_seen, delays.size(), at_share(0.5),
              at_share(0.99), delays.back());
}

}  // namespace

int main(int argc, char** argv) {
  const auto span = std::chrono::seconds(argc > 1 ? std::atoi(argv[1]) : 5);
  std::printf("%-28s %8s %9s %9s %9s %9s\n", "200 B at high priority", "MB/s", "messages", "p50 ms",
              "p99 ms", "max ms");
  run("idle", 0, 0, span);
  run("3 channels saturated", 0, 3, span);
  run("the same at 5 MB/s", conn::kDefaultRate, 3, span);
  return 0;
}
