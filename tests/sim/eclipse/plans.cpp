#include "tests/sim/eclipse/plans.h"

#include <array>
#include <charconv>
#include <stdexcept>

namespace peerage::sim::eclipse {
namespace {

constexpr std::array<std::string_view, 7> kNames = {
    "self-report", "long-answers", "trash", "grinding", "slots", "wrong-ids", "seed-poisoning"};

std::size_t number(std::string_view text) {
  std::size_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || value == 0) {
    throw std::invalid_argument(std::string(text) + " is not a number above zero");
  }
  return value;
}

Tactic parse_tactic(const std::string& text) {
  for (std::size_t i = 0; i < kNames.size(); ++i) {
    if (text == kNames[i] || text == "s" + std::to_string(i + 1)) return static_cast<Tactic>(i);
  }
  throw std::invalid_argument("there is no strategy " + text);
}

}  // namespace

std::string_view name(Tactic tactic) {
  return kNames[static_cast<std::size_t>(tactic)];
}

Tactics all_tactics() {
  Tactics all;
  for (std::size_t i = 0; i < kNames.size(); ++i) all.insert(static_cast<Tactic>(i));
  return all;
}

Tactics parse_tactics(const std::string& text) {
  if (text == "all") return all_tactics();
  Tactics tactics;
  std::size_t begin = 0;
  while (begin <= text.size()) {
    const std::size_t end = std::min(text.find(',', begin), text.size());
    if (end > begin) tactics.insert(parse_tactic(text.substr(begin, end - begin)));
    begin = end + 1;
  }
  return tactics;
}

std::string AttackPlan::text() const {
  return std::to_string(addresses) + "/" + std::to_string(groups);
}

AttackPlan parse_attack(const std::string& text) {
  const std::size_t slash = text.find('/');
  if (slash == std::string::npos) {
    throw std::invalid_argument(text + ": an attacker is addresses/groups, as in 512/64");
  }
  AttackPlan plan;
  plan.addresses = number(std::string_view(text).substr(0, slash));
  plan.groups = number(std::string_view(text).substr(slash + 1));
  if (plan.groups > plan.addresses) {
    throw std::invalid_argument(text + ": a group without an address");
  }
  return plan;
}

std::vector<AttackPlan> reference_attackers() {
  std::vector<AttackPlan> attackers;
  for (const char* each : {"10/1", "16/16", "512/64", "4096/256"}) {
    attackers.push_back(parse_attack(each));
  }
  return attackers;
}

}  // namespace peerage::sim::eclipse
