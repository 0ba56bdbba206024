// One trial: a victim in its honest world for a time; then an attack, and its outcome.
//
//   Trial trial(policy, world_plan, seed, directory);
//   trial.warm_up(24h);                       // the victim's age
//   Outcome outcome = trial.attack(plan, seed_of_the_attack, timing);
//
// A victim is eclipsed when all its outbound peers are the attacker's, and either all its slots are
// taken or this has lasted for ten minutes: one that has just begun, and met one node, is not.
//
// What a restart would do is seen in a copy of the process, so that the trial goes on without it.
// A timed restart comes when its honest anchors do not answer for an hour: what an attacker gains
// by choosing the moment, and more.
//
// Threads: one, and no other in the process.
#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <vector>

#include "tests/sim/eclipse/attacker.h"
#include "tests/sim/eclipse/honest_world.h"
#include "tests/sim/eclipse/outcome.h"
#include "tests/sim/eclipse/policies.h"

namespace peerage::sim::eclipse {

struct Timing {
  std::vector<conn::Duration> checkpoints = {1h, 6h, 24h, 72h};
  enum class Restarts : std::uint8_t { none, tried } restarts = Restarts::tried;
};

class Trial {
 public:
  // `directory`: where the victim's file is to be; of this trial alone.
  Trial(const Policy& policy, const WorldPlan& world, std::uint64_t seed,
        const std::filesystem::path& directory);
  ~Trial();

  // The victim starts, without an attack.
  void warm_up(conn::Duration age);
  // With age 0 it starts now.
  Outcome attack(const AttackPlan& plan, std::uint64_t seed, const Timing& timing);

  SimWorld& world() { return world_; }
  Victim& victim() { return *victim_; }
  HonestWorld& honest() { return *honest_; }
  const Attacker& attacker() const { return *attacker_; }
  Standing standing() const;

 private:
  void start_victim();
  void watch();
  void look();
  bool is_eclipsed_now() const;
  enum class Moment : std::uint8_t { any, anchors_down };
  Restart restart(Moment moment);
  void run_for(conn::Duration span) { world_.run_for(span); }
  double hours_since(conn::TimePoint when) const;

  const Policy& policy_;
  TrialRandom random_;
  SimWorld world_;
  std::unique_ptr<HonestWorld> honest_;
  std::unique_ptr<Victim> victim_;
  std::unique_ptr<Attacker> attacker_;
  bool running_ = false;
  conn::TimePoint started_;
  std::optional<conn::TimePoint> full_since_start_;
  std::optional<conn::TimePoint> only_attackers_since_;
  std::optional<conn::TimePoint> eclipsed_;  // the first time
};

}  // namespace peerage::sim::eclipse
