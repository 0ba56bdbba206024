// What a discovery server costs while nothing happens: 200 live nodes, hours of virtual time.
//
//   discovery_idle_bench [HOURS]     2 unless it is told
//
// The core looks itself and others up each 20 seconds and keeps its proofs; the nodes answer, and
// ask it as often as nodes of such a network do. Printed are datagrams a second, the core's share
// of a processor, that of the thread with what its wake-ups cost (each as if it came alone,
// measured with the real server), and the memory that the core holds. The goals: 4 datagrams a
// second, 0.1 % of a core, 4 MiB.
#include <algorithm>
#include <map>

#include <malloc.h>
#include <sodium.h>

#include "tests/bench/support/discovery_load.h"
#include "tests/support/discovery_nodes.h"

namespace {

using namespace peerage;
using namespace peerage::bench;
namespace v4 = pex::v4;
using conn::Bytes;
using conn::Endpoint;
using conn::IpAddress;

constexpr std::uint32_t kNodes = 200, kOwn = 9000;
// Each of them makes a lookup each 20 s, which asks about 20 of the 200.
constexpr conn::Duration kAskedEach = 1s;

class Network {
 public:
  // As many as a bucket holds at each distance, as in a network of many thousands.
  Network() {
    const pex::EnodeId own = pex::EnodeId::of(key_of(kOwn).public_key());
    std::map<unsigned, std::size_t> in_bucket;
    for (std::uint32_t number = 1; nodes_.size() < kNodes; ++number) {
      auto key = key_of(kOwn + number);
      const auto id = pex::EnodeId::of(key.public_key());
      if (++in_bucket[pex::log_distance(own, id)] > pex::DiscoveryLimits{}.bucket_entries) continue;
      const auto place = static_cast<std::uint32_t>(nodes_.size());
      nodes_.push_back({std::move(key), test::public_endpoint(place)});
      number_at_[nodes_.back().at] = place;
    }
  }

  void run(std::size_t hours) {
    const std::size_t heap = ::mallinfo2().uordblks;
    pex::DiscoverySettings settings;
    settings.bound = {IpAddress::v4(0, 0, 0, 0), 30303};
    for (const Node& each : nodes_) {
      settings.boot.push_back(pex::Contact::at(each.key.public_key(), each.at, 0));
    }
    core_ = std::make_unique<pex::DiscoveryCore>(key_of(kOwn), std::move(settings),
                                                 conn::Random::Seed{7}, now());
    if (const auto seq = core_->seq_to_store()) core_->on_seq_stored(*seq, now());
    settle();
    pass(30min);
    const auto counts = core_->table().counts();
    busy_us_ = 0;
    sent_ = received_ = wakes_ = 0;
    pass(1h * hours);
    const double seconds = 3600.0 * double(hours);
    const double share = busy_us_ / seconds / 1e4, wake_us = us_of_a_wake();
    const double with_calls = share + double(wakes_) * wake_us / seconds / 1e4;
    std::printf("live nodes                          %8zu\n", counts.live);
    std::printf("datagrams sent a second             %8.2f  goal 4     %s\n",
                double(sent_) / seconds, double(sent_) / seconds <= 4 ? "yes" : "NO");
    std::printf("datagrams received a second         %8.2f\n", double(received_) / seconds);
    std::printf("wake-ups a second                   %8.2f, of %.1f us\n", double(wakes_) / seconds,
                wake_us);
    std::printf("the core, %% of a processor          %8.4f\n", share);
    std::printf("with its wake-ups, %%                %8.4f  goal 0.1   %s\n", with_calls,
                with_calls <= 0.1 ? "yes" : "NO");
    const double mib = double(::mallinfo2().uordblks - heap) / (1 << 20);
    std::printf("memory, MiB                         %8.2f  goal 4     %s\n", mib,
                mib <= 4 ? "yes" : "NO");
  }

 private:
  struct Node {
    conn::Secp256k1Key key;
    Endpoint at;
  };

  pex::DiscoveryTime now() const { return {steady_, wall_}; }

