#include "tests/sim/scenario/internet.h"

#include <algorithm>
#include <utility>

namespace peerage::sim {
namespace {

std::uint64_t mix(std::uint64_t z) {
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
  z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
  return z ^ (z >> 31);
}

std::uint64_t number_of(const IpAddress& ip) {
  std::uint64_t number = 0;
  for (const std::uint8_t byte : ip.bytes()) number = mix(number ^ byte) + 1;
  return number;
}

std::uint8_t byte_of(std::uint64_t random, unsigned shift) {
  return static_cast<std::uint8_t>(random >> shift);
}

}  // namespace

Internet::Internet(SimWorld& world, const Options& options) : world_(world), options_(options) {
  world_.set_link_rule(
      [this](const IpAddress& from, const IpAddress& to) { return plan(from, to); });
}

IpAddress Internet::draw() {
  while (true) {
    const std::uint64_t random = world_.random();
    const bool hosted = static_cast<double>(random % 1000) < 1000 * options_.hosted_share;
    // 3.0.0.0 and following are routed everywhere; 20.0.0.0 to 99.255.0.0 too.
    const std::size_t company = byte_of(random, 16) % options_.hosting_networks;
    const std::uint8_t first =
        hosted ? 3 : static_cast<std::uint8_t>(20 + byte_of(random, 16) % 80);
    const std::uint8_t second = hosted ? static_cast<std::uint8_t>(company) : byte_of(random, 24);
    const IpAddress ip = IpAddress::v4(first, second, byte_of(random, 32),
                                       static_cast<std::uint8_t>(1 + byte_of(random, 40) % 250));
    if (drawn_.insert(ip.to_string()).second) return ip;
  }
}

LinkPlan Internet::plan(const IpAddress& from, const IpAddress& to) const {
  LinkPlan plan;
  plan.loss = options_.loss;
  const auto span = static_cast<std::uint64_t>((options_.longest - options_.shortest).count());
  const std::uint64_t both = mix(number_of(from) ^ number_of(to));
  plan.latency = options_.shortest + Duration(static_cast<Duration::rep>(both % (span + 1)));
  const bool cut = side_ && side_(from) != side_(to);
  if (cut || is_hidden(to)) plan.connect = LinkPlan::Connect::ignored;
  if (cut) plan.datagrams = LinkPlan::Datagrams::swallowed;
  if (bend_) bend_(from, to, plan);
  return plan;
}

void Internet::split(Side side) {
  heal();
  side_ = std::move(side);
  world_.black_hole([this](const IpAddress& dialler, const IpAddress& acceptor) {
    return side_(dialler) != side_(acceptor);
  });
}

void Internet::heal() {
  const Side was = std::exchange(side_, nullptr);
  if (!was) return;
  world_.heal([&was](const IpAddress& dialler, const IpAddress& acceptor) {
    return was(dialler) != was(acceptor);
  });
}

}  // namespace peerage::sim
