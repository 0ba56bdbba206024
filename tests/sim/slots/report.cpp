#include "tests/sim/slots/report.h"

#include <algorithm>
#include <cstdio>

#include <nlohmann/json.hpp>

namespace peerage::sim::slots {
namespace {

template <typename... Values>
std::string print(const char* format, Values... values) {
  char text[512];
  std::snprintf(text, sizeof text, format, values...);
  return text;
}

std::string wait_text(double seconds) {
  return seconds >= kGivenUp ? print("%8s", "over 600") : print("%8.1f", seconds);
}

// What is not promised does not pass.
const char* verdict(const Outcome& outcome) {
  if (!outcome.holds()) return "FAIL";
  return outcome.wait_promised() ? "pass" : "pass, old peers alone";
}

}  // namespace

bool holds(const std::vector<Row>& rows) {
  return std::all_of(rows.begin(), rows.end(), [](const Row& row) { return row.outcome.holds(); });
}

std::string as_table(const NodePlan& node, const std::vector<Row>& rows) {
  std::string text = print(
      "%zu inbound slots; %zu honest peers of long standing, %g honest newcomers a minute from %zu "
      "networks; %g hours\n"
      "promised: newcomers wait at most %g s (p95) for an attacker with less than half of the "
      "networks;\n"
      "of honest peers older than a day at most %g %% a day are lost to any\n\n",
      node.slots, node.long_lived, node.newcomers, node.networks, node.hours, kMostWait, kMostLost);
  text +=
      " hosts  networks  manner  of the    a newcomer waits     and stays  old peers  attacker\n"
      "                         networks    p50 s     p95 s         p50 s  lost a day holds\n";
  for (const Row& row : rows) {
    const Outcome& outcome = row.outcome;
    text += print("%6zu  %8zu  %-6s  %6.1f %%", row.attack.hosts, row.attack.networks,
                  slots::text(row.attack.manner), 100 * outcome.share);
    text += " " + wait_text(outcome.wait_p50) + "  " + wait_text(outcome.wait_p95);
    text += print("  %12.0f  %8.2f %%  %5.1f %%  %s\n", outcome.stay_p50, outcome.lost,
                  outcome.held, verdict(outcome));
  }
  return text;
}

std::string as_json(const NodePlan& node, const std::vector<Row>& rows) {
  nlohmann::ordered_json list = nlohmann::ordered_json::array();
  for (const Row& row : rows) {
    const Outcome& outcome = row.outcome;
    list.push_back({{"hosts", row.attack.hosts},
                    {"networks", row.attack.networks},
                    {"manner", slots::text(row.attack.manner)},
                    {"share_of_networks", outcome.share},
                    {"newcomers", outcome.newcomers},
                    {"wait_p50_s", outcome.wait_p50},
                    {"wait_p95_s", outcome.wait_p95},
                    {"stay_p50_s", outcome.stay_p50},
                    {"day_old_peers", outcome.day_old},
                    {"lost_percent_a_day", outcome.lost},
                    {"held_percent", outcome.held},
                    {"wait_promised", outcome.wait_promised()},
                    {"holds", outcome.holds()}});
  }
  const nlohmann::ordered_json report = {{"slots", node.slots},
                                         {"long_lived", node.long_lived},
                                         {"newcomers_a_minute", node.newcomers},
                                         {"networks", node.networks},
                                         {"hours", node.hours},
                                         {"holds", holds(rows)},
                                         {"attackers", std::move(list)}};
  return report.dump(2) + "\n";
}

}  // namespace peerage::sim::slots