  // What the core takes.
  template <typename Call>
  void measured(Call call) {
    const double begun = cpu_us();
    call();
    busy_us_ += cpu_us() - begun;
    ++wakes_;
  }
  void give(const Node& from, const v4::Message& message) {
    const Bytes packet = packet_of(from.key, message);
    ++received_;
    measured([&] { core_->receive({from.at, packet}, now()); });
  }

  void pass(conn::Duration time) {
    const conn::TimePoint end = steady_ + time;
    while (std::min(core_->next_deadline(), next_question_) <= end) {
      const conn::TimePoint next = std::min(core_->next_deadline(), next_question_);
      move_to(std::max(next, steady_));
      if (next_question_ <= steady_) {
        next_question_ = steady_ + kAskedEach;
        const Node& node = nodes_[++asking_ % kNodes];
        give(node, v4::FindNode{{std::uint8_t(asking_), std::uint8_t(asking_ >> 8)}, soon()});
      } else {
        measured([&] { core_->on_time(now()); });
      }
      settle();
    }
    move_to(end);
  }
  void move_to(conn::TimePoint when) {
    wall_ += std::chrono::floor<std::chrono::milliseconds>(when - steady_);
    steady_ = when;
  }

  // The nodes answer at once.
  void settle() {
    for (auto going = core_->take_datagrams(); !going.empty(); going = core_->take_datagrams()) {
      for (const pex::OutDatagram& each : going) {
        ++sent_;
        answer(nodes_[number_at_.at(each.to)], each.bytes);
      }
      (void)core_->take_updates();
    }
    if (const auto seq = core_->seq_to_store()) core_->on_seq_stored(*seq, now());
  }
  void answer(const Node& node, const Bytes& packet) {
    const auto message = v4::decode(packet);
    const auto hash = v4::read_hash(packet);
    const v4::WireEndpoint ours{IpAddress::v4(50, 1, 1, 1), 30303, 0};
    if (std::holds_alternative<v4::Ping>(*message)) {
      give(node, v4::Pong{ours, *hash, soon(), {}});
      give(node, v4::Ping{.from = {node.at.ip, node.at.port, 0}, .to = ours, .expires = soon()});
    }
    const auto* const find = std::get_if<v4::FindNode>(&*message);
    if (find == nullptr) return;
    v4::Neighbors told{{}, soon()};
    for (std::size_t i = 0; i < v4::kNodesInAnswer; ++i) {
      const Node& each = nodes_[(find->target[0] + 13 * i + asking_) % kNodes];
      told.nodes.push_back({{each.at.ip, each.at.port, 0}, each.key.public_key().xy()});
      if (told.nodes.size() < v4::kNodesInPacket && i + 1 < v4::kNodesInAnswer) continue;
      give(node, told);
      told.nodes.clear();
    }
  }
  std::uint64_t soon() const {
    return std::uint64_t(
               std::chrono::floor<std::chrono::seconds>(wall_).time_since_epoch().count()) +
           20;
  }

  // One datagram alone, that comes to nothing: the thread wakes, looks, and waits again.
  static double us_of_a_wake() {
    DiscoveryUnderLoad server({});
    const Udp udp(IpAddress::v4(127, 0, 0, 1));
    const Bytes nothing(40);
    static constexpr std::size_t kTimes = 500;
    const double begun = server.busy_us();
    for (std::size_t i = 0; i < kTimes; ++i) {
      udp.send(server.at(), {nothing});
      while (server.handled() <= i) std::this_thread::sleep_for(50us);
    }
    return (server.busy_us() - begun) / double(kTimes);
  }

  conn::TimePoint steady_{1h};
  conn::WallTime wall_{std::chrono::milliseconds(1'700'000'000'000)};
  conn::TimePoint next_question_ = steady_ + 10s;
  std::size_t asking_ = 0;
  std::vector<Node> nodes_;
  std::map<Endpoint, std::size_t> number_at_;
  std::unique_ptr<pex::DiscoveryCore> core_;
  double busy_us_ = 0;
  std::size_t sent_ = 0, received_ = 0, wakes_ = 0;
};

}  // namespace

int main(int argc, char** argv) {
  if (sodium_init() < 0) return 1;
  Network().run(argc > 1 ? std::size_t(std::atoi(argv[1])) : 2);
  return 0;
}
