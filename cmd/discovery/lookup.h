// A lookup as a command makes it: from the nodes that were named to those closest to a target, each
// of which is then asked for its record.
//
// The rule by which it goes on is pex/discovery/lookup.h's; this asks its questions and keeps what
// is reported.
//
// Threads: none of its own; the reports are pure functions.
#pragma once

#include <string>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "cmd/discovery/inquiry.h"
#include "pex/discovery/limits.h"
#include "pex/discovery/lookup.h"

namespace peerage::cmd {

struct FoundNode {
  pex::Contact contact;   // with its record, when it sent one
  unsigned distance = 0;  // log distance to the target
  bool operator==(const FoundNode& other) const {
    return contact.id == other.contact.id && distance == other.distance;
  }
};

struct LookupReport {
  pex::LookupTarget target;
  std::vector<FoundNode> found;  // those that answered, closest first
  std::size_t asked = 0, answered = 0;
  std::size_t heard = 0;   // different nodes
  std::size_t rounds = 0;  // the longest way from the start
  conn::Duration lasted{0};
  bool finished = false;                 // else its time was over, or it was interrupted
  std::optional<conn::Failure> failure;  // of a node that was named, when none answered
};

class LookupInquiry final : public Inquiry {
 public:
  LookupInquiry(const pex::LookupTarget& target, const pex::EnodeId& own,
                const std::vector<pex::Contact>& start,
                conn::Duration patience = pex::DiscoveryLimits{}.lookup_step);

  std::optional<Question> next(conn::TimePoint now) override;
  void on_answer(const Question& question, const Answer& answer, conn::TimePoint now) override;
  bool finished() const override;
  std::optional<conn::TimePoint> next_deadline() const override;

  // Also of one that has not finished.
  LookupReport report(conn::TimePoint now) const;

 private:
  std::optional<Question> next_record();

  pex::LookupTarget target_;
  pex::Lookup lookup_;
  const conn::Duration patience_;  // then it goes on without a node that has not answered
  std::unordered_map<pex::EnodeId, conn::TimePoint> slow_at_;
  std::unordered_set<pex::EnodeId> heard_;
  std::size_t asked_ = 0, answered_ = 0;
  std::optional<conn::Failure> failure_;
  // The second part: records of those that were found. Null: it was asked for.
  std::unordered_map<pex::EnodeId, pex::EnrPtr> records_;
  std::size_t records_under_way_ = 0;
  std::optional<conn::TimePoint> began_;
};

// For a terminal, and as one line of JSON.
std::string to_text(const LookupReport& report);
std::string to_json(const LookupReport& report);

}  // namespace peerage::cmd
