// What the log says of a node as a whole: its book when it starts, and what it does, once in each
// interval.
//
// Threads: `book` on the main thread; the rest on the control shard.
#pragma once

#include <filesystem>

#include "cmd/node/refusal_figures.h"
#include "conn/base/log.h"
#include "p2p/switch.h"
#include "pex/pex_reactor.h"

namespace peerage::cmd {

class NodeLines {
 public:
  explicit NodeLines(conn::Log log) : log_(std::move(log)) {}

  // `made`: there was none before this start.
  enum class Made : std::uint8_t { before, now };
  void book(const std::filesystem::path& file, Made made,
            const pex::NetworkBooks::Opened& opened) const;
  void summary(const p2p::Switch& connections, const pex::PexReport& report);
  // Of each network, where there are several.
  void networks(const pex::PexReport& report) const;

 private:
  conn::Log log_;
  RefusalFigures refusals_;  // as of the last summary
};

// All connected peers: also those that need no slot, as an operator's own.
std::size_t count_of(const p2p::SwitchSnapshot& snapshot, p2p::Direction direction);

}  // namespace peerage::cmd
