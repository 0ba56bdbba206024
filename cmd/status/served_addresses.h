// What the lists over HTTP are made from: the verified addresses of each network, read from the
// book's file beside the node, so that neither a network thread nor the HTTP thread ever waits for
// them.
//
// While somebody asks, the file is read once in kPace. While nothing is verified, it is read once
// in kPaceWhileEmpty, so that a fresh network has its list within seconds. While each network has
// at most kShortList addresses, it is read once in kPaceWhileShort: such a list has all addresses,
// so reading it often shows new ones alone. When nobody has
// asked for kInterest nothing is read any more; the next to ask gets the lists of the last time
// (what is too old on them is left out: take_served), and those after it fresh ones. A reading that
// fails leaves the lists as they were, and is logged once.
//
// Bounded: kMaxServed addresses in all, each network an equal part of them.
//
// Threads: `start` and `stop` on the control shard, `read` on any; the file is read on an executor.
#pragma once

#include <atomic>
#include <chrono>
#include <cstddef>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "addrbook/book/limits.h"
#include "addrbook/file/contents.h"
#include "cmd/addrbook/served.h"
#include "conn/base/log.h"
#include "conn/runtime/runtime.h"
#include "p2p/base/snapshot_cell.h"

namespace peerage::cmd {

inline constexpr std::size_t kMaxServed = 20'000;

// The lists at one moment, all that it takes to answer from them. Immutable.
struct ServedLists {
  struct Network : ServedNetwork {
    // An addrbook.json of the addresses, plain and compressed, and a tag that names its content.
    std::shared_ptr<const std::string> book, book_gzip;
    std::string tag;
  };
  std::vector<Network> networks;  // those that are served, in the order of the configuration

  bool empty() const noexcept;
  // No network has more than a short list (kShortList).
  bool all_short() const noexcept;
  const Network* find(std::string_view chain_id) const noexcept;
};

// The lists of what a book's file holds.
ServedLists lists_of(const addrbook::Contents& contents, const std::vector<std::string>& networks,
                     const std::shared_ptr<const addrbook::BookConfig>& rules, conn::Random& random,
                     addrbook::Time now);

class ServedAddresses : public std::enable_shared_from_this<ServedAddresses> {
 public:
  static constexpr conn::Duration kPace = std::chrono::seconds(60);
  static constexpr conn::Duration kPaceWhileEmpty = std::chrono::seconds(2);
  static constexpr conn::Duration kPaceWhileShort = std::chrono::seconds(5);
  static constexpr conn::Duration kInterest = std::chrono::minutes(10);

  struct Settings {
    std::filesystem::path file;  // of the book; empty: none, and nothing is ever served
    std::vector<std::string> networks;
    addrbook::BookConfig rules;                 // as the node has them, with its private IDs
    std::function<addrbook::Time()> wall = {};  // none: the system's clock
  };
  ServedAddresses(conn::Runtime& runtime, Settings settings, conn::Log log);
  ~ServedAddresses();

  // The book is open. Counts as somebody's asking.
  void start();
  void stop();

  // Never null.
  std::shared_ptr<const ServedLists> read();

 private:
  class Reader;
  void begin();
  void on_time();
  conn::Duration pace() const;

  conn::Shard& control_;
  const std::shared_ptr<Reader> reader_;  // shared with tasks of the executor
  std::unique_ptr<conn::Executor> executor_;
  std::atomic<conn::TimePoint> asked_{conn::TimePoint{}};
  std::atomic<bool> running_ = false;  // the timer will fire

  // The control shard's.
  bool started_ = false;
  std::unique_ptr<conn::Timer> timer_;
  std::optional<conn::TimePoint> read_at_;
};

}  // namespace peerage::cmd
