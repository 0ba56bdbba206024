// Which node told of which address: read from the file, and printed.
#include <algorithm>
#include <iostream>

#include <nlohmann/json.hpp>

#include "cmd/addrbook/addrbook.h"
#include "cmd/base/report_text.h"

namespace peerage::cmd {

using addrbook::Provenance;
using addrbook::ProvenanceList;
using addrbook::ProvenanceQuery;
using conn::printable;
using Json = nlohmann::ordered_json;

conn::Result<ProvenanceList> read_provenance(const BookHome& home, const ProvenanceQuery& query,
                                             Time now) {
  addrbook::Report report;
  auto list = addrbook::BookFile::read_provenance(home.file, query, now, report);
  if (list && report.dropped.total() > 0) {
    std::cerr << "peerage: unreadable rows of provenance are left out: " << report.dropped.text()
              << '\n';
  }
  return list;
}

std::string sources_text(const ProvenanceList& sources, const ProvenanceQuery& query, Time now,
                         Width width) {
  const bool of_it = query.who == ProvenanceQuery::Who::told_of_it;
  const std::string nodes =
      std::to_string(sources.nodes) + (sources.nodes == 1 ? " node" : " nodes");
  const std::string id = query.id.to_string();
  std::string text = of_it ? nodes + " told of " + id : id + " told of " + nodes;
  text += ", first " + ago(sources.first, now) + ", last " + ago(sources.last, now) + '\n';
  const bool several = std::any_of(
      sources.rows.begin(), sources.rows.end(),
      [&sources](const Provenance& each) { return each.network != sources.rows.front().network; });
  const bool wide = width == Width::wide;
  Table table;
  std::vector<std::string> heads = {"ADDRESS", "LAST"};
  if (wide) heads.insert(heads.end(), {"FIRST", "TIMES"});
  if (of_it) heads.insert(heads.begin(), "TOLD BY");
  if (several) heads.emplace_back("NETWORK");
  table.row(std::move(heads));
  for (const Provenance& row : sources.rows) {
    std::vector<std::string> cells = {
        of_it ? row.address.endpoint.to_string() : row.address.to_string(),
        ago(row.last_seen, now)};
    if (wide) cells.insert(cells.end(), {ago(row.first_seen, now), std::to_string(row.times)});
    if (of_it) cells.insert(cells.begin(), row.teller.to_string());
    if (several) cells.push_back(printable(row.network, 24));
    table.row(std::move(cells));
  }
  text += table.text();
  if (sources.total > sources.rows.size()) {
    text += "and " + std::to_string(sources.total - sources.rows.size()) + " more (--limit)\n";
  }
  return text;
}

std::string to_json(const Provenance& row) {
  return Json{{"network", printable(row.network)},
              {"teller", row.teller.to_string()},
              {"address", row.address.to_string()},
              {"id", row.address.id.to_string()},
              {"ip", row.address.endpoint.ip.to_string()},
              {"port", row.address.endpoint.port},
              {"first_seen", stamp(row.first_seen)},
              {"last_seen", stamp(row.last_seen)},
              {"times", row.times}}
      .dump();
}

}  // namespace peerage::cmd
