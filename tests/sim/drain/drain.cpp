#include "tests/sim/drain/drain.h"

#include <algorithm>
#include <cmath>
#include <memory>
#include <optional>

#include "tests/sim/eclipse/honest_world.h"
#include "tests/sim/eclipse/our_victim.h"

namespace peerage::sim::drain {
namespace {

using conn::Duration;
using conn::IpAddress;
using conn::TimePoint;
using eclipse::HonestWorld;
using eclipse::OurVictim;
using eclipse::TrialRandom;

const IpAddress kNode = IpAddress::v4(126, 1, 1, 1);
// What counts begins then: a node that has just started is not full.
constexpr Duration kSettled = 10min;
constexpr Duration kForGood = 24h * 3650;

class Month {
 public:
  Month(const DrainPlan& plan, std::uint64_t seed, const std::filesystem::path& directory)
      : plan_(plan), random_(seed), world_(seed * 2 + 1) {
    world_.set_link_rule([this](const IpAddress& from, const IpAddress& to) {
      LinkPlan link;
      link.latency = 30ms;
      if (is_dark_ && (from == kNode || to == kNode)) link.connect = LinkPlan::Connect::ignored;
      return link;
    });
    honest_ = std::make_unique<HonestWorld>(world_, plan_.world, random_);
    SimHost& host = world_.add_host({kNode}, 1);
    OurVictim::Plan node = OurVictim::default_plan();
    // As in a real node: it is to notice that its link is dead.
    node.node.connections.liveness = {};
    node.node.seeds = honest_->seeds();
    node_ = std::make_unique<OurVictim>(host, node, directory / "book.db");
    honest_->begin(node_->address());
    node_->on_change = [this] { look(); };
  }
  ~Month() {
    node_->stop();
    world_.run_until([this] { return node_->stopped(); }, 1min);
  }

  Drained run() {
    node_->start();
    const auto seeds = honest_->seeds();
    for (std::size_t i = 0; i < std::min(seeds.size(), plan_.seeds_die.size()); ++i) {
      world_.after(plan_.seeds_die[i], [this, ip = *IpAddress::parse(seeds[i].host)] {
        honest_->take_down(ip, kForGood);
      });
    }
    world_.run_for(kSettled);
    looked_ = counts_from_ = world_.now();
    lowest_ = node_->outbound().size();
    plan_blackout();
    const std::uint64_t dials = node_->dials();
    const Duration span(std::llround(plan_.days * 24 * 3.6e12));
    world_.run_for(span);
    look();
    return result(span, node_->dials() - dials);
  }

 private:
  void plan_blackout() {
    if (plan_.blackouts_a_day <= 0) return;
    world_.after(random_.until_next(plan_.blackouts_a_day, 24h), [this] { go_dark(); });
  }
  void go_dark() {
    look();
    is_dark_ = true;
    ++blackouts_;
    // The blackout before has not been made good.
    if (waiting_since_) ++unfilled_;
    waiting_since_.reset();
    world_.black_hole(ours());
    world_.after(plan_.blackout, [this] { go_light(); });
  }
  void go_light() {
    look();
    is_dark_ = false;
    world_.heal(ours());
    waiting_since_ = world_.now();
    counts_from_ = world_.now() + kPromisedRefill;
    look();
    plan_blackout();
  }
  static SimWorld::Between ours() {
    return [](const IpAddress& a, const IpAddress& b) { return a == kNode || b == kNode; };
  }

  // What was true since the last look, and what is now.
  void look() {
    const TimePoint now = world_.now();
    if (!is_dark_ && now > counts_from_) {
      const auto span =
          std::chrono::duration<double>(now - std::max(looked_, counts_from_)).count();
      counted_ += span;
      if (was_full_) full_ += span;
    }
    looked_ = now;
    const std::size_t peers = node_->outbound().size();
    was_full_ = peers >= node_->outbound_slots();
    if (is_dark_) return;
    if (now > counts_from_) lowest_ = std::min(lowest_, peers);
    if (was_full_ && waiting_since_) {
      refills_.push_back(now - *waiting_since_);
      waiting_since_.reset();
    }
  }

  Drained result(Duration span, std::uint64_t dials) {
    Drained drained;
    drained.full = counted_ > 0 ? full_ / counted_ : 0;
    drained.blackouts = blackouts_;
    drained.unfilled = unfilled_;
    std::sort(refills_.begin(), refills_.end());
    if (!refills_.empty()) {
      drained.refill_p50 = refills_[(refills_.size() - 1) / 2];
      drained.refill_max = refills_.back();
    }
    drained.lowest = lowest_;
    drained.dials_an_hour =
        static_cast<double>(dials) / std::chrono::duration<double, std::ratio<3600>>(span).count();
    drained.trace = world_.trace_hash();
    return drained;
  }

  const DrainPlan plan_;
  TrialRandom random_;
  SimWorld world_;
  std::unique_ptr<HonestWorld> honest_;
  std::unique_ptr<OurVictim> node_;
  bool is_dark_ = false;
  bool was_full_ = false;
  TimePoint looked_, counts_from_ = TimePoint::max();
  std::optional<TimePoint> waiting_since_;  // the link is back, and the set is not full yet
  double counted_ = 0, full_ = 0;           // seconds
  std::size_t blackouts_ = 0, unfilled_ = 0, lowest_ = 0;
  std::vector<Duration> refills_;
};

}  // namespace

Drained run_drain(const DrainPlan& plan, std::uint64_t seed,
                  const std::filesystem::path& directory) {
  return Month(plan, seed, directory).run();
}

}  // namespace peerage::sim::drain
