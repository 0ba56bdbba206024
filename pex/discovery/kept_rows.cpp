#include "pex/discovery/kept_rows.h"

#include <algorithm>
#include <chrono>
#include <map>
#include <set>
#include <utility>

#include "conn/address/cidr.h"
#include "pex/discovery/relay_rule.h"

namespace peerage::pex {

using conn::WallTime;

namespace {

bool has_gone(const NodeRow& row, WallTime now) {
  return now - row.last_live > kRowLasts;
}

WallTime to_wall(conn::TimePoint when, const DiscoveryTime& now) {
  return now.wall - std::chrono::floor<std::chrono::milliseconds>(now.steady - when);
}

std::optional<NodeRow> row_of(const TableNode& node, const DiscoveryTime& now) {
  const auto live_at = node.live_at();
  if (!live_at || node.checks < kRowChecks || now.steady - node.first_seen < kRowAge) {
    return std::nullopt;
  }
  return NodeRow{.node = node.contact,
                 .speaks = node.speaks,
                 .first_seen = to_wall(node.first_seen, now),
                 .last_live = to_wall(*live_at, now),
                 .checks = node.checks};
}

}  // namespace

KeptRows::KeptRows(std::vector<NodeRow> stored, WallTime now) : stored_(std::move(stored)) {
  std::erase_if(stored_, [now](const NodeRow& row) { return has_gone(row, now); });
}

// One row of each network first, then a second of each: many rows in few networks gain little.
std::vector<NodeRow> KeptRows::draw(conn::Random& random) const {
  std::vector<NodeRow> drawn = stored_;
  for (std::size_t i = drawn.size(); i > 1; --i) std::swap(drawn[i - 1], drawn[random.below(i)]);
  std::map<conn::IpAddress, std::size_t> taken;
  std::vector<std::pair<std::size_t, std::size_t>> turns;  // of each row, and its place
  turns.reserve(drawn.size());
  for (std::size_t i = 0; i < drawn.size(); ++i) {
    turns.emplace_back(taken[conn::neighbourhood_of(drawn[i].node.udp.ip)]++, i);
  }
  std::sort(turns.begin(), turns.end());
  std::vector<NodeRow> chosen;
  chosen.reserve(turns.size());
  for (const auto& [turn, place] : turns) chosen.push_back(drawn[place]);
  return chosen;
}

std::vector<NodeRow> KeptRows::now(const SharedState& shared, DiscoveryTime now) const {
  std::vector<NodeRow> rows;
  std::set<EnodeId> seen;
  shared.table.for_each([&](const TableNode& node) {
    if (auto row = row_of(node, now)) {
      seen.insert(node.contact.id);
      rows.push_back(*std::move(row));
    }
  });
  for (const NodeRow& row : stored_) {
    if (!seen.contains(row.node.id) && !has_gone(row, now.wall)) rows.push_back(row);
  }
  std::stable_sort(rows.begin(), rows.end(),
                   [](const NodeRow& a, const NodeRow& b) { return a.last_live > b.last_live; });
  std::map<conn::IpAddress, std::size_t> of_network;
  std::erase_if(rows, [&](const NodeRow& row) {
    const conn::IpAddress& ip = row.node.udp.ip;
    return !is_private(ip) && ++of_network[conn::neighbourhood_of(ip)] > kRowsOfNetwork;
  });
  if (rows.size() > shared.settings.limits.rows) {
    rows.erase(rows.begin() + static_cast<std::ptrdiff_t>(shared.settings.limits.rows), rows.end());
  }
  return rows;
}

}  // namespace peerage::pex
