#include "tests/sim/discovery/eclipse/report.h"

#include <algorithm>
#include <cstdio>

#include <nlohmann/json.hpp>

namespace peerage::sim::discovery {
namespace {

template <typename... Values>
std::string print(const char* format, Values... values) {
  char text[512];
  std::snprintf(text, sizeof text, format, values...);
  return text;
}

std::string title(const EclipsePlan& plan) {
  std::string text = plan.attack.text() + ", " + std::string(name(plan.age));
  if (plan.without != Without::nothing) text += ", without " + std::string(name(plan.without));
  return text;
}

}  // namespace

bool Row::promised() const {
  const double hosts = static_cast<double>(of.attack.addresses);
  const double all = hosts + static_cast<double>(of.world.nodes);
  return of.without == Without::nothing && hosts / all <= kPromisedCandidates;
}

bool Row::holds() const {
  return !promised() || outcome.holdings.back().candidates <= kPromisedCandidates;
}

bool holds(const std::vector<Row>& rows) {
  return std::all_of(rows.begin(), rows.end(), [](const Row& row) { return row.holds(); });
}

std::string as_table(const std::vector<Row>& rows) {
  std::string text;
  for (const Row& row : rows) {
    text += print("\nattacker %s with %zu IDs, victim %s among %zu honest nodes, without %s\n",
                  row.of.attack.text().c_str(), row.of.attack.ids,
                  std::string(name(row.of.age)).c_str(), row.of.world.nodes,
                  std::string(name(row.of.without)).c_str());
    text += "   hours   table (of)     lookups   candidates (of)   records\n";
    for (const Holding& each : row.outcome.holdings) {
      text += print("  %6.1f  %5.1f %% (%3zu)  %6.1f %%     %5.1f %% (%4zu)  %6.1f %%\n",
                    each.hours, 100 * each.table, each.entries, 100 * each.lookups,
                    100 * each.candidates, each.handed, 100 * each.records);
    }
    if (row.promised()) {
      text += print("  %s: at most %.0f %% of the candidates\n", row.holds() ? "pass" : "FAIL",
                    100 * kPromisedCandidates);
    }
  }
  return text;
}

std::string as_json(const std::vector<Row>& rows) {
  nlohmann::ordered_json list = nlohmann::ordered_json::array();
  for (const Row& row : rows) {
    nlohmann::ordered_json holdings = nlohmann::ordered_json::array();
    for (const Holding& each : row.outcome.holdings) {
      holdings.push_back({{"hours", each.hours},
                          {"table", each.table},
                          {"entries", each.entries},
                          {"lookups", each.lookups},
                          {"candidates", each.candidates},
                          {"handed", each.handed},
                          {"records", each.records}});
    }
    list.push_back({{"addresses", row.of.attack.addresses},
                    {"networks", row.of.attack.networks},
                    {"ids", row.of.attack.ids},
                    {"victim", name(row.of.age)},
                    {"without", name(row.of.without)},
                    {"honest", row.of.world.nodes},
                    {"seed", row.of.seed},
                    {"promised", row.promised()},
                    {"holds", row.holds()},
                    {"checkpoints", std::move(holdings)}});
  }
  const nlohmann::ordered_json report = {{"holds", holds(rows)}, {"cases", std::move(list)}};
  return report.dump(2) + "\n";
}

std::vector<Curve> as_curves(const std::vector<Row>& rows) {
  std::vector<Curve> curves;
  for (const Row& row : rows) {
    Curve curve{title(row.of), {{0, 0}}};
    for (const Holding& each : row.outcome.holdings) curve.add(each.hours, each.table);
    curves.push_back(std::move(curve));
  }
  return curves;
}

}  // namespace peerage::sim::discovery
