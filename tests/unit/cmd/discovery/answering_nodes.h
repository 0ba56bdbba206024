// Nodes of discovery that answer from a table, for tests of what is asked: each has a key, an
// endpoint, perhaps a record, and others that it tells of.
#pragma once

#include <algorithm>
#include <map>
#include <random>
#include <string>
#include <vector>

#include "cmd/discovery/inquiry.h"
#include "pex/discovery/discovery_reason.h"
#include "pex/discovery/record/cmt.h"
#include "tests/support/secp256k1_keys.h"

namespace peerage::test {

inline conn::Failure no_answer() {
  return {conn::Stage::connect, pex::DiscoveryReason::no_answer, ""};
}

struct AnsweringNode {
  pex::Contact contact;
  pex::EnrPtr record{};                // that it answers
  std::vector<pex::EnodeId> others{};  // in its table
  bool answers = true;
  std::size_t pings = 0, records = 0, finds = 0;
};

class AnsweringNodes {
 public:
  // At 10.0.0.N:30303. With a network it has a record that names it.
  AnsweringNode& add(std::uint16_t number, const std::string& network = {}) {
    const conn::Secp256k1Key key = secp256k1_key(std::uint32_t{number});
    const conn::Endpoint at{conn::IpAddress::v4(10, 0, static_cast<std::uint8_t>(number >> 8U),
                                                static_cast<std::uint8_t>(number)),
                            30303};
    AnsweringNode node{.contact = pex::Contact::at(key.public_key(), at, 26656)};
    if (!network.empty()) {
      pex::Cmt cmt;
      cmt.node_id = *conn::NodeId::parse("000102030405060708090a0b0c0d0e0f10111213");
      cmt.networks = {network};
      cmt.port = 26656;
      node.record = *pex::EnrBuilder()
                         .set_ip(at.ip)
                         .set_number("udp", at.port)
                         .set_number("tcp", 26656)
                         .set("cmt", cmt.encode())
                         .sign(key, 1);
    }
    return nodes_.emplace(node.contact.id, std::move(node)).first->second;
  }
  AnsweringNode& at(const pex::EnodeId& id) { return nodes_.at(id); }
  std::size_t size() const { return nodes_.size(); }

  // Each has a full table: of every bucket at most 16, by lot.
  void introduce_all() {
    std::vector<pex::EnodeId> all;
    for (const auto& [id, node] : nodes_) all.push_back(id);
    std::mt19937 random(7);
    for (auto& [id, node] : nodes_) {
      std::shuffle(all.begin(), all.end(), random);
      std::map<unsigned, std::size_t> buckets;
      for (const pex::EnodeId& other : all) {
        if (other != id && ++buckets[pex::log_distance(id, other)] <= 16) {
          node.others.push_back(other);
        }
      }
    }
  }

  cmd::Answer ask(const cmd::Question& question) {
    const auto found = nodes_.find(question.whom.id);
    if (found == nodes_.end()) return tl::unexpected(no_answer());
    AnsweringNode& node = found->second;
    using What = cmd::Question::What;
    if (question.what == What::ping) ++node.pings;
    if (question.what == What::record) ++node.records;
    if (question.what == What::nodes) ++node.finds;
    if (!node.answers || question.whom.udp != node.contact.udp) {
      return tl::unexpected(no_answer());
    }
    if (question.what == What::ping) {
      return pex::PingAnswer{.round_trip = std::chrono::milliseconds(2),
                             .sees_us_at = conn::Endpoint{conn::IpAddress::v4(10, 9, 9, 9), 4000},
                             .seq = node.record ? node.record->seq() : 0};
    }
    if (question.what == What::record) {
      if (!node.record) return tl::unexpected(no_answer());
      return node.record;
    }
    std::vector<pex::EnodeId> told = node.others;
    std::sort(told.begin(), told.end(), [&](const pex::EnodeId& a, const pex::EnodeId& b) {
      return pex::compare_distance(question.target.id, a, b) < 0;
    });
    if (told.size() > 16) told.resize(16);
    cmd::NodesAnswer answer;
    for (const pex::EnodeId& id : told) answer.push_back(nodes_.at(id).contact);
    return answer;
  }

  // Until it has finished or wants to wait; the answers come at once.
  void run(cmd::Inquiry& inquiry, conn::TimePoint now = {}) {
    while (const auto question = inquiry.next(now))
      inquiry.on_answer(*question, ask(*question), now);
  }

 private:
  std::map<pex::EnodeId, AnsweringNode> nodes_;
};

}  // namespace peerage::test
