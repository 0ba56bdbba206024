#include "tests/sim/slots/honest.h"

#include <algorithm>
#include <utility>

namespace peerage::sim::slots {
namespace {

using conn::Duration;
using conn::TimePoint;
using namespace std::chrono_literals;

constexpr Duration kDay = 24h;
constexpr Duration kOldest = 30 * kDay;

// Four neighbouring /24s of each /16 have honest nodes.
conn::IpAddress address_in(std::size_t network, std::size_t host) {
  const std::size_t group = network / 4;
  return conn::IpAddress::v4(
      static_cast<std::uint8_t>(20 + group / 256), static_cast<std::uint8_t>(group % 256),
      static_cast<std::uint8_t>(network % 4), static_cast<std::uint8_t>(1 + host));
}
std::size_t network_of(const conn::IpAddress& ip) {
  const auto bytes = ip.v4_bytes();
  return ((bytes[0] - 20u) * 256 + bytes[1]) * 4 + bytes[2];
}

}  // namespace

Honest::Honest(const NodePlan& plan, Node& node, Timeline& timeline, std::uint64_t seed)
    : plan_(plan),
      node_(node),
      timeline_(timeline),
      random_(seed),
      heard_of_(plan.networks, timeline.now() - kDay) {}

void Honest::start() {
  std::vector<Duration> ages;
  for (std::size_t i = 0; i < plan_.long_lived; ++i) {
    const double share = random_.share();
    ages.push_back(kDay + Duration(static_cast<Duration::rep>(
                              share * static_cast<double>((kOldest - kDay).count()))));
  }
  std::sort(ages.rbegin(), ages.rend());
  settle(ages);
  newcomers();
  restarts();
}

void Honest::settle(const std::vector<Duration>& ages) {
  for (const Duration age : ages) {
    const TimePoint then = timeline_.now() - age;
    const auto guest = std::make_shared<Guest>(Guest{draw_address(), then, 0, {}, true});
    while (!connect(guest, then)) guest->ip = draw_address();  // a host has one slot
  }
}

conn::IpAddress Honest::draw_address() {
  return address_in(random_.below(plan_.networks), random_.below(254));
}

bool Honest::connect(const GuestPtr& guest, TimePoint now) {
  const auto link = node_.connect(
      guest->ip, Side::honest, [this, guest](TimePoint when) { on_evicted(guest, when); }, now);
  if (!link) return false;
  guest->link = *link;
  guest->since = now;
  connected_.emplace(*link, guest);
  return true;
}

void Honest::newcomers() {
  if (plan_.newcomers <= 0) return;
  timeline_.after(random_.until_next(plan_.newcomers, 1min), [this] {
    if (plan_.newcomers <= 0) return;
    come(draw_address());
    newcomers();
  });
}

void Honest::restarts() {
  const double count = plan_.restarts * static_cast<double>(plan_.long_lived);
  if (count <= 0) return;
  timeline_.after(random_.until_next(count, kDay), [this] {
    std::vector<GuestPtr> old;
    for (const auto& [link, guest] : connected_) {
      if (timeline_.now() - guest->since >= kDay) old.push_back(guest);
    }
    if (!old.empty()) {
      const GuestPtr guest = old[random_.below(old.size())];
      node_.leave(guest->link);
      connected_.erase(guest->link);
      timeline_.after(1min, [this, ip = guest->ip] { come(ip); });
    }
    restarts();
  });
}

void Honest::come(const conn::IpAddress& ip) {
  attempt(std::make_shared<Guest>(Guest{ip, timeline_.now(), 0, {}, false}));
}

void Honest::attempt(const GuestPtr& guest) {
  heard_of_[network_of(guest->ip)] = timeline_.now();
  if (!connect(guest, timeline_.now())) {
    try_again(guest);
    return;
  }
  timeline_.after(kAdmitted, [this, guest, link = guest->link] { on_kept(guest, link); });
}

void Honest::on_kept(const GuestPtr& guest, p2p::LinkId link) {
  if (guest->link != link) return;
  guest->admitted = true;
  record_.waits.push_back(guest->since - guest->came);
}

void Honest::try_again(const GuestPtr& guest) {
  const Duration pause = 15s + Duration(static_cast<Duration::rep>(
                                   random_.share() * static_cast<double>(Duration(30s).count())));
  if (timeline_.now() + pause - guest->came >= kPatience) {
    record_.waits.push_back(kPatience);
    return;
  }
  timeline_.after(pause, [this, guest] { attempt(guest); });
}

void Honest::on_evicted(const GuestPtr& guest, TimePoint now) {
  connected_.erase(std::exchange(guest->link, 0));
  if (!guest->admitted) {
    try_again(guest);
    return;
  }
  record_.stays.push_back(now - guest->since);
  if (now - guest->since >= kDay) ++record_.lost;
}

std::size_t Honest::day_old() const {
  return static_cast<std::size_t>(std::count_if(
      connected_.begin(), connected_.end(),
      [this](const auto& entry) { return timeline_.now() - entry.second->since >= kDay; }));
}

std::size_t Honest::active_networks() const {
  return static_cast<std::size_t>(
      std::count_if(heard_of_.begin(), heard_of_.end(),
                    [this](TimePoint last) { return timeline_.now() - last < 1h; }));
}

}  // namespace peerage::sim::slots
