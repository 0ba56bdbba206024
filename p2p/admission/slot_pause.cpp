#include "p2p/admission/slot_pause.h"

#include <algorithm>

namespace peerage::p2p {

void SlotPause::on_refused(const conn::IpAddress& ip, conn::TimePoint now) {
  Pause& pause = hosts_.use(host_of(ip), [] { return Pause{}; });
  // Several handshakes that ran side by side are one try.
  if (now < pause.until) return;
  const bool at_once = pause.length > conn::Duration(0) && now - pause.until <= pause.length;
  pause.length = at_once ? std::min(2 * pause.length, kLongestSlotPause) : kFirstSlotPause;
  pause.until = now + pause.length;
}

void SlotPause::on_evicted(const conn::IpAddress& ip, conn::TimePoint now) {
  hosts_.use(host_of(ip), [] { return Pause{}; }) = {now + kEvictedPause, kEvictedPause};
}

bool SlotPause::holds(const conn::IpAddress& ip, conn::TimePoint now) const {
  const Pause* pause = hosts_.find(host_of(ip));
  return pause != nullptr && now < pause->until;
}

}  // namespace peerage::p2p
