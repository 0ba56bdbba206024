#include "cmd/discovery/crawl.h"

#include <utility>

namespace peerage::cmd {

DiscoveryCrawl::DiscoveryCrawl(const Settings& settings, TargetPool targets,
                               const std::vector<pex::Contact>& start)
    : settings_(settings), targets_(std::move(targets)) {
  for (const pex::Contact& contact : start) hear_of(contact, std::nullopt);
}

std::optional<Question> DiscoveryCrawl::next(conn::TimePoint) {
  while (under_way_ < settings_.parallel && !due_.empty()) {
    Node& node = nodes_[due_.front()];
    due_.pop_front();
    Question question{node.step, node.seen.contact};
    if (node.step == Question::What::nodes) {
      const auto target = next_target(node);
      if (!target) continue;
      question.target = *target;
    }
    ++under_way_;
    return question;
  }
  return std::nullopt;
}

void DiscoveryCrawl::on_answer(const Question& question, const Answer& answer, conn::TimePoint) {
  --under_way_;
  const std::size_t index = index_.at(question.whom.id);
  Node& node = nodes_[index];
  const bool more = question.what == Question::What::ping     ? on_ping(node, answer)
                    : question.what == Question::What::record ? on_record(node, answer)
                                                              : on_nodes(node, answer);
  node.at_rest = !more;
  if (more) due_.push_back(index);
}

bool DiscoveryCrawl::on_ping(Node& node, const Answer& answer) {
  CrawledNode& seen = node.seen;
  if (answer) {
    seen.pong = std::get<pex::PingAnswer>(*answer);
    seen.failure.reset();
    node.step = Question::What::record;
    return true;
  }
  seen.failure = answer.error();
  if (!node.other) return false;
  seen.contact.udp = *std::exchange(node.other, std::nullopt);
  ++node.endpoints;
  return true;
}

// Without a record there is no network, but still a node that knows others.
bool DiscoveryCrawl::on_record(Node& node, const Answer& answer) {
  if (answer) {
    const auto& record = std::get<RecordAnswer>(*answer);
    if (record->seq() >= node.seen.contact.seq()) node.seen.contact.record = record;
  }
  node.step = Question::What::nodes;
  return true;
}

bool DiscoveryCrawl::on_nodes(Node& node, const Answer& answer) {
  if (!answer) return false;
  const pex::EnodeId& id = node.seen.contact.id;
  const std::size_t before = nodes_.size();
  for (const pex::Contact& contact : std::get<NodesAnswer>(*answer)) hear_of(contact, id);
  const std::size_t new_ones = nodes_.size() - before;
  ++node.seen.answers;
  node.seen.told_new += new_ones;
  node.barren = new_ones > 0 ? 0 : node.barren + 1;
  return node.barren < kBarrenAnswers;
}

void DiscoveryCrawl::hear_of(const pex::Contact& contact, const std::optional<pex::EnodeId>& from) {
  if (contact.id == settings_.own) return;
  if (const auto known = index_.find(contact.id); known != index_.end()) {
    return hear_again(known->second, contact.udp);
  }
  if (nodes_.size() >= settings_.most_nodes) {
    ++left_out_;
    return;
  }
  index_.emplace(contact.id, nodes_.size());
  due_.push_back(nodes_.size());
  nodes_.push_back({.seen = {.contact = contact, .told_by = from}});
}

void DiscoveryCrawl::hear_again(std::size_t index, const conn::Endpoint& endpoint) {
  Node& node = nodes_[index];
  const bool another = endpoint != node.seen.contact.udp && !node.seen.live();
  if (!another || node.endpoints >= kMostEndpoints) return;
  if (!node.at_rest) {
    node.other = endpoint;
    return;
  }
  // Nobody has answered where it was looked for.
  node.seen.contact.udp = endpoint;
  ++node.endpoints;
  node.at_rest = false;
  due_.push_back(index);
}

std::optional<pex::LookupTarget> DiscoveryCrawl::next_target(Node& node) const {
  if (node.distance == 0) return std::nullopt;
  return targets_.at(node.seen.contact.id, node.distance--);
}

DiscoveryCrawl::Progress DiscoveryCrawl::progress() const {
  Progress progress{.heard = nodes_.size(), .under_way = under_way_};
  for (const Node& node : nodes_) {
    progress.asked += node.seen.live() || node.seen.failure ? 1 : 0;
    progress.live += node.seen.live() ? 1 : 0;
  }
  return progress;
}

std::vector<CrawledNode> DiscoveryCrawl::nodes() const {
  std::vector<CrawledNode> seen;
  seen.reserve(nodes_.size());
  for (const Node& node : nodes_) seen.push_back(node.seen);
  return seen;
}

}  // namespace peerage::cmd
