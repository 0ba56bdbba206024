// Where the parts of a switch report what has happened: its event handlers, its counters, its log.
//
// Threads: handlers are added before the start; counters may be used on any thread, and the log's
// `peers`; everything else on the control shard, where the handlers run.
#pragma once

#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "conn/base/histogram.h"
#include "conn/runtime/runtime.h"
#include "p2p/base/counters.h"
#include "p2p/base/limits.h"
#include "p2p/peer/ban_enforcer.h"
#include "p2p/peer/switch_events.h"
#include "p2p/switch_log.h"

namespace peerage::p2p {

class SwitchReports final : public BanEnforcer::Observer {
 public:
  SwitchReports(conn::Shard& control, const std::shared_ptr<conn::LogSink>& sink)
      : control_(control), log_(sink) {}

  void add_handler(OnSwitchEvent handler) { handlers_.push_back(std::move(handler)); }
  void tell(const SwitchEvent& event) const;
  const SwitchLog& log() const noexcept { return log_; }
  Counters& counters() noexcept { return counters_; }
  // Of answered pings, of all peers there ever were; connections count in it.
  const std::shared_ptr<conn::Histogram>& round_trips() const noexcept { return round_trips_; }

  // Counted, and for the log and the handlers.
  void refused(const Refused& event);
  // The same of one on which nothing was spent: no event.
  void refused_on_arrival(const conn::Endpoint& remote, const conn::Failure& why);

  void on_banned(const Ban& ban, const std::optional<conn::NodeId>& culprit) override;
  void on_bans_joined(const Ban& ban) override;
  void on_bans_dropped(const std::vector<BanTarget>& targets) override;
  void on_ban_refused(const BanTarget& target, const conn::Failure& why) override;
  void on_unbanned(const BanTarget& target) override;

 private:
  conn::Shard& control_;
  const SwitchLog log_;
  Counters counters_;
  const std::shared_ptr<conn::Histogram> round_trips_ =
      std::make_shared<conn::Histogram>(kRoundTripBounds);
  std::vector<OnSwitchEvent> handlers_;
};

}  // namespace peerage::p2p
