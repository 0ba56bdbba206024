#include "p2p/switch_reports.h"

namespace peerage::p2p {

void SwitchReports::tell(const SwitchEvent& event) const {
  for (const OnSwitchEvent& handler : handlers_) handler(event);
}

void SwitchReports::refused(const Refused& event) {
  counters_.add_refusal(event.failure.reason);
  log_.refused(event, control_.now());
  tell(event);
}

void SwitchReports::refused_on_arrival(const conn::Endpoint& remote, const conn::Failure& why) {
  counters_.add_refusal(why.reason);
  log_.refused_on_arrival(remote, why, control_.now());
}

void SwitchReports::on_banned(const Ban& ban, const std::optional<conn::NodeId>& culprit) {
  counters_.add(Counter::bans);
  if (ban.origin == BanOrigin::operator_) {
    log_.banned_by_operator(ban);
  } else {
    log_.banned(ban, culprit, control_.now());
  }
  tell(Banned{ban});
}

// No new offence: neither counted nor logged.
void SwitchReports::on_bans_joined(const Ban& ban) {
  tell(Banned{ban});
}

void SwitchReports::on_bans_dropped(const std::vector<BanTarget>& targets) {
  tell(BansDropped{targets});
}

void SwitchReports::on_ban_refused(const BanTarget& target, const conn::Failure& why) {
  log_.cannot_ban(target, why);
}

void SwitchReports::on_unbanned(const BanTarget& target) {
  tell(Unbanned{target});
}

}  // namespace peerage::p2p
