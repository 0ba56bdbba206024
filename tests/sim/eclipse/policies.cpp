#include "tests/sim/eclipse/policies.h"

#include <algorithm>
#include <limits>
#include <stdexcept>
#include <utility>

#include "tests/sim/eclipse/go_victim.h"
#include "tests/sim/eclipse/our_victim.h"

namespace peerage::sim::eclipse {
namespace {

using Change = std::function<void(OurVictim::Plan&)>;

// Entries that fill a book without caps: more than it has places.
constexpr std::size_t kManyEntries = 20'000;
constexpr std::size_t kNoLimit = std::numeric_limits<std::size_t>::max() / 2;

Policy ours(std::string name, std::string what, Change change) {
  Policy policy;
  policy.name = std::move(name);
  policy.what = std::move(what);
  policy.make = [change = std::move(change)](SimHost& host,
                                             const std::vector<conn::HostAddress>& seeds,
                                             const std::filesystem::path& file) {
    OurVictim::Plan plan = OurVictim::default_plan();
    change(plan);
    plan.node.seeds = seeds;
    return std::make_unique<OurVictim>(host, std::move(plan), file);
  };
  return policy;
}

Policy go(std::string name, std::string what, std::optional<conn::Duration> mark_good_after) {
  Policy policy;
  policy.name = std::move(name);
  policy.what = std::move(what);
  policy.entries = kManyEntries;
  policy.make = [mark_good_after](SimHost& host, const std::vector<conn::HostAddress>& seeds,
                                  const std::filesystem::path&) {
    return std::make_unique<GoVictim>(host, seeds, mark_good_after);
  };
  return policy;
}

std::vector<Policy> make_policies() {
  using Plan = OurVictim::Plan;
  std::vector<Policy> all;
  all.push_back(ours("ours", "everything as it is", [](Plan&) {}));
  all.push_back(
      ours("no-rotation", "peers that were drawn stay for as long as they like",
           [](Plan& plan) { plan.node.exchange.outbound.rotation_pause = conn::Duration(0); }));
  all.push_back(
      ours("no-return", "chosen peers that were away do not have their places back",
           [](Plan& plan) { plan.node.exchange.outbound.return_pause = conn::Duration(0); }));
  all.push_back(ours("no-settling", "a fresh book is like any other", [](Plan& plan) {
    plan.node.exchange.outbound.settling = std::chrono::seconds(0);
    plan.node.exchange.outbound.settling_pause = plan.node.exchange.outbound.rotation_pause;
  }));
  all.push_back(ours("no-diversity", "any number of outbound peers of a group", [](Plan& plan) {
    plan.node.exchange.outbound.diverse = 0;
    plan.node.exchange.outbound.per_group = kNoLimit;
  }));
  all.push_back(ours("all-by-lot", "no outbound peers chosen for their age, or by seeds",
                     [](Plan& plan) { plan.node.exchange.outbound.chosen_percent = 0; }));
  all.push_back(ours("no-feelers", "no dials to see which nodes are alive", [](Plan& plan) {
    // Tests before eviction go on.
    plan.node.exchange.outbound.feelers_per_group = 0;
    plan.node.exchange.outbound.feeler_pause = 10min;
  }));
  all.push_back(ours("no-feeler-quota", "feelers to as many of a group as come", [](Plan& plan) {
    plan.node.exchange.outbound.feelers_per_group = std::numeric_limits<std::uint32_t>::max();
  }));
  all.push_back(ours("no-test", "tried addresses displaced untested", [](Plan& plan) {
    plan.node.book->evict_tried = addrbook::BookConfig::Evict::at_once;
  }));
  all.push_back(ours("overwrite", "new addresses displaced by any other", [](Plan& plan) {
    plan.node.book->displace_new = addrbook::BookConfig::Displace::any;
  }));
  all.push_back(ours("no-anchors", "no peer redialled first after a restart",
                     [](Plan& plan) { plan.anchors = Plan::Anchors::forgotten; }));
  all.push_back(ours("no-host-caps", "any number of entries of a host and a /24", [](Plan& plan) {
    plan.node.book->max_per_host = kNoLimit;
    plan.node.book->max_per_neighbourhood = kNoLimit;
    plan.node.book->max_first_hand_per_host = kNoLimit;
    plan.node.book->max_first_hand_per_neighbourhood = kNoLimit;
  }));
  all.back().entries = kManyEntries;
  all.push_back(ours("no-sticky", "a lost peer is not dialled again before others", [](Plan& plan) {
    plan.node.connections.sticky_redial = p2p::StickyRedial::no;
  }));
  all.push_back(ours("no-eviction", "inbound slots first come, first served", [](Plan& plan) {
    plan.node.connections.full_inbound = p2p::FullInbound::refuse;
  }));
  all.push_back(ours("source-claim", "the source is what a peer claims", [](Plan&) {}));
  all.back().source = Policy::Source::claim;
  all.push_back(ours("source-claim-no-caps", "the two together", [](Plan& plan) {
    plan.node.book->max_per_host = kNoLimit;
    plan.node.book->max_per_neighbourhood = kNoLimit;
    plan.node.book->max_first_hand_per_host = kNoLimit;
    plan.node.book->max_first_hand_per_neighbourhood = kNoLimit;
  }));
  all.back().entries = kManyEntries;
  all.back().source = Policy::Source::claim;
  all.push_back(go("go", "the Go node, with a consensus that marks good after an hour", 1h));
  all.push_back(go("go-p2p", "the Go node, without marking good", std::nullopt));
  return all;
}

}  // namespace

std::size_t Policy::ids_for(std::size_t addresses) const {
  const std::size_t wanted = (entries + addresses - 1) / addresses;
  return std::clamp<std::size_t>(wanted, ids_per_address, 2000);
}

const std::vector<Policy>& policies() {
  static const std::vector<Policy> kAll = make_policies();
  return kAll;
}

const Policy& policy(const std::string& name) {
  const auto& all = policies();
  const auto found = std::find_if(all.begin(), all.end(),
                                  [&name](const Policy& each) { return each.name == name; });
  if (found == all.end()) throw std::invalid_argument("there is no policy " + name);
  return *found;
}

std::vector<std::string> parse_policies(const std::string& text) {
  std::vector<std::string> names;
  std::size_t begin = 0;
  while (begin <= text.size()) {
    const std::size_t end = std::min(text.find(',', begin), text.size());
    const std::string part = text.substr(begin, end - begin);
    if (part == "all" || part == "ablations") {
      for (const Policy& each : policies()) {
        if (part == "all" || each.name.substr(0, 2) != "go") names.push_back(each.name);
      }
    } else if (!part.empty()) {
      names.push_back(policy(part).name);
    }
    begin = end + 1;
  }
  return names;
}

}  // namespace peerage::sim::eclipse
