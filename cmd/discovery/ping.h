// Pings a node a few times, and asks for its record once.
//
// A pong proves that whoever has the key is at that endpoint. What it says of our own address is a
// claim. Without a pong nothing is known: a node that is off, another port, another key and a
// firewall look the same from here.
//
// Threads: none of its own; the reports are pure functions.
#pragma once

#include <string>
#include <vector>

#include "cmd/discovery/inquiry.h"

namespace peerage::cmd {

struct PingReport {
  std::string target;  // as it was named
  // Why it could not be asked at all.
  std::optional<conn::Failure> failure{};

  std::optional<pex::Contact> contact{};
  std::vector<conn::Result<pex::PingAnswer>> pings{};
  // Whose key answers there instead, when the one that was named does not.
  std::optional<pex::EnodeId> other_id{};
  // The node's answer when it was asked for its record, if any ping was answered.
  std::optional<conn::Result<pex::EnrPtr>> record{};

  std::size_t answered() const;
  bool proven() const { return answered() > 0; }
};

class PingInquiry final : public Inquiry {
 public:
  struct Settings {
    std::size_t count = 1;
    conn::Duration interval = std::chrono::seconds(1);  // from one ping to the next
  };
  PingInquiry(const pex::Contact& contact, const Settings& settings);

  std::optional<Question> next(conn::TimePoint now) override;
  void on_answer(const Question& question, const Answer& answer, conn::TimePoint now) override;
  bool finished() const override { return step_ == Step::done; }
  std::optional<conn::TimePoint> next_deadline() const override;

  PingReport take_report() { return std::move(report_); }

 private:
  enum class Step : std::uint8_t { ping, pinging, record, asking, done };
  Settings settings_;
  Step step_ = Step::ping;
  std::optional<conn::TimePoint> due_;  // of the next ping; none: at once
  PingReport report_;
};

// For a terminal, and as one line of JSON.
std::string to_text(const PingReport& report);
std::string to_json(const PingReport& report);

}  // namespace peerage::cmd
