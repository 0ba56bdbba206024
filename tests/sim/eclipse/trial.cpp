#include "tests/sim/eclipse/trial.h"

#include <algorithm>
#include <ctime>
#include <stdexcept>
#include <utility>

#include "addrbook/book/limits.h"
#include "tests/sim/eclipse/in_child.h"

namespace peerage::sim::eclipse {
namespace {

constexpr conn::Duration kDwell = 10min;
constexpr conn::Duration kLookPause = 1min;
constexpr conn::Duration kAfterRestart = 1h;
constexpr std::size_t kAnchors = addrbook::kMaxAnchors;

double processor_seconds() {
  return static_cast<double>(std::clock()) / CLOCKS_PER_SEC;
}

double share(std::size_t part, std::size_t whole) {
  return whole == 0 ? 0 : static_cast<double>(part) / static_cast<double>(whole);
}

}  // namespace

Trial::Trial(const Policy& policy, const WorldPlan& world, std::uint64_t seed,
             const std::filesystem::path& directory)
    : policy_(policy), random_(seed), world_(seed * 2 + 1) {
  LinkPlan link;
  link.latency = 30ms;
  world_.set_default_link(link);
  honest_ = std::make_unique<HonestWorld>(world_, world, random_);
  SimHost& host = world_.add_host({conn::IpAddress::v4(126, 1, 1, 1)}, 1);
  victim_ = policy_.make(host, honest_->seeds(), directory / "book.db");
  honest_->begin(victim_->address());
  victim_->on_change = [this] { look(); };
  watch();
}

Trial::~Trial() {
  if (!running_) return;
  victim_->stop();
  world_.run_until([this] { return victim_->stopped(); }, 1min);
}

void Trial::start_victim() {
  running_ = true;
  started_ = world_.now();
  full_since_start_.reset();
  only_attackers_since_.reset();
  victim_->start();
}

void Trial::watch() {
  look();
  world_.after(kLookPause, [this] { watch(); });
}

bool Trial::is_eclipsed_now() const {
  if (!attacker_) return false;
  const auto peers = victim_->outbound();
  return !peers.empty() && std::all_of(peers.begin(), peers.end(), [this](const auto& peer) {
    return attacker_->estate().owns(peer.address.endpoint.ip);
  });
}

void Trial::look() {
  const conn::TimePoint now = world_.now();
  const bool full = victim_->outbound().size() >= victim_->outbound_slots();
  if (running_ && full && !full_since_start_) full_since_start_ = now;
  if (!is_eclipsed_now()) {
    only_attackers_since_.reset();
    return;
  }
  if (!only_attackers_since_) only_attackers_since_ = now;
  if (!eclipsed_ && (full || now - *only_attackers_since_ >= kDwell)) eclipsed_ = now;
}

void Trial::warm_up(conn::Duration age) {
  start_victim();
  run_for(age);
}

double Trial::hours_since(conn::TimePoint when) const {
  return std::chrono::duration<double, std::ratio<3600>>(world_.now() - when).count();
}

Standing Trial::standing() const {
  Standing now;
  const auto owns = [this](const conn::IpAddress& ip) {
    return attacker_ && attacker_->estate().owns(ip);
  };
  std::size_t all[2] = {0, 0}, owned[2] = {0, 0};
  victim_->for_each_known([&](const conn::NetAddress& address, addrbook::Kind kind) {
    const auto index = static_cast<std::size_t>(kind);
    ++all[index];
    owned[index] += owns(address.endpoint.ip) ? 1 : 0;
  });
  now.in_new = share(owned[0], all[0]);
  now.in_tried = share(owned[1], all[1]);
  now.known = all[0] + all[1];
  const auto peers = victim_->outbound();
  now.outbound_peers = peers.size();
  now.outbound = share(static_cast<std::size_t>(std::count_if(
                           peers.begin(), peers.end(),
                           [&](const auto& peer) { return owns(peer.address.endpoint.ip); })),
                       peers.size());
  const auto inbound = victim_->inbound();
  now.inbound = share(static_cast<std::size_t>(std::count_if(inbound.begin(), inbound.end(), owns)),
                      inbound.size());
  now.told = share(honest_->told().counted, honest_->told().all);
  return now;
}

Outcome Trial::attack(const AttackPlan& plan, std::uint64_t seed, const Timing& timing) {
  const double began = processor_seconds();
  // The history is shared; what follows is this attack's own.
  random_ = TrialRandom(seed);
  for (std::uint64_t skipped = seed % 1000; skipped > 0; --skipped) (void)world_.random();
  const auto sockets = policy_.source == Policy::Source::claim ? Attacker::Sockets::as_claimed
                                                               : Attacker::Sockets::own;
  attacker_ = std::make_unique<Attacker>(world_, plan, policy_.ids_for(plan.addresses), sockets,
                                         *honest_, *victim_, random_);
  honest_->count_told([this](const conn::IpAddress& ip) { return attacker_->estate().owns(ip); });
  attacker_->begin();
  if (!running_) start_victim();

  Outcome outcome;
  const conn::TimePoint start = world_.now();
  const std::uint64_t dials = victim_->dials();
  for (const conn::Duration checkpoint : timing.checkpoints) {
    run_for(start + checkpoint - world_.now());
    Checkpoint point;
    point.hours = hours_since(start);
    point.eclipsed = eclipsed_.has_value();
    point.standing = standing();
    if (timing.restarts == Timing::Restarts::tried) {
      const auto tried = [this](Moment moment) {
        const std::string text = in_child([this, moment] {
          const Restart came = restart(moment);
          return std::to_string(came.eclipsed ? 1 : 0) + " " + std::to_string(came.outbound);
        });
        return Restart{text.at(0) == '1', std::stod(text.substr(2))};
      };
      point.plain = tried(Moment::any);
      point.timed = tried(Moment::anchors_down);
    }
    outcome.checkpoints.push_back(point);
  }
  const double hours = hours_since(start);
  outcome.dials_per_hour = hours == 0 ? 0 : static_cast<double>(victim_->dials() - dials) / hours;
  if (eclipsed_) outcome.eclipsed_at = hours - hours_since(*eclipsed_);
  if (full_since_start_) {
    outcome.full_at = std::chrono::duration<double>(*full_since_start_ - started_).count();
  }
  outcome.visits = attacker_->visits();
  outcome.trace = world_.trace_hash();
  outcome.seconds = processor_seconds() - began;
  return outcome;
}

// In a copy of the process: a restart cannot be undone.
Restart Trial::restart(Moment moment) {
  if (moment == Moment::anchors_down) {
    auto peers = victim_->outbound();
    std::sort(peers.begin(), peers.end(),
              [](const auto& a, const auto& b) { return a.since < b.since; });
    peers.resize(std::min(peers.size(), kAnchors));
    victim_->stop();
    for (const auto& peer : peers) honest_->take_down(peer.address.endpoint.ip, kAfterRestart);
  } else {
    victim_->stop();
  }
  if (!world_.run_until([this] { return victim_->stopped(); }, 1min)) {
    throw std::runtime_error("the victim does not stop");
  }
  victim_->make_anew();
  eclipsed_.reset();
  start_victim();
  run_for(kAfterRestart);
  return {eclipsed_.has_value(), standing().outbound};
}

}  // namespace peerage::sim::eclipse
