// Keeps the figures of the control shard at hand for readers that may not wait for it.
//
// While somebody reads, they are collected anew every second, and published as a whole; a reader
// takes what was published last. Walking through a book costs some 50 ns for each address, so that
// is done by turns: kWalk addresses in a second, each book once in kWalkPause. When nobody has read
// for kInterest, nothing is collected any more, until the next reader comes: its figures are those
// of the last collection, and the next are fresh.
//
// With each collection a task is posted to every shard: how late it runs is the lag of its loop.
//
// Threads: made on any; `read` and `loop_lag` on any; `collect` and `stop` on the control shard.
#pragma once

#include <atomic>
#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <vector>

#include "conn/base/histogram.h"
#include "conn/runtime/runtime.h"
#include "p2p/base/snapshot_cell.h"
#include "p2p/peer/reactor_stats.h"
#include "p2p/switch.h"
#include "pex/books/network_books.h"
#include "pex/metrics/control_figures.h"

namespace peerage::pex {

class FigureCollector : public std::enable_shared_from_this<FigureCollector> {
 public:
  static constexpr conn::Duration kPause = std::chrono::seconds(1);
  static constexpr conn::Duration kWalkPause = std::chrono::seconds(5);
  static constexpr conn::Duration kInterest = std::chrono::minutes(2);
  static constexpr std::size_t kWalk = 20'000;

  struct Sources {
    conn::Runtime& runtime;
    p2p::Switch& connections;
    std::shared_ptr<NetworkBooks> books;                    // null without peer exchange
    std::function<ExchangeCounts()> exchange;               // on the control shard
    std::function<DiscoveryFigures()> discovery = nullptr;  // likewise; null: it is off
  };
  explicit FigureCollector(Sources sources);

  std::shared_ptr<const ControlFigures> read();
  conn::HistogramCounts loop_lag(std::size_t shard) const;

  // Once; the switch is about to go.
  void stop();
  void collect();

 private:
  struct Lag {
    conn::Histogram seconds{p2p::kReactorTimeBounds};
    std::atomic<bool> under_way = false;
  };
  void begin();
  void on_time();
  void walk_some(ControlFigures& into, conn::TimePoint now);
  void ask_for_bans();
  void probe_shards();

  const Sources sources_;
  conn::Shard& control_;
  std::vector<std::shared_ptr<Lag>> lags_;  // by shard
  std::atomic<conn::TimePoint> asked_{conn::TimePoint{}};
  std::atomic<bool> running_ = false;  // the timer will fire
  p2p::SnapshotCell<ControlFigures> figures_;

  // The control shard's.
  bool stopped_ = false;
  std::shared_ptr<conn::Timer> timer_;
  std::vector<conn::TimePoint> walked_;  // each book, when
  std::size_t turn_ = 0;
  conn::TimePoint bans_asked_{};
  std::uint64_t banned_ids_ = 0, banned_ips_ = 0, banned_networks_ = 0;
};

}  // namespace peerage::pex
