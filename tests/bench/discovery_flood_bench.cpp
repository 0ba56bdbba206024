// A node under a flood of datagrams: 100 000 a second from 10 000 sources, while p2p traffic goes
// through the same thread.
//
//   discovery_flood_bench [SECONDS [RATE]]     3 for each kind, and 100000, unless it is told
//
// The server shares its shard with a switch that receives 5 MB/s, and 200 bytes of high priority
// every 5 ms; it looks up a node each second among five honest servers; and a peer that has proven
// itself pings it every 50 ms. Printed are, for each kind of flood and without any: datagrams a
// second that came to the server, and that the system dropped for it; the share of a core that the
// server's thread took; by how much the process's memory has grown since before the first; the 99th
// percentile of the 200 bytes' way; lookups that ended in time, of those that ended; and pings that
// were answered.
//
// Sources are of loopback, which has no limits of its own; as `public` the server takes them for
// public ones, which have. The goals: at most half a core and 16 MiB, and everything else goes on.
#include <algorithm>
#include <cinttypes>
#include <cstring>
#include <future>
#include <mutex>

#include <malloc.h>
#include <sodium.h>

#include "conn/crypto/keccak.h"
#include "p2p/switch.h"
#include "tests/bench/support/discovery_load.h"

namespace {

using namespace peerage;
using namespace peerage::bench;
namespace v4 = pex::v4;
using conn::Bytes;
using conn::ByteView;
using conn::IpAddress;
using Clock = std::chrono::steady_clock;
using Sees = DiscoveryUnderLoad::Sees;

constexpr std::size_t kSources = 10'000;
constexpr std::uint8_t kHonest = 5;

double seconds_since(Clock::time_point begun) {
  return std::chrono::duration<double>(Clock::now() - begun).count();
}

double heap_mib() {
  return static_cast<double>(::mallinfo2().uordblks) / (1 << 20);
}

// --- the flood ---

Bytes random_bytes(std::size_t size) {
  Bytes made(size);
  randombytes_buf(made.data(), made.size());
  return made;
}

// Whose hash is right, and nothing else.
Bytes hashed(Bytes packet) {
  const auto hash = conn::keccak256(ByteView(packet).subspan(v4::kHashBytes));
  std::copy(hash.begin(), hash.end(), packet.begin());
  return packet;
}

v4::Ping some_ping(std::uint64_t number) {
  return {.from = {}, .to = {}, .expires = expires_later() + number};
}

struct Kind {
  const char* what;
  std::vector<Bytes> packets;
};

std::vector<Kind> kinds() {
  static constexpr std::size_t kEach = 1000;
  std::vector<Kind> all = {{"no flood", {}},
                           {"1280 bytes of nonsense", {}},
                           {"a good hash, 1280 bytes of nonsense", {}},
                           {"strangers' FindNode", {}},
                           {"strangers' Ping", {}},
                           {"all of these", {}}};
  for (std::uint32_t i = 0; i < kEach; ++i) {
    const auto key = key_of(10'000 + i);
    all[1].packets.push_back(random_bytes(pex::kMaxDatagram));
    all[2].packets.push_back(hashed(random_bytes(pex::kMaxDatagram)));
    all[3].packets.push_back(packet_of(key, v4::FindNode{{1}, expires_later()}));
    all[4].packets.push_back(packet_of(key, some_ping(i)));
    for (std::size_t kind = 1; kind <= 4; ++kind) {
      all[5].packets.push_back(all[kind].packets.back());
    }
  }
  return all;
}

// On a thread of its own, while it lives.
class Flood {
 public:
  Flood(const conn::Endpoint& to, const std::vector<Bytes>& packets, double rate)
      : to_(to), packets_(packets), rate_(rate) {
    if (!packets.empty()) thread_ = std::thread([this] { run(); });
  }
  ~Flood() {
    ends_ = true;
    if (thread_.joinable()) thread_.join();
  }

 private:
  void run() {
    // At every address, so that answers are not refused, which would cost the server.
    const Udp udp(IpAddress::v4(0, 0, 0, 0));
    std::vector<ByteView> batch(Udp::kBatch);
    std::vector<IpAddress> from(Udp::kBatch);
    const auto begun = Clock::now();
    for (std::size_t sent = 0; !ends_; sent += batch.size()) {
      for (std::size_t i = 0; i < batch.size(); ++i) {
        const std::size_t source = (sent + i) % kSources;
        batch[i] = packets_[(sent + i) % packets_.size()];
        from[i] = IpAddress::v4(127, std::uint8_t(10 + source / 250 / 250),
                                std::uint8_t(1 + source / 250 % 250), std::uint8_t(source % 250));
      }
      udp.send(to_, batch, from);
      const double ahead = double(sent) / rate_ - seconds_since(begun);
      if (ahead > 0.001) std::this_thread::sleep_for(std::chrono::duration<double>(ahead));
    }
  }

  const conn::Endpoint to_;
  const std::vector<Bytes>& packets_;
  const double rate_;
  std::atomic<bool> ends_ = false;
  std::thread thread_;
};

// --- p2p ---

constexpr conn::ChannelId kHigh{0x22}, kLow{0x30};

class Receiver : public p2p::Reactor {
 public:
  std::string name() const override { return "receiver"; }
  std::vector<p2p::ReactorChannel> channels() const override {
    std::vector<p2p::ReactorChannel> both;
    both.push_back({.id = kHigh, .priority = 10});
    both.push_back({.id = kLow, .priority = 1});
    return both;
  }
  p2p::Delivery delivery() const override { return p2p::Delivery::in_line; }
  void receive(const p2p::PeerPtr&, p2p::Message message) override {
    if (message.channel != kHigh) return;
    Clock::time_point sent;
    std::memcpy(&sent, message.bytes.data(), sizeof sent);
    const std::lock_guard lock(mutex_);
    delays_ms_.push_back(1e3 * seconds_since(sent));
  }
  double take_p99_ms() {
    const std::lock_guard lock(mutex_);
    if (delays_ms_.empty()) return -1;
    std::sort(delays_ms_.begin(), delays_ms_.end());
    const double p99 = delays_ms_[delays_ms_.size() * 99 / 100];
    delays_ms_.clear();
    return p99;
  }

 private:
  std::mutex mutex_;
  std::vector<double> delays_ms_;
};

// Traffic from a switch of its own to one on the runtime that is under load.
class P2pTraffic {
 public:
  explicit P2pTraffic(conn::Runtime& loaded)
      : sink_(loaded, random_key(loaded), config()), source_(own_, random_key(own_), config()) {
    sink_.add_reactor(receiver_);
    source_.add_reactor(std::make_shared<Receiver>());
    if (!source_.start_and_wait() || !sink_.start_and_wait()) die("a switch");
    const conn::NetAddress at = sink_.listen_address();
    source_.dial({at.id, at.endpoint.ip.to_string(), at.endpoint.port});
    while (source_.peers().empty()) std::this_thread::sleep_for(1ms);
    peer_ = source_.peers().front();
    thread_ = std::thread([this] { run(); });
  }
  ~P2pTraffic() {
    ends_ = true;
    thread_.join();
  }
  double take_p99_ms() { return receiver_->take_p99_ms(); }

 private:
  static p2p::SwitchConfig config() {
    p2p::SwitchConfig config;  // with the default rates
    config.networks = {"bench-chain"};
    config.p2p.laddr = "tcp://127.0.0.1:0";
    config.p2p.allow_duplicate_ip = true;
    return config;
  }
  static conn::NodeKey random_key(conn::Runtime& runtime) {
    conn::Secret<32> seed;
    runtime.random(seed.writable());
    return conn::NodeKey::from_seed(seed);
  }
  void run() {
    const auto large = std::make_shared<const Bytes>(Bytes(64 << 10, 1));
    while (!ends_) {
      while (peer_->try_send(kLow, large) == conn::SendResult::queued) {
      }
      Bytes small(200);
      const auto now = Clock::now();
      std::memcpy(small.data(), &now, sizeof now);
      peer_->try_send(kHigh, std::move(small));
      std::this_thread::sleep_for(5ms);
    }
  }

  conn::AsioRuntime own_{1};
  std::shared_ptr<Receiver> receiver_ = std::make_shared<Receiver>();
  p2p::Switch sink_, source_;
  p2p::PeerPtr peer_;
  std::atomic<bool> ends_ = false;
  std::thread thread_;
};

// --- honest servers and an honest peer ---

// Each on an address of its own, on one thread.
class Honest {
 public:
  explicit Honest(std::uint8_t count) {
    std::promise<void> begun;
    runtime_.shard(0).post([&] {
      for (std::uint8_t i = 1; i <= count; ++i) {
        pex::DiscoveryServer::Settings settings;
        settings.listen = {IpAddress::v4(127, 0, 3, i), 0};
        auto started = pex::DiscoveryServer::start(
            key_of(i), std::move(settings), {.runtime = runtime_, .shard = runtime_.shard(0)});
        if (!started) die("an honest server");
        ports_.push_back((*started)->snapshot()->local.port);
        servers_.push_back(std::move(*started));
      }
      begun.set_value();
    });
    begun.get_future().wait();
  }
  ~Honest() {
    std::promise<void> ended;
    runtime_.shard(0).post([&] {
      servers_.clear();
      ended.set_value();
    });
    ended.get_future().wait();
  }
  std::vector<pex::Contact> contacts(std::uint8_t first) const {
    std::vector<pex::Contact> all;
    for (std::size_t i = 0; i < ports_.size(); ++i) {
      const auto node = static_cast<std::uint8_t>(i + 1);
      all.push_back(pex::Contact::at(key_of(node).public_key(),
                                     {IpAddress::v4(first, 0, 3, node), ports_[i]}, 0));
    }
    return all;
  }

 private:
  conn::AsioRuntime runtime_{1};
  std::vector<std::uint16_t> ports_;
  std::vector<std::unique_ptr<pex::DiscoveryServer>> servers_;
};

// Every 50 ms, in the same time; the share that was answered.
double pings_answered(Udp& peer, const conn::Endpoint& to, double seconds) {
  static std::uint64_t number = 0;
  std::size_t sent = 0, answered = 0;
  const auto drain = [&](std::chrono::milliseconds patience) {
    for (const Udp::Received& each : peer.receive(patience)) {
      const auto message = v4::decode(each.bytes);
      answered += message && std::holds_alternative<v4::Pong>(*message) ? 1 : 0;
    }
  };
  for (const auto begun = Clock::now(); seconds_since(begun) < seconds; ++sent) {
    const Bytes packet = packet_of(key_of(50), some_ping(++number));
    peer.send(to, {packet});
    std::this_thread::sleep_for(50ms);
    drain(0ms);
  }
  drain(200ms);
  return static_cast<double>(answered) / static_cast<double>(sent);
}

struct Figures {
  conn::DatagramFigures socket;
  pex::DiscoveryCounters::Lookups lookups;
};

}  // namespace

int main(int argc, char** argv) {
  if (sodium_init() < 0) return 1;
  const double seconds = argc > 1 ? std::atof(argv[1]) : 3;
  const double rate = argc > 2 ? std::atof(argv[2]) : 100'000;
  const auto all = kinds();
  std::printf("%-10s%-36s %9s %7s %7s %7s %9s %9s %7s\n", "sources", "flood", "handled/s", "lost/s",
              "core %", "MiB", "p2p p99", "lookups", "pings");
  for (const Sees sees : {Sees::loopback, Sees::everybody_public}) {
    const std::uint8_t first = sees == Sees::loopback ? 127 : 20;
    const Honest honest(kHonest);
    Udp peer(IpAddress::v4(127, 0, 4, 1));
    const double heap = heap_mib();
    pex::DiscoverySettings settings;
    settings.boot = honest.contacts(first);
    DiscoveryUnderLoad server(std::move(settings), sees);
    P2pTraffic traffic(server.runtime());
    server.run([&](pex::DiscoveryCore& core, pex::DiscoveryTime now) {
      bond(core, key_of(50), {IpAddress::v4(first, 0, 4, 1), peer.at().port}, now);
      core.set_need(0, 10);
    });
    std::this_thread::sleep_for(3s);
    for (const Kind& kind : all) {
      const auto look = [&] {
        Figures seen;
        seen.socket = server.figures();
        server.run([&](pex::DiscoveryCore& core, pex::DiscoveryTime) {
          seen.lookups = core.counters().lookups[0];
        });
        return seen;
      };
      const Flood flood(server.at(), kind.packets, rate);
      std::this_thread::sleep_for(200ms);
      (void)traffic.take_p99_ms();
      const Figures before = look();
      const double busy = server.busy_us();
      const auto begun = Clock::now();
      const double answered = pings_answered(peer, server.at(), seconds);
      const double took = seconds_since(begun);
      const double share = (server.busy_us() - busy) / took / 1e4;
      const Figures after = look();
      const auto ended = after.lookups.finished - before.lookups.finished;
      const auto late = after.lookups.timed_out - before.lookups.timed_out;
      std::printf("%-10s%-36s %9.0f %7.0f %7.1f %7.1f %6.2f ms %4" PRIu64 "/%-4" PRIu64
                  " %5.0f %%\n",
                  sees == Sees::loopback ? "loopback" : "public", kind.what,
                  double(after.socket.received - before.socket.received) / took,
                  double(after.socket.overflowed - before.socket.overflowed) / took, share,
                  heap_mib() - heap, traffic.take_p99_ms(), ended, ended + late, 100 * answered);
      std::fflush(stdout);
    }
  }
  return 0;
}
