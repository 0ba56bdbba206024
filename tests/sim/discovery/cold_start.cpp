#include <set>
#include <variant>

#include "pex/discovery/record/cmt.h"
#include "tests/sim/discovery/stage.h"

namespace peerage::sim::discovery {
namespace {

constexpr Duration kBefore = 10min;
constexpr std::size_t kWanted = 16;
constexpr Duration kWithin = 10s;
constexpr double kDatagrams = 400;

// A candidate has answered, and its record names a network.
const pex::Contact* candidate_of(const pex::Update& update) {
  const pex::Contact* node = nullptr;
  if (const auto* const added = std::get_if<pex::update::Added>(&update)) node = &added->node;
  const auto* const changed = std::get_if<pex::update::RecordChanged>(&update);
  if (changed != nullptr && changed->live == pex::update::RecordChanged::Live::yes) {
    node = &changed->node;
  }
  const bool names_one = node != nullptr && node->record && pex::Cmt::of(*node->record);
  return names_one ? node : nullptr;
}

}  // namespace

Report cold_start(const Options& options) {
  Stage stage("A newcomer among " + std::to_string(options.nodes) + " nodes", options);
  stage.add_boot_node();
  stage.add_nodes(options.nodes - 1);
  stage.go_on(kBefore);

  std::set<pex::EnodeId> candidates;
  const TimePoint from = stage.world.now();
  std::optional<Duration> took;
  std::uint64_t sent = 0;
  Member& newcomer = stage.add_node(stage.plan());
  newcomer.on_update = [&](const pex::Update& update) {
    const pex::Contact* const node = candidate_of(update);
    if (node == nullptr || took) return;
    candidates.insert(node->id);
    if (candidates.size() < kWanted) return;
    took = stage.world.now() - from;
    sent = newcomer.datagrams_sent();
  };
  stage.go_on(1min, 1s);
  newcomer.on_update = nullptr;
  stage.report.at_least("candidates within a minute", static_cast<double>(candidates.size()),
                        static_cast<double>(kWanted));
  stage.report.at_most("seconds until there are sixteen",
                       std::chrono::duration<double>(took.value_or(1min)).count(),
                       std::chrono::duration<double>(kWithin).count(), "s");
  stage.report.at_most("datagrams that it has sent until then",
                       static_cast<double>(took ? sent : newcomer.datagrams_sent()), kDatagrams);
  stage.report.figure("live places of its table a minute later", stage.share(newcomer));
  return stage.finish();
}

}  // namespace peerage::sim::discovery
