#include <map>

#include "tests/sim/scenario/stage.h"

namespace peerage::sim {
namespace {

constexpr double kLeaveInAnHour = 0.1;    // of the nodes; as many come
constexpr double kRestartInAnHour = 0.1;  // of the nodes
constexpr Duration kRestartTakes = 30s;
constexpr Duration kWarmUp = 30min;
// A node that has just begun is still looking for the others.
constexpr Duration kSettled = 1min;

// Leaves and restarts, at random; and whether nodes find a lost peer again that restarts.
class Churn {
 public:
  explicit Churn(Stage& stage) : stage_(stage) {}

  void second() {
    return_those_due();
    if (stage_.hour() * 3600 < std::chrono::duration<double>(kWarmUp).count()) return;
    if (happens(kLeaveInAnHour)) leave();
    if (happens(kRestartInAnHour)) restart();
  }
  double regained_share() const {
    return lost_ == 0 ? 1 : static_cast<double>(regained_) / static_cast<double>(lost_);
  }
  std::size_t left() const { return left_; }
  std::size_t restarted() const { return restarted_; }

 private:
  struct Restart {
    Member* member;
    TimePoint begin_again, judge;
    bool begun = false;
    std::vector<Member*> dialled_it;  // before
  };

  bool happens(double part_in_an_hour) {
    const double a_second = part_in_an_hour * static_cast<double>(stage_.options.nodes) / 3600;
    return static_cast<double>(stage_.world.random() >> 11) * 0x1p-53 < a_second;
  }
  void leave() {
    Member* const member = stage_.population.draw();
    if (member == nullptr) return;
    const IpAddress ip = member->ip();
    switch (left_++ % 3) {
      case 0:
        member->stop();
        break;
      case 1:
        member->crash(Member::Disk::lost);
        break;
      default:  // the power fails: no peer learns of it
        stage_.world.black_hole(
            [ip](const IpAddress& a, const IpAddress& b) { return a == ip || b == ip; });
        member->crash(Member::Disk::lost);
    }
    stage_.population.add_node(stage_.node_plan());
  }
  void restart() {
    Member* const member = stage_.population.draw();
    if (member == nullptr) return;
    ++restarted_;
    Restart restart{
        member, stage_.world.now() + kRestartTakes, stage_.world.now() + 10min, false, {}};
    for (const auto& other : stage_.population.nodes()) {
      const auto peer = outbound_peer(*other, *member);
      // Only a long-lived peer is redialled first.
      const bool long_lived = peer && peer->status().connection.age >= p2p::kLongLived;
      if (long_lived) restart.dialled_it.push_back(other.get());
    }
    member->crash(Member::Disk::lost);
    restarts_.push_back(std::move(restart));
  }
  void return_those_due() {
    const TimePoint now = stage_.world.now();
    for (Restart& each : restarts_) {
      if (!each.begun && each.begin_again <= now) {
        each.begun = true;
        each.member->start();
      }
      if (each.judge <= now) judge(each);
    }
    std::erase_if(restarts_, [now](const Restart& each) { return each.judge <= now; });
  }
  void judge(const Restart& restart) {
    if (!restart.member->is_running()) return;
    for (Member* const other : restart.dialled_it) {
      if (!other->is_running()) continue;
      ++lost_;
      // The node that came back may have dialled it, too.
      regained_ += other->node().find_peer(restart.member->id()) ? 1 : 0;
    }
  }
  static p2p::PeerPtr outbound_peer(Member& from, const Member& to) {
    if (!from.is_running() || from.is_seed()) return nullptr;
    const auto peer = from.node().find_peer(to.id());
    return peer && peer->direction() == p2p::Direction::outbound ? peer : nullptr;
  }

  Stage& stage_;
  std::vector<Restart> restarts_;
  std::size_t left_ = 0, restarted_ = 0, lost_ = 0, regained_ = 0;
};

}  // namespace

Report churn(const ScenarioOptions& options) {
  Stage stage("Churn among " + std::to_string(options.nodes) + " nodes", options);
  stage.add_seeds(2);
  stage.add_nodes(options.nodes);
  Churn churn(stage);
  stage.each_second = [&churn] { churn.second(); };
  stage.go_on(kWarmUp, 1min, kSettled);
  stage.forget_lows();
  stage.go_on(stage.span() - kWarmUp, 1min, kSettled);
  stage.report.figure("left, and replaced", static_cast<double>(churn.left()));
  stage.report.figure("restarted", static_cast<double>(churn.restarted()));
  stage.report.at_least("in one component, at the worst", stage.lowest_connected(), 0.999);
  // A lost peer's slot is kept for it for a minute.
  stage.report.at_least("outbound peers of those wanted, at the worst", stage.lowest_outbound(),
                        0.95);
  stage.report.at_least("old peers that restarted and are peers again", churn.regained_share(),
                        0.9);
  return stage.finish();
}

}  // namespace peerage::sim
