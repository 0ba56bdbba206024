// One company's addresses connect to the nodes again and again, each time under a new ID and with
// the claim to listen in another network. Their gossip must count as that of one source group.
#include <algorithm>
#include <limits>
#include <map>
#include <set>
#include <vector>

#include "tests/sim/scenario/stage.h"

namespace peerage::sim {
namespace {

constexpr std::size_t kVictims = 5;
constexpr std::size_t kAddresses = 50;  // of the company
constexpr Duration kWarmUp = 10min;
constexpr Duration kVisitEach = 3s;  // to each of the victims
constexpr Duration kStay = 10s;
constexpr std::uint32_t kFirstNumber = 1'000'000;  // of keys; the honest nodes' are below
// The book hears of an address in ten seconds from one source's group, and ten more at first.
constexpr double kHeardInAnHour = 360, kHeardAtOnce = 10;

class Liars {
 public:
  explicit Liars(Stage& stage) : stage_(stage) {
    while (victims_.size() < kVictims) {
      Member* const drawn = stage.population.draw();
      if (std::find(victims_.begin(), victims_.end(), drawn) == victims_.end()) {
        victims_.push_back(drawn);
      }
    }
  }
  ~Liars() {
    while (!visits_.empty()) end_one();
  }
  Liars(const Liars&) = delete;
  Liars& operator=(const Liars&) = delete;

  void on_second() {
    const TimePoint now = stage_.world.now();
    while (!visits_.empty() && visits_.begin()->first <= now) end_one();
    if (now < next_) return;
    next_ = now + kVisitEach;
    for (Member* const victim : victims_) begin_one(*victim);
  }

  std::size_t made() const { return made_; }
  // The most claimed addresses that a victim's book holds; and the fewest others that one holds.
  struct Believed {
    std::size_t most_false = 0;
    std::size_t least_other = std::numeric_limits<std::size_t>::max();
  };
  Believed believed() const {
    Believed all;
    for (Member* const victim : victims_) {
      std::size_t claimed = 0, other = 0;
      dynamic_cast<Node&>(*victim).book().for_each([&](const addrbook::KnownAddress& known) {
        ++(claimed_.contains(known.address.endpoint.ip) ? claimed : other);
      });
      all.most_false = std::max(all.most_false, claimed);
      all.least_other = std::min(all.least_other, other);
    }
    return all;
  }

 private:
  // The host that it dials from. To believe a claim is to take the sockets for being there: with
  // that fault they are.
  SimHost& host_for(const IpAddress& claim) {
    if (stage_.options.fault == Fault::source_from_claim) return stage_.world.add_host({claim});
    const auto index = static_cast<std::uint8_t>(made_ % kAddresses);
    if (hosts_.size() <= index) {
      hosts_.push_back(&stage_.world.add_host({IpAddress::v4(66, 66, index, 1)}));
    }
    return *hosts_[index];
  }
  void begin_one(Member& victim) {
    const IpAddress claim = stage_.internet.draw();
    claimed_.insert(claim);
    Node::Plan plan = Node::plan();
    plan.node.p2p.max_num_outbound_peers = 1;
    plan.node.p2p.external_address = claim.to_string() + ":" + std::to_string(Member::kPort);
    SimHost& host = host_for(claim);
    const auto number = static_cast<std::uint32_t>(made_++);
    auto liar = std::make_unique<Node>(host, kFirstNumber + number, std::move(plan));
    liar->start();
    liar->node().dial(victim.address());
    visits_.emplace(stage_.world.now() + kStay, std::move(liar));
  }
  void end_one() {
    visits_.begin()->second->crash(Member::Disk::lost);
    visits_.erase(visits_.begin());
  }

  Stage& stage_;
  std::vector<Member*> victims_;
  std::vector<SimHost*> hosts_;
  std::multimap<TimePoint, std::unique_ptr<Node>> visits_;  // by their ends
  std::set<IpAddress> claimed_;
  std::size_t made_ = 0;
  TimePoint next_;
};

}  // namespace

Report false_claims(const ScenarioOptions& options) {
  Stage stage("False claims of one company in a network of " + std::to_string(options.nodes),
              options);
  stage.add_seeds();
  stage.add_nodes(options.nodes);
  stage.go_on(kWarmUp, 1min);
  Liars liars(stage);
  stage.each_second = [&liars] { liars.on_second(); };
  const Duration span = stage.end() - stage.world.now();
  stage.go_on(span, 1min);
  const double hours = std::chrono::duration<double, std::ratio<3600>>(span).count();
  stage.report.figure("visits to a node", static_cast<double>(liars.made()) / kVictims);
  const Liars::Believed believed = liars.believed();
  stage.report.at_most("false addresses in a book", static_cast<double>(believed.most_false),
                       kHeardAtOnce + kHeardInAnHour * hours);
  stage.report.at_least("other addresses in a book", static_cast<double>(believed.least_other),
                        0.9 * static_cast<double>(options.nodes));
  stage.report.at_least("with a full outbound set", stage.population.state().full_share(), 1);
  return stage.finish();
}

}  // namespace peerage::sim
