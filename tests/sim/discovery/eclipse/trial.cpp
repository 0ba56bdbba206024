#include "tests/sim/discovery/eclipse/trial.h"

#include <algorithm>
#include <array>
#include <limits>
#include <memory>
#include <set>
#include <string>

#include "pex/discovery/candidates.h"
#include "tests/sim/discovery/eclipse/attacker.h"
#include "tests/sim/discovery/stage.h"

namespace peerage::sim::discovery {
namespace {

// The honest nodes have found one another.
constexpr Duration kSettling = 20min;
// For so long they have heard of the attacker before a fresh or restarted victim starts.
constexpr Duration kKnown = 1h;
// A restart takes so long, and the attacker's pings come all the while.
constexpr Duration kDown = 1min;
constexpr std::size_t kLookups = 40;
constexpr std::size_t kLookupsAtOnce = 4;
constexpr Duration kLookupTakes = 25s;
constexpr std::array kMoments = {0.1, 1.0, 6.0, 24.0, 72.0};
// Of those that are only there: they look around less often, to save time.
constexpr Duration kBystandersLookUp = 2min;
constexpr std::size_t kNoLimit = std::numeric_limits<std::size_t>::max() / 2;

Options options_of(const EclipsePlan& plan) {
  Options options;
  options.nodes = plan.world.nodes + 2;
  options.loss = plan.world.loss;
  options.delay = plan.world.delay;
  options.seed = plan.seed;
  return options;
}

void leave_out(Without without, pex::DiscoverySettings& settings) {
  pex::DiscoveryLimits& limits = settings.limits;
  if (without == Without::network_shares) limits.network_in_bucket = kNoLimit;
  if (without == Without::network_shares) limits.network_in_table = kNoLimit;
  if (without == Without::inbound_share) limits.bucket_inbound = limits.bucket_entries;
  if (without == Without::inbound_share) limits.inbound_closed = Duration(0);
  if (without == Without::stored_nodes) settings.stored.rows.clear();
}

// The victim's candidates, taken as the bridge to the address book takes them.
class Handed {
 public:
  Handed(SimWorld& world, const Attacker& attacker) : world_(world), attacker_(attacker) {
    forget();
    look();
  }

  void forget() {
    pool_ = std::make_unique<pex::Candidates>(
        pex::Candidates::Settings{{}, {std::string(Member::kNetwork)}, {}}, world_.now());
    hosts_.clear();
    records_.clear();
  }
  void on_update(const pex::Update& update) {
    pool_->on_update(update, world_.now());
    if (const auto* const node = std::get_if<pex::update::Added>(&update)) note(node->node);
    if (const auto* const node = std::get_if<pex::update::RecordChanged>(&update)) note(node->node);
  }
  std::size_t size() const { return hosts_.size(); }
  double share() const {
    return share_of(hosts_, [this](const IpAddress& ip) { return attacker_.owns(ip); });
  }
  double share_of_records() const {
    return share_of(records_, [](const auto& record) { return record.second; });
  }

 private:
  template <typename Set, typename Is>
  static double share_of(const Set& set, const Is& is) {
    if (set.empty()) return 0;
    return static_cast<double>(std::count_if(set.begin(), set.end(), is)) /
           static_cast<double>(set.size());
  }
  void note(const pex::Contact& node) {
    if (node.record) records_.emplace(node.id, attacker_.owns(node.udp.ip));
  }
  void look() {
    for (const auto& each : pool_->take(world_.now(), [](const auto&) { return false; })) {
      hosts_.insert(each.address.endpoint.ip);
    }
    world_.after(1s, [this] { look(); });
  }

  SimWorld& world_;
  const Attacker& attacker_;
  std::unique_ptr<pex::Candidates> pool_;
  std::set<IpAddress> hosts_;
  std::set<std::pair<pex::EnodeId, bool>> records_;
};

class Trial {
 public:
  explicit Trial(const EclipsePlan& plan)
      : plan_(plan),
        stage_("An eclipse", options_of(plan)),
        attacker_(stage_.world, stage_.internet, plan.attack, std::string(Member::kNetwork)),
        handed_(stage_.world, attacker_) {}

