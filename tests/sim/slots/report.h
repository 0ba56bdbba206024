// The price list, to be read by people and by programs.
//
// Threads: pure functions.
#pragma once

#include <string>
#include <vector>

#include "tests/sim/slots/trial.h"

namespace peerage::sim::slots {

struct Row {
  AttackPlan attack;
  Outcome outcome;
};

std::string as_table(const NodePlan& node, const std::vector<Row>& rows);
std::string as_json(const NodePlan& node, const std::vector<Row>& rows);
bool holds(const std::vector<Row>& rows);

}  // namespace peerage::sim::slots
