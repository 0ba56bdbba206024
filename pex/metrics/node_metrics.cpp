#include "pex/metrics/node_metrics.h"

#include <algorithm>
#include <set>
#include <stdexcept>
#include <utility>

#include "conn/base/bytes.h"
#include "pex/metrics/families.h"

namespace peerage::pex {

NodeMetrics::NodeMetrics(Settings settings, conn::Runtime& runtime, const p2p::Switch& connections,
                         std::shared_ptr<const EventFigures> events,
                         std::shared_ptr<FigureCollector> collector, PersistentPeers persistent)
    : settings_(std::move(settings)),
      rows_(settings_.networks),
      runtime_(runtime),
      connections_(connections),
      events_(std::move(events)),
      collector_(std::move(collector)),
      persistent_(std::move(persistent)) {
  if (!is_metric_name(settings_.comet_prefix)) {
    throw std::invalid_argument("metrics_namespace is of [A-Za-z0-9_], no digit first: " +
                                conn::printable(settings_.comet_prefix));
  }
}

// By the lists: one that all nodes of a network share names each of them to itself. Nodes are
// counted, at however many addresses they are named.
std::uint64_t NodeMetrics::persistent_down(const PeerSums& sums) const {
  std::set<conn::NodeId> wanted;
  for (const conn::HostAddress& each : persistent_()) wanted.insert(each.id);
  const std::set<conn::NodeId> up(sums.persistent.begin(), sums.persistent.end());
  return static_cast<std::uint64_t>(std::count_if(
      wanted.begin(), wanted.end(),
      [&](const conn::NodeId& id) { return id != connections_.id() && !up.contains(id); }));
}

std::string NodeMetrics::text() const {
  const auto snapshot = connections_.snapshot();
  const auto control = collector_->read();
  const auto reactors = connections_.reactors();
  PeerSums sums = sums_of(*snapshot, rows_, settings_.peer_series);
  sums.traffic += no_traffic_of(reactors);
  const bool suppressed =
      settings_.peer_series > 0 && snapshot->peers.size() > settings_.peer_series;

  TextWriter writer;
  write_comet(writer, settings_.comet_prefix, sums, reactors, rows_);
  write_peers(writer, {sums, *snapshot, rows_, persistent_down(sums), suppressed});
  write_reactors(writer, reactors);
  write_comings(
      writer, {*events_, connections_.counters(), *snapshot, *control, connections_.round_trips()});
  if (settings_.kind != NodeKind::without_exchange) {
    write_books(writer, *control, rows_);
    write_exchange(writer, control->exchange);
  }
  if (settings_.kind == NodeKind::seed) {
    write_visits(writer, *events_, *control, sums, rows_);
  }
  if (control->discovery) write_discovery(writer, *control->discovery);
  if (control->store) write_store(writer, *control->store, settings_.book_file);
  write_runtime(writer, runtime_, *collector_);
  return writer.take();
}

}  // namespace peerage::pex
