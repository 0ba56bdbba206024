#include <string>

#include "pex/metrics/families.h"

namespace peerage::pex {
namespace {

using Type = MetricType;

constexpr std::array<Protocol, kProtocolCount> kProtocols = {Protocol::v4, Protocol::v5};

template <typename T>
const T& of(const std::array<T, kProtocolCount>& figures, Protocol protocol) {
  return figures[static_cast<std::size_t>(protocol)];
}

void write_traffic(TextWriter& writer, const DiscoveryCounters& counters) {
  writer.family("peerage_discovery_packets_total", Type::counter,
                "Packets of discovery that were understood or sent.");
  for (const Protocol protocol : kProtocols) {
    const auto& traffic = of(counters.traffic, protocol);
    for (std::size_t kind = 0; kind < kMessageKinds; ++kind) {
      const std::string_view type = name(static_cast<MessageKind>(kind));
      writer.value({{"direction", "received"}, {"protocol", name(protocol)}, {"type", type}},
                   traffic.packets_in[kind]);
      writer.value({{"direction", "sent"}, {"protocol", name(protocol)}, {"type", type}},
                   traffic.packets_out[kind]);
    }
  }
  writer.family("peerage_discovery_bytes_total", Type::counter, "Bytes of these packets.");
  for (const Protocol protocol : kProtocols) {
    const auto& traffic = of(counters.traffic, protocol);
    writer.value({{"direction", "received"}, {"protocol", name(protocol)}}, traffic.bytes_in);
    writer.value({{"direction", "sent"}, {"protocol", name(protocol)}}, traffic.bytes_out);
  }
  writer.family("peerage_discovery_dropped_total", Type::counter,
                "Datagrams, and parts of answers, that came to nothing.");
  for (std::size_t i = 0; i < kDropReasons; ++i) {
    writer.value({{"reason", name(static_cast<Drop>(i))}}, counters.dropped[i]);
  }
  writer.family("peerage_discovery_limited_total", Type::counter,
                "What was not sent or taken because a limit says so.");
  for (std::size_t i = 0; i < kLimits; ++i) {
    writer.value({{"limit", name(static_cast<Limited>(i))}}, counters.limited[i]);
  }
}

void write_table(TextWriter& writer, const DiscoverySnapshot& server) {
  writer.family("peerage_discovery_table_entries", Type::gauge, "Nodes in the table.");
  writer.value({{"state", "live"}}, std::uint64_t{server.table.live});
  writer.value({{"state", "unproven"}}, std::uint64_t{server.table.entries - server.table.live});
  writer.family("peerage_discovery_buckets_used", Type::gauge, "Buckets that hold a node.");
  writer.value({}, std::uint64_t{server.table.buckets_used});
  writer.family("peerage_discovery_replacements", Type::gauge,
                "Nodes that wait for a place in a bucket that is full.");
  writer.value({}, std::uint64_t{server.table.replacements});
}

void write_lookups(TextWriter& writer, const DiscoverySnapshot& server) {
  const DiscoveryCounters& counters = server.counters;
  writer.family("peerage_discovery_lookups_total", Type::counter, "Lookups that have ended.");
  for (const Protocol protocol : kProtocols) {
    const auto& lookups = of(counters.lookups, protocol);
    writer.value({{"protocol", name(protocol)}, {"result", "finished"}}, lookups.finished);
    writer.value({{"protocol", name(protocol)}, {"result", "timed_out"}}, lookups.timed_out);
  }
  writer.family("peerage_discovery_lookup_seconds", Type::histogram, "How long they took.");
  for (const Protocol protocol : kProtocols) {
    writer.histogram({{"protocol", name(protocol)}}, of(server.lookup_times, protocol));
  }
  writer.family("peerage_discovery_revalidations_total", Type::counter,
                "Pings to nodes of the table: whether they are still there.");
  for (const Protocol protocol : kProtocols) {
    const auto& pings = of(counters.revalidations, protocol);
    writer.value({{"protocol", name(protocol)}, {"result", "answered"}}, pings.answered);
    writer.value({{"protocol", name(protocol)}, {"result", "silent"}}, pings.silent);
    writer.value({{"protocol", name(protocol)}, {"result", "removed"}}, pings.removed);
  }
}

void write_candidates(TextWriter& writer, const DiscoveryFigures& figures) {
  writer.family("peerage_discovery_candidates", Type::gauge,
                "Records that name a network of ours and have answered.");
  for (std::size_t i = 0; i < Candidates::kStates; ++i) {
    writer.value({{"state", name(static_cast<Candidates::State>(i))}},
                 std::uint64_t{figures.states[i]});
  }
  writer.family("peerage_discovery_candidates_total", Type::counter,
                "What became of them: handed to a book, and what the dials of them showed.");
  const Candidates::Counts& counts = figures.candidates;
  for (const auto& [result, count] :
       {std::pair<std::string_view, std::uint64_t>{"handed", counts.handed},
        {"connected", counts.connected},
        {"closed", counts.closed},
        {"failed", counts.failed},
        {"other_id", counts.other_id},
        {"other_network", counts.other_network},
        {"banned", counts.banned},
        {"displaced", counts.displaced},
        {"refused", counts.refused}}) {
    writer.value({{"result", result}}, count);
  }
  writer.family("peerage_discovery_book_answers_total", Type::counter,
                "What the books said to those that were handed over.");
  for (std::size_t i = 0; i < addrbook::kAddedCount; ++i) {
    writer.value({{"answer", addrbook::name(static_cast<addrbook::Added>(i))}}, figures.added[i]);
  }
}

}  // namespace

void write_discovery(TextWriter& writer, const DiscoveryFigures& figures) {
  static const DiscoverySnapshot kNone{};
  const DiscoverySnapshot& server = figures.server ? *figures.server : kNone;
  write_traffic(writer, server.counters);
  write_table(writer, server);
  write_lookups(writer, server);
  write_candidates(writer, figures);
  writer.family("peerage_discovery_record_seq", Type::gauge, "The number of our own record.");
  writer.value({}, server.record ? server.record->seq() : 0);
  writer.family("peerage_discovery_external_address_changes_total", Type::counter,
                "How often others began to see us somewhere else.");
  writer.value({}, server.counters.external_address_changes);
  writer.family("peerage_discovery_clock_suspect", Type::gauge,
                "1 while our clock may be wrong: most packets of others are over when they come.");
  writer.value({}, server.counters.clock_suspect);
  writer.family("peerage_discovery_store_rows", Type::gauge, "Nodes that a restart begins with.");
  writer.value({}, std::uint64_t{figures.kept});
}

}  // namespace peerage::pex
