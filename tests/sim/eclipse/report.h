// The figures of a campaign: for each case and checkpoint, how often the victim was eclipsed and
// what the attacker held; as a table, as JSON, as CSV.
//
// Threads: pure functions.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "tests/sim/eclipse/campaign.h"
#include "tests/sim/eclipse/statistics.h"
#include "tests/sim/report.h"

namespace peerage::sim::eclipse {

// How many of how many.
struct Frequency {
  std::size_t hits = 0;
  std::size_t trials = 0;
  double share() const {
    return trials == 0 ? 0 : static_cast<double>(hits) / static_cast<double>(trials);
  }
  Interval interval() const { return wilson(hits, trials); }
};

struct Row {  // one checkpoint of one case
  double hours = 0;
  Frequency eclipsed;  // up to here, without a restart
  Frequency restart;   // by one here
  Frequency timed;     // by one here with its anchors down
  Standing mean;       // of the attacker's shares
  double outbound_after_restart = 0;
  double outbound_after_timed = 0;
};

struct Summary {
  Case of;
  std::size_t trials = 0;
  std::vector<Row> rows;
  std::optional<double> hours_to_eclipse;  // median of those eclipsed
  std::optional<double> seconds_to_full;   // median
  double dials_per_hour = 0;
  double visits = 0;
  double processor_seconds = 0;  // a trial's, on the average
};

Summary summarize(const Case& of, const std::vector<Outcome>& outcomes);

// "fresh", "1d", "30d", "6h". The inverse throws std::invalid_argument.
std::string age_text(conn::Duration age);
conn::Duration parse_age(const std::string& text);

// The attacker's share of the outbound peers over time, a curve for each case.
std::vector<Curve> as_curves(const std::vector<Summary>& summaries);

std::string as_table(const std::vector<Summary>& summaries);
std::string as_csv(const std::vector<Summary>& summaries);
std::string as_json(const std::vector<Summary>& summaries);

}  // namespace peerage::sim::eclipse
