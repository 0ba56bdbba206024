#include "tests/sim/eclipse/report.h"

#include <cstdio>
#include <stdexcept>

#include <nlohmann/json.hpp>

namespace peerage::sim::eclipse {
namespace {

template <typename... Values>
std::string print(const char* format, Values... values) {
  char text[512];
  std::snprintf(text, sizeof text, format, values...);
  return text;
}

void add(Standing& sum, const Standing& one) {
  sum.in_new += one.in_new;
  sum.in_tried += one.in_tried;
  sum.outbound += one.outbound;
  sum.inbound += one.inbound;
  sum.told += one.told;
  sum.outbound_peers += one.outbound_peers;
  sum.known += one.known;
}

void divide(Standing& sum, std::size_t count) {
  const auto n = static_cast<double>(count);
  for (double* each : {&sum.in_new, &sum.in_tried, &sum.outbound, &sum.inbound, &sum.told}) {
    *each /= n;
  }
  sum.outbound_peers /= count;
  sum.known /= count;
}

Row row_of(const std::vector<Outcome>& outcomes, std::size_t index) {
  Row row;
  row.hours = outcomes.front().checkpoints.at(index).hours;
  for (const Outcome& each : outcomes) {
    const Checkpoint& point = each.checkpoints.at(index);
    ++row.eclipsed.trials;
    row.eclipsed.hits += point.eclipsed ? 1 : 0;
    add(row.mean, point.standing);
    if (point.plain) {
      ++row.restart.trials;
      row.restart.hits += point.plain->eclipsed ? 1 : 0;
      row.outbound_after_restart += point.plain->outbound;
    }
    if (point.timed) {
      ++row.timed.trials;
      row.timed.hits += point.timed->eclipsed ? 1 : 0;
      row.outbound_after_timed += point.timed->outbound;
    }
  }
  divide(row.mean, outcomes.size());
  row.outbound_after_restart /= static_cast<double>(outcomes.size());
  row.outbound_after_timed /= static_cast<double>(outcomes.size());
  return row;
}

std::string frequency_text(const Frequency& frequency) {
  if (frequency.trials == 0) return "-";
  const Interval interval = frequency.interval();
  return print("%.3f [%.3f %.3f]", frequency.share(), interval.low, interval.high);
}

nlohmann::json frequency_json(const Frequency& frequency) {
  const Interval interval = frequency.interval();
  return {{"hits", frequency.hits},
          {"trials", frequency.trials},
          {"p", frequency.share()},
          {"low", interval.low},
          {"high", interval.high}};
}

}  // namespace

Summary summarize(const Case& of, const std::vector<Outcome>& outcomes) {
  Summary summary;
  summary.of = of;
  summary.trials = outcomes.size();
  if (outcomes.empty()) return summary;
  for (std::size_t i = 0; i < outcomes.front().checkpoints.size(); ++i) {
    summary.rows.push_back(row_of(outcomes, i));
  }
  std::vector<double> eclipsed, full, dials, visits, seconds;
  for (const Outcome& each : outcomes) {
    if (each.eclipsed_at) eclipsed.push_back(*each.eclipsed_at);
    if (each.full_at) full.push_back(*each.full_at);
    dials.push_back(each.dials_per_hour);
    visits.push_back(static_cast<double>(each.visits));
    seconds.push_back(each.seconds);
  }
  summary.hours_to_eclipse = median(eclipsed);
  summary.seconds_to_full = median(full);
  summary.dials_per_hour = *mean(dials);
  summary.visits = *mean(visits);
  summary.processor_seconds = *mean(seconds);
  return summary;
}

std::string age_text(conn::Duration age) {
  if (age == conn::Duration(0)) return "fresh";
  const auto hours = std::chrono::duration_cast<std::chrono::hours>(age).count();
  return hours % 24 == 0 ? print("%ldd", static_cast<long>(hours / 24))
                         : print("%ldh", static_cast<long>(hours));
}

conn::Duration parse_age(const std::string& text) {
  if (text == "fresh") return conn::Duration(0);
  try {
    std::size_t end = 0;
    const long count = std::stol(text, &end);
    const std::string unit = text.substr(end);
    if (count >= 0 && unit == "d") return std::chrono::hours(24 * count);
    if (count >= 0 && unit == "h") return std::chrono::hours(count);
  } catch (const std::logic_error&) {
  }
  throw std::invalid_argument(text + " is no age: fresh, 6h, 1d, 30d");
}

std::string as_table(const std::vector<Summary>& summaries) {
  std::string text;
  for (const Summary& each : summaries) {
    text += print("\n%s, attacker %s, victim %s: %zu trials\n", each.of.policy.c_str(),
                  each.of.attack.text().c_str(), age_text(each.of.age).c_str(), each.trials);
    text += print("  %5s  %-21s %-21s %-21s  %5s %5s %5s %5s %5s\n", "hours", "P(no restart)",
                  "P(restart)", "P(anchors down)", "new", "old", "out", "in", "told");
    for (const Row& row : each.rows) {
      text += print("  %5.0f  %-21s %-21s %-21s  %5.2f %5.2f %5.2f %5.2f %5.2f\n", row.hours,
                    frequency_text(row.eclipsed).c_str(), frequency_text(row.restart).c_str(),
                    frequency_text(row.timed).c_str(), row.mean.in_new, row.mean.in_tried,
                    row.mean.outbound, row.mean.inbound, row.mean.told);
    }
    if (each.hours_to_eclipse) {
      text += print("  median time to eclipse %.1f h;", *each.hours_to_eclipse);
    }
    text += print("  full after %.0f s; %.0f dials/h; %.0f visits; %.2f s of processor a trial\n",
                  each.seconds_to_full.value_or(0), each.dials_per_hour, each.visits,
                  each.processor_seconds);
  }
  return text;
}

std::vector<Curve> as_curves(const std::vector<Summary>& summaries) {
  std::vector<Curve> curves;
  for (const Summary& each : summaries) {
    Curve curve{print("%s, %zu/%zu, %s", each.of.policy.c_str(), each.of.attack.addresses,
                      each.of.attack.groups, age_text(each.of.age).c_str()),
                {{0, 0}}};
    for (const Row& row : each.rows) curve.add(row.hours, row.mean.outbound);
    curves.push_back(std::move(curve));
  }
  return curves;
}

std::string as_csv(const std::vector<Summary>& summaries) {
  std::string text =
      "policy,addresses,groups,age_hours,hours,trials,eclipsed,restart,anchors_down,new,old,"
      "outbound,inbound,told,outbound_after_restart,outbound_after_anchors_down,dials_per_hour\n";
  for (const Summary& each : summaries) {
    const double age = std::chrono::duration<double, std::ratio<3600>>(each.of.age).count();
    for (const Row& row : each.rows) {
      text += print("%s,%zu,%zu,%g,%g,%zu,%zu,%zu,%zu,%.4f,%.4f,%.4f,%.4f,%.4f,%.4f,%.4f,%.1f\n",
                    each.of.policy.c_str(), each.of.attack.addresses, each.of.attack.groups, age,
                    row.hours, each.trials, row.eclipsed.hits, row.restart.hits, row.timed.hits,
                    row.mean.in_new, row.mean.in_tried, row.mean.outbound, row.mean.inbound,
                    row.mean.told, row.outbound_after_restart, row.outbound_after_timed,
                    each.dials_per_hour);
    }
  }
  return text;
}

std::string as_json(const std::vector<Summary>& summaries) {
  nlohmann::json all = nlohmann::json::array();
  for (const Summary& each : summaries) {
    nlohmann::json rows = nlohmann::json::array();
    for (const Row& row : each.rows) {
      rows.push_back({{"hours", row.hours},
                      {"eclipsed", frequency_json(row.eclipsed)},
                      {"restart", frequency_json(row.restart)},
                      {"anchors_down", frequency_json(row.timed)},
                      {"new", row.mean.in_new},
                      {"old", row.mean.in_tried},
                      {"outbound", row.mean.outbound},
                      {"inbound", row.mean.inbound},
                      {"told", row.mean.told},
                      {"known", row.mean.known},
                      {"outbound_after_restart", row.outbound_after_restart},
                      {"outbound_after_anchors_down", row.outbound_after_timed}});
    }
    nlohmann::json one = {{"policy", each.of.policy},
                          {"addresses", each.of.attack.addresses},
                          {"groups", each.of.attack.groups},
                          {"age", age_text(each.of.age)},
                          {"trials", each.trials},
                          {"checkpoints", rows},
                          {"dials_per_hour", each.dials_per_hour},
                          {"visits", each.visits},
                          {"processor_seconds", each.processor_seconds}};
    one["hours_to_eclipse"] = nullptr;
    if (each.hours_to_eclipse) one["hours_to_eclipse"] = *each.hours_to_eclipse;
    one["seconds_to_full"] = nullptr;
    if (each.seconds_to_full) one["seconds_to_full"] = *each.seconds_to_full;
    all.push_back(std::move(one));
  }
  return all.dump(2) + "\n";
}

}  // namespace peerage::sim::eclipse