  Outcome run(const std::function<void(double, const std::string&)>& progress) {
    stage_.options.progress = nullptr;
    stage_.add_boot_node();
    stage_.add_nodes(plan_.world.nodes, bystander());
    stage_.go_on(kSettling, kSettling);
    if (plan_.age != Age::fresh) add_victim();
    begin_attack(progress);
    Outcome outcome;
    const TimePoint from = stage_.world.now();
    for (const double hours : moments()) {
      const auto at = from + std::chrono::duration_cast<Duration>(
                                 std::chrono::duration<double, std::ratio<3600>>(hours));
      while (stage_.world.now() < at) {
        stage_.go_on(std::min<Duration>(at - stage_.world.now(), 10min), 10min);
        const double since = std::chrono::duration<double>(stage_.world.now() - from).count();
        if (progress) progress(since / 3600 / plan_.hours, plan_.attack.text());
      }
      outcome.holdings.push_back(holding(hours));
    }
    return outcome;
  }

 private:
  std::vector<double> moments() const {
    std::vector<double> moments;
    for (const double each : kMoments) {
      if (each < plan_.hours) moments.push_back(each);
    }
    moments.push_back(plan_.hours);
    return moments;
  }
  Member::Plan bystander() const {
    Member::Plan plan = stage_.plan();
    plan.change = [](pex::DiscoverySettings& settings) {
      settings.limits.lookup_interval_high = kBystandersLookUp;
    };
    return plan;
  }

  void add_victim() {
    Member::Plan plan = stage_.plan();
    plan.change = [without = plan_.without](pex::DiscoverySettings& settings) {
      leave_out(without, settings);
    };
    victim_ = &stage_.add_node(std::move(plan));
    victim_->on_update = [this](const pex::Update& update) { handed_.on_update(update); };
  }

  void begin_attack(const std::function<void(double, const std::string&)>& progress) {
    if (progress) progress(0, "before the attack");
    std::vector<Endpoint> honest;
    for (const auto& each : stage_.members()) {
      if (each.get() != victim_) honest.push_back(each->endpoint());
    }
    switch (plan_.age) {
      case Age::fresh:
        attacker_.introduce(std::move(honest));
        stage_.go_on(kKnown, kKnown);
        add_victim();
        attacker_.flood(victim_->endpoint());
        break;
      case Age::restarted:
        stage_.go_on(plan_.warm_up, 1h);
        attacker_.introduce(std::move(honest));
        stage_.go_on(kKnown, kKnown);
        victim_->crash();
        handed_.forget();
        attacker_.flood(victim_->endpoint());
        stage_.go_on(kDown, kDown);
        victim_->start();
        break;
      case Age::day_old:
        stage_.go_on(plan_.warm_up, 1h);
        attacker_.introduce(std::move(honest));
        attacker_.flood(victim_->endpoint());
        break;
    }
  }

  Holding holding(double hours) {
    Holding holding;
    holding.hours = hours;
    std::size_t theirs = 0;
    victim_->table().for_each([&](const pex::TableNode& node) {
      if (!node.live()) return;
      ++holding.entries;
      theirs += attacker_.owns(node.contact.udp.ip) ? 1 : 0;
    });
    if (holding.entries > 0) {
      holding.table = static_cast<double>(theirs) / static_cast<double>(holding.entries);
    }
    holding.lookups = share_of_lookups();
    holding.candidates = handed_.share();
    holding.records = handed_.share_of_records();
    holding.handed = handed_.size();
    return holding;
  }

  double share_of_lookups() {
    const auto found = std::make_shared<std::pair<std::size_t, std::size_t>>();  // theirs, all
    for (std::size_t i = 0; i < kLookups; i += kLookupsAtOnce) {
      for (std::size_t n = 0; n < kLookupsAtOnce; ++n) {
        const auto target = conn::random_value<conn::ByteArray<64>>(victim_->host());
        victim_->look_up(target, [this, found](const std::vector<pex::Contact>& closest) {
          for (const pex::Contact& each : closest) {
            found->first += attacker_.owns(each.udp.ip) ? 1 : 0;
            ++found->second;
          }
        });
      }
      stage_.world.run_for(kLookupTakes);
    }
    if (found->second == 0) return 0;
    return static_cast<double>(found->first) / static_cast<double>(found->second);
  }

  const EclipsePlan plan_;
  Stage stage_;
  Attacker attacker_;
  Handed handed_;
  Member* victim_ = nullptr;
};

}  // namespace

Outcome play(const EclipsePlan& plan,
             const std::function<void(double done, const std::string& now)>& progress) {
  return Trial(plan).run(progress);
}

}  // namespace peerage::sim::discovery
