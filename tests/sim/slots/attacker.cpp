#include "tests/sim/slots/attacker.h"

#include <algorithm>

namespace peerage::sim::slots {
namespace {

using conn::Duration;
using conn::TimePoint;
using namespace std::chrono_literals;

// A host may connect as often; what it may save up makes no difference for long.
constexpr Duration kHostPause = p2p::ConnectionRateConfig{}.interval;
constexpr Duration kTick = 1s;

}  // namespace

Attacker::Attacker(const AttackPlan& plan, Node& node, Timeline& timeline, std::uint64_t seed)
    : plan_(plan),
      node_(node),
      timeline_(timeline),
      random_(seed),
      may_try_(plan.hosts, timeline.now()),
      here_(plan.hosts),
      networks_(plan.networks) {
  for (std::size_t host = 0; host < plan.hosts; ++host) {
    networks_[network_of(host)].idle.push_back(host);
  }
  for (std::size_t i = 0; i < networks_.size(); ++i) by_had_.emplace(0, i);
}

// /24s, each in a /16 of its own; /48s, in /32s, where a /24 has too few addresses.
conn::IpAddress Attacker::address(std::size_t host) const {
  const std::size_t network = network_of(host);
  const std::size_t nth = host / plan_.networks;
  const auto high = static_cast<std::uint8_t>(network / 256);
  const auto low = static_cast<std::uint8_t>(network % 256);
  if (plan_.hosts <= 254 * plan_.networks) {
    return conn::IpAddress::v4(static_cast<std::uint8_t>(100 + high), low, 0,
                               static_cast<std::uint8_t>(1 + nth));
  }
  return conn::IpAddress::v6({0x2a, 0x01, high, low, 0, 0, static_cast<std::uint8_t>(nth / 256),
                              static_cast<std::uint8_t>(nth % 256), 0, 0, 0, 0, 0, 0, 0, 1});
}

void Attacker::start() {
  if (plan_.manner == Manner::busy) {
    tick();
    return;
  }
  for (std::size_t host = 0; host < plan_.hosts; ++host) {
    if (here_[host]) continue;
    const auto delay = Duration(
        static_cast<Duration::rep>(random_.share() * static_cast<double>(Duration(9min).count())));
    timeline_.after(delay, [this, host] { come_politely(host); });
  }
}

void Attacker::come_first(TimePoint then) {
  for (std::size_t host = 0; host < plan_.hosts; ++host) {
    if (!connect(host, then)) continue;
    auto& idle = networks_[network_of(host)].idle;
    idle.erase(std::find(idle.begin(), idle.end(), host));
    if (idle.empty()) by_had_.erase({0, network_of(host)});
  }
}

bool Attacker::connect(std::size_t host, TimePoint now) {
  may_try_[host] = now + kHostPause;
  here_[host] =
      node_
          .connect(
              address(host), Side::attacker, [this, host](TimePoint) { on_evicted(host); }, now)
          .has_value();
  return here_[host];
}

void Attacker::on_evicted(std::size_t host) {
  here_[host] = false;
  if (plan_.manner == Manner::polite) {
    timeline_.after(9min, [this, host] { come_politely(host); });
    return;
  }
  may_try_[host] = timeline_.now() + p2p::kEvictedPause;
  const std::size_t network = network_of(host);
  networks_[network].idle.push_back(host);
  by_had_.emplace(networks_[network].had, network);
}

void Attacker::come_politely(std::size_t host) {
  if (connect(host, timeline_.now())) return;
  timeline_.after(9min, [this, host] { come_politely(host); });
}

void Attacker::tick() {
  forget_old();
  for (std::size_t i = 0; i < plan_.a_second && come_busily(); ++i) {
  }
  timeline_.after(kTick, [this] { tick(); });
}

bool Attacker::come_busily() {
  for (const auto& least : by_had_) {
    const std::size_t network = least.second;
    auto& idle = networks_[network].idle;
    const std::size_t host = idle.front();
    if (timeline_.now() < may_try_[host]) continue;
    idle.pop_front();
    if (!connect(host, timeline_.now())) {
      idle.push_back(host);
      return true;
    }
    if (idle.empty()) by_had_.erase({networks_[network].had, network});
    count(network, 1);
    latest_.push_back({timeline_.now(), network});
    return true;
  }
  return false;
}

void Attacker::count(std::size_t network, int by) {
  Network& it = networks_[network];
  const bool listed = by_had_.erase({it.had, network}) > 0;
  it.had = static_cast<std::size_t>(static_cast<std::ptrdiff_t>(it.had) + by);
  if (listed) by_had_.emplace(it.had, network);
}

void Attacker::forget_old() {
  while (!latest_.empty() && latest_.front().at + p2p::kAdmissionMemory <= timeline_.now()) {
    count(latest_.front().network, -1);
    latest_.pop_front();
  }
}

}  // namespace peerage::sim::slots
