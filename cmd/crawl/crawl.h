// One crawl of one network: from its seeds to all that can be heard of, each address visited once.
//
// It is a seed's crawler (pex/seed/visits.h) that serves no peer: it listens on loopback alone, as
// a switch must listen somewhere, names no address of its own to others, and admits no peer. The
// outcome of each visit is taken from the switch's events, so that it is counted also when the book
// rightly forgets the address (one that proves another ID). The book's caps for an address and its
// neighbours do not hold: a census counts every node.
//
// It is over when nothing more can come: nothing is under way, each seed has been asked, and each
// address that is due has been visited. Asking the seeds once more, which goes on while little is
// known, does not count. What cannot be visited, as two addresses of one ID at once, is waited for
// until nothing has been done for `idle`. The caller asks, and decides.
//
// Bounded: kMaxVisited addresses are reported; the book bounds the rest.
//
// Threads: made on any. `start` and `finish` may be called on any thread and end on the control
// shard; `progress` is for any thread. It must outlive what it has begun: `finish` first.
#pragma once

#include <atomic>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "cmd/crawl/report.h"
#include "conn/address/node_key.h"
#include "pex/node.h"

namespace peerage::cmd {

struct CrawlOptions {
  std::string network;
  std::vector<conn::HostAddress> seeds;
  std::size_t parallel = pex::CrawlLimits{}.parallel;
  conn::Duration visit = pex::CrawlLimits{}.visit;
  conn::Duration idle = std::chrono::seconds(15);
  // Whether private and loopback addresses are refused.
  conn::IpAddress::Strict strict = conn::IpAddress::Strict::yes;
  std::filesystem::path book;  // keeps what is learnt; empty: nothing does
};

struct CrawlProgress {
  // Visited: those with an outcome. Answered: a request for addresses. Under way: dials and
  // connections.
  std::size_t heard = 0, visited = 0, reachable = 0, answered = 0, under_way = 0;
  bool over = false;  // nothing more can come
};

class Crawl {
 public:
  static constexpr std::size_t kMaxVisited = 500'000;

  // `runtime` must outlive it.
  Crawl(conn::Runtime& runtime, conn::NodeKey key, CrawlOptions options);

  using Started = std::function<void(conn::Result<void>)>;
  void start(Started done);
  CrawlProgress progress() const;
  // Ends it; after `done` nothing runs. A failure: the book could not be saved.
  using Finished = std::function<void(CrawlResult, conn::Result<void> saved)>;
  void finish(CrawlResult::Ended ended, Finished done);

 private:
  pex::NetworkBooks& books() const { return *node_->books(); }
  void on_event(const p2p::SwitchEvent& event);
  void on(const p2p::Dialled& event);
  void on(const p2p::DialFailed& event);
  void on(const p2p::Connected& event);
  void on(const p2p::Gone& event);
  void on_answer(const p2p::Peer& peer, const pex::AnswerCounts& answer);

  // Null when there are too many.
  CrawlRow* row_of(const conn::HostAddress& target);
  void note(CrawlRow& row, const p2p::AttemptReport& report, const conn::Failure* failure);
  // Whether anything that has not been visited could still be.
  bool anything_left() const;
  bool seeds_left() const;
  bool is_left(const addrbook::KnownAddress& known) const;
  void look();
  CrawlResult gather(CrawlResult::Ended ended) const;

  conn::Runtime& runtime_;
  conn::Shard& control_;
  const CrawlOptions options_;
  std::set<conn::NodeId> seeds_;
  std::unique_ptr<pex::Node> node_;

  // On the control shard.
  std::map<std::string, CrawlRow> rows_;  // by what was dialled, as text
  std::set<conn::NodeId> under_way_;
  std::unique_ptr<conn::Timer> timer_;
  conn::TimePoint began_, last_work_;
  addrbook::Time began_at_ = addrbook::kNever;

  std::atomic<std::size_t> heard_ = 0, visited_ = 0, reachable_ = 0, answered_ = 0, dialling_ = 0;
  std::atomic<bool> over_ = false;
};

}  // namespace peerage::cmd
