#include "cmd/discovery/lookup.h"

#include <algorithm>

namespace peerage::cmd {
namespace {

// Records are asked for at once of so many.
constexpr std::size_t kRecordsParallel = 8;

}  // namespace

LookupInquiry::LookupInquiry(const pex::LookupTarget& target, const pex::EnodeId& own,
                             const std::vector<pex::Contact>& start, conn::Duration patience)
    : target_(target), lookup_({.target = target.id, .own = own}, start), patience_(patience) {
  for (const pex::Contact& contact : start) {
    heard_.insert(contact.id);
    if (contact.record) records_.emplace(contact.id, contact.record);
  }
}

std::optional<Question> LookupInquiry::next(conn::TimePoint now) {
  if (!began_) began_ = now;
  std::erase_if(slow_at_, [this, now](const auto& waiting) {
    const bool slow = waiting.second <= now;
    if (slow) lookup_.on_slow(waiting.first);
    return slow;
  });
  if (lookup_.finished()) return next_record();
  const auto whom = lookup_.next();
  if (!whom) return std::nullopt;
  ++asked_;
  slow_at_.emplace(whom->id, now + patience_);
  return Question{Question::What::nodes, *whom, target_};
}

// Of those that were found and have sent none.
std::optional<Question> LookupInquiry::next_record() {
  if (records_under_way_ >= kRecordsParallel) return std::nullopt;
  for (const pex::Contact& contact : lookup_.result()) {
    if (contact.record || records_.contains(contact.id)) continue;
    records_.emplace(contact.id, nullptr);
    ++records_under_way_;
    return Question{Question::What::record, contact};
  }
  return std::nullopt;
}

void LookupInquiry::on_answer(const Question& question, const Answer& answer, conn::TimePoint) {
  const pex::EnodeId& id = question.whom.id;
  if (question.what == Question::What::record) {
    --records_under_way_;
    if (answer) records_[id] = std::get<RecordAnswer>(*answer);
    return;
  }
  slow_at_.erase(id);
  if (!answer) {
    if (!failure_) failure_ = answer.error();
    return lookup_.on_silent(id);
  }
  ++answered_;
  const auto& told = std::get<NodesAnswer>(*answer);
  for (const pex::Contact& contact : told) heard_.insert(contact.id);
  lookup_.on_answer(id, told);
  lookup_.on_done(id);
}

bool LookupInquiry::finished() const {
  if (!lookup_.finished() || records_under_way_ > 0) return false;
  const auto result = lookup_.result();
  return std::all_of(result.begin(), result.end(), [this](const pex::Contact& contact) {
    return contact.record || records_.contains(contact.id);
  });
}

std::optional<conn::TimePoint> LookupInquiry::next_deadline() const {
  const auto first =
      std::min_element(slow_at_.begin(), slow_at_.end(),
                       [](const auto& a, const auto& b) { return a.second < b.second; });
  if (first == slow_at_.end()) return std::nullopt;
  return first->second;
}

LookupReport LookupInquiry::report(conn::TimePoint now) const {
  LookupReport report;
  report.target = target_;
  report.asked = asked_;
  report.answered = answered_;
  report.heard = heard_.size();
  report.rounds = lookup_.rounds();
  report.lasted = began_ ? now - *began_ : conn::Duration(0);
  report.finished = finished();
  if (answered_ == 0) report.failure = failure_;
  for (pex::Contact contact : lookup_.result()) {
    const auto record = records_.find(contact.id);
    if (record != records_.end() && record->second) contact.record = record->second;
    const unsigned distance = pex::log_distance(contact.id, target_.id);
    report.found.push_back({std::move(contact), distance});
  }
  return report;
}

}  // namespace peerage::cmd
