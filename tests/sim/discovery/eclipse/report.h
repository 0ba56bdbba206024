// The outcomes of an eclipse's cases as a table, as JSON, and as curves.
//
// Threads: pure functions.
#pragma once

#include <string>
#include <vector>

#include "tests/sim/discovery/eclipse/trial.h"
#include "tests/sim/report.h"

namespace peerage::sim::discovery {

// Of the hosts that are handed over for dialling, by an attacker of two hosts among a hundred
// honest nodes.
inline constexpr double kPromisedCandidates = 0.02;

struct Row {
  EclipsePlan of;
  Outcome outcome;
  // What is promised is about the rules as they are, and as many hosts as its share allows.
  bool promised() const;
  bool holds() const;
};
bool holds(const std::vector<Row>& rows);

std::string as_table(const std::vector<Row>& rows);
std::string as_json(const std::vector<Row>& rows);
// The share of the table over time, a curve for each case.
std::vector<Curve> as_curves(const std::vector<Row>& rows);

}  // namespace peerage::sim::discovery
