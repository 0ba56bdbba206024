#include "cmd/discovery/ping.h"

#include <algorithm>

namespace peerage::cmd {

std::size_t PingReport::answered() const {
  return static_cast<std::size_t>(
      std::count_if(pings.begin(), pings.end(), [](const auto& ping) { return ping.has_value(); }));
}

PingInquiry::PingInquiry(const pex::Contact& contact, const Settings& settings)
    : settings_(settings) {
  report_.contact = contact;
  if (settings_.count == 0) step_ = Step::done;
}

std::optional<conn::TimePoint> PingInquiry::next_deadline() const {
  return step_ == Step::ping ? due_ : std::nullopt;
}

std::optional<Question> PingInquiry::next(conn::TimePoint now) {
  if (step_ == Step::record) {
    step_ = Step::asking;
    return Question{Question::What::record, *report_.contact};
  }
  if (step_ != Step::ping || (due_ && now < *due_)) return std::nullopt;
  step_ = Step::pinging;
  due_ = now + settings_.interval;
  return Question{Question::What::ping, *report_.contact};
}

void PingInquiry::on_answer(const Question& question, const Answer& answer, conn::TimePoint) {
  if (question.what == Question::What::record) {
    report_.record = answer ? conn::Result<pex::EnrPtr>(std::get<RecordAnswer>(*answer))
                            : conn::Result<pex::EnrPtr>(tl::unexpected(answer.error()));
    step_ = Step::done;
    return;
  }
  if (answer) {
    report_.pings.emplace_back(std::get<pex::PingAnswer>(*answer));
  } else {
    report_.pings.emplace_back(tl::unexpected(answer.error()));
  }
  if (report_.pings.size() < settings_.count) {
    step_ = Step::ping;
  } else {
    step_ = report_.proven() ? Step::record : Step::done;
  }
}

}  // namespace peerage::cmd
