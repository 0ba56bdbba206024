// A crawl over UDP: from the nodes that were named to all that can be heard of.
//
// Each node is pinged; one that answers is asked for its record, and then for what its table holds:
// bucket by bucket from the farthest, in which half of all nodes are, until two answers in a row
// told of nobody new. A node is asked one thing at a time, and all take turns: a crawl whose time
// is over has gone equally far everywhere.
//
// What others tell of a node is hearsay. The first endpoint that was told is pinged, and if nobody
// answers there another one that was told, kMostEndpoints in all: a liar cannot hide a node.
//
// Bounded: Settings::most_nodes; what is told beyond is counted. Threads: none of its own.
#pragma once

#include <deque>
#include <unordered_map>
#include <vector>

#include "cmd/discovery/inquiry.h"
#include "cmd/discovery/targets.h"

namespace peerage::cmd {

struct CrawledNode {
  pex::Contact contact;                    // with its record, when there is one
  std::optional<pex::EnodeId> told_by{};   // who told of it first; none: it was named
  std::optional<pex::PingAnswer> pong{};   // there is one: it is live
  std::optional<conn::Failure> failure{};  // of its last ping; neither: it was not asked
  std::size_t answers = 0;                 // when it was asked for nodes
  std::size_t told_new = 0;                // nodes that it told of first

  bool live() const { return pong.has_value(); }
};

class DiscoveryCrawl final : public Inquiry {
 public:
  static constexpr unsigned kMostEndpoints = 3;
  static constexpr unsigned kBarrenAnswers = 2;  // that told of nobody new, in a row

  struct Settings {
    pex::EnodeId own;  // is no node
    std::size_t parallel = 32;
    std::size_t most_nodes = 20'000;
  };
  DiscoveryCrawl(const Settings& settings, TargetPool targets,
                 const std::vector<pex::Contact>& start);

  std::optional<Question> next(conn::TimePoint now) override;
  void on_answer(const Question& question, const Answer& answer, conn::TimePoint now) override;
  bool finished() const override { return under_way_ == 0 && due_.empty(); }

  struct Progress {
    std::size_t heard = 0, asked = 0, live = 0, under_way = 0;
  };
  Progress progress() const;
  // How often it was told of a node that it had no place for.
  std::size_t left_out() const noexcept { return left_out_; }
  // In the order in which they were heard of.
  std::vector<CrawledNode> nodes() const;

 private:
  struct Node {
    CrawledNode seen;
    Question::What step = Question::What::ping;
    unsigned distance = 256;  // of the bucket that is asked for next
    unsigned barren = 0;
    unsigned endpoints = 1;                 // that were told and are tried
    std::optional<conn::Endpoint> other{};  // to be tried if nobody answers at the present one
    bool at_rest = false;                   // there is nothing more to ask it
  };
  void hear_of(const pex::Contact& contact, const std::optional<pex::EnodeId>& from);
  void hear_again(std::size_t index, const conn::Endpoint& endpoint);
  std::optional<pex::LookupTarget> next_target(Node& node) const;
  // Each says whether there is more to ask.
  bool on_ping(Node& node, const Answer& answer);
  bool on_record(Node& node, const Answer& answer);
  bool on_nodes(Node& node, const Answer& answer);

  const Settings settings_;
  const TargetPool targets_;
  std::unordered_map<pex::EnodeId, std::size_t> index_;
  std::deque<Node> nodes_;  // only grows: references stay valid
  std::deque<std::size_t> due_;
  std::size_t under_way_ = 0, left_out_ = 0;
};

}  // namespace peerage::cmd
