// The families of a node's metrics, by concern: what each is called, and where its figures come
// from. The names are those of spec/metrics.md.
//
// Threads: any; every input may be read on any, or is a value.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "conn/runtime/runtime.h"
#include "p2p/switch.h"
#include "pex/metrics/collector.h"
#include "pex/metrics/control_figures.h"
#include "pex/metrics/event_figures.h"
#include "pex/metrics/sums.h"
#include "pex/metrics/text_writer.h"

namespace peerage::pex {

// Those of a comet node, under `prefix` ("cometbft").
void write_comet(TextWriter& writer, const std::string& prefix, const PeerSums& sums,
                 const std::vector<p2p::ReactorFigures>& reactors, const NetworkRows& rows);

// Peers, slots, bytes and messages.
struct PeersView {
  const PeerSums& sums;
  const p2p::SwitchSnapshot& snapshot;
  const NetworkRows& rows;
  std::uint64_t persistent_down = 0;
  bool peers_suppressed = false;
};
void write_peers(TextWriter& writer, const PeersView& view);
void write_reactors(TextWriter& writer, const std::vector<p2p::ReactorFigures>& reactors);

// How peers come and go.
struct ComingsView {
  const EventFigures& events;
  const p2p::Counters& counters;
  const p2p::SwitchSnapshot& snapshot;
  const ControlFigures& control;
  conn::HistogramCounts round_trips;
};
void write_comings(TextWriter& writer, const ComingsView& view);

// The books, what fills them, and where they are kept.
void write_books(TextWriter& writer, const ControlFigures& control, const NetworkRows& rows);
void write_exchange(TextWriter& writer, const ExchangeCounts& counts);
// Of a seed.
void write_visits(TextWriter& writer, const EventFigures& events, const ControlFigures& control,
                  const PeerSums& sums, const NetworkRows& rows);
void write_store(TextWriter& writer, const StoreFigures& store, const std::filesystem::path& file);

// Of a node that discovers.
void write_discovery(TextWriter& writer, const DiscoveryFigures& figures);

void write_runtime(TextWriter& writer, conn::Runtime& runtime, const FigureCollector& collector);

}  // namespace peerage::pex
