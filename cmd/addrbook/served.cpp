#include "cmd/addrbook/served.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <set>
#include <utility>

#include "conn/address/cidr.h"
#include "conn/base/channel.h"

namespace peerage::cmd {

using addrbook::kNever;
using addrbook::KnownAddress;
using addrbook::Time;

namespace {

bool is_verified(const KnownAddress& known, Time now) {
  return known.last_verified != kNever && now - known.last_verified <= addrbook::kVerifiedLimit;
}

bool may_be_told(const KnownAddress& known, Time now) {
  return is_verified(known, now) && known.bad_until <= now &&
         known.failures < addrbook::kFailuresToHide &&
         known.origin != addrbook::Origin::configuration;
}

// Where an ID showed itself last, and has not failed since (AddressTable: "stand by").
std::map<conn::NodeId, Time> last_shown_of(std::span<const KnownAddress> rows, Time now) {
  std::map<conn::NodeId, Time> last;
  for (const KnownAddress& row : rows) {
    if (row.failures > 0 || row.bad_until > now) continue;
    Time& shown = last[row.address.id];
    shown = std::max(shown, last_shown(row));
  }
  return last;
}

// An exponential time with this rate: the first k of many by such times are k drawn one after
// another, each with a chance in proportion to its rate (Efraimidis and Spirakis 2006).
double arrival(const KnownAddress& known, conn::Random& random) {
  // As Picker::verified_selection weighs them: a bad record is drawn seldom, not never.
  const double rate = 0.1 + 0.9 * known.reliability.overall();
  return -std::log(1 - random.share()) / rate;
}

bool is_seed(const KnownAddress& known) {
  return known.facts && known.facts->channels == std::vector{conn::kPexChannel};
}

bool suits(const KnownAddress& known, const ServedQuery& query, Time now) {
  if (!is_verified(known, now)) return false;
  if (query.max_age && now - known.last_verified > *query.max_age) return false;
  if (query.seeds == ServedQuery::Seeds::only && !is_seed(known)) return false;
  return query.version_prefix.empty() ||
         (known.facts && known.facts->version.starts_with(query.version_prefix));
}

}  // namespace

ServedNetwork draw_served(std::string chain_id, std::span<const KnownAddress> rows,
                          std::shared_ptr<const addrbook::BookConfig> rules, std::size_t most,
                          conn::Random& random, Time now) {
  const std::map<conn::NodeId, Time> last_shown_at = last_shown_of(rows, now);
  std::vector<std::pair<double, const KnownAddress*>> drawn;
  std::set<conn::NodeId> named;
  for (const KnownAddress& row : rows) {
    const conn::NodeId& id = row.address.id;
    if (!may_be_told(row, now) || rules->private_ids.contains(id)) continue;
    const auto shown = last_shown_at.find(id);
    if (shown != last_shown_at.end() && last_shown(row) < shown->second) continue;
    // Of two that showed themselves at the same second, the first.
    if (named.insert(id).second) drawn.emplace_back(arrival(row, random), &row);
  }
  std::sort(drawn.begin(), drawn.end());
  drawn.resize(std::min(drawn.size(), most));

  ServedNetwork network{std::move(chain_id), {}, rows.size(), std::move(rules)};
  network.addresses.reserve(drawn.size());
  for (const auto& [at, row] : drawn) {
    network.addresses.push_back(*row);
    network.addresses.back().source = row->address.endpoint.ip;
  }
  return network;
}

ServedRows take_served(const ServedNetwork& network, const ServedQuery& query, Time now) {
  ServedRows taken;
  std::set<conn::IpAddress> neighbourhoods;
  for (const KnownAddress& each : network.addresses) {
    if (taken.size() == query.most) break;
    if (!suits(each, query, now)) continue;
    const conn::IpAddress& ip = each.address.endpoint.ip;
    if (query.spread == ServedQuery::Spread::yes && !network.rules->exempts(ip) &&
        !neighbourhoods.insert(conn::neighbourhood_of(ip)).second) {
      continue;
    }
    taken.push_back(&each);
  }
  return taken;
}

std::string peers_line(const ServedRows& rows, char separator) {
  std::string line;
  for (const KnownAddress* row : rows) {
    if (!line.empty()) line += separator;
    line += row->address.to_string();
  }
  return line;
}

}  // namespace peerage::cmd
