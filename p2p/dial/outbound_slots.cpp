#include "p2p/dial/outbound_slots.h"

#include <algorithm>

namespace peerage::p2p {

std::size_t OutboundSlots::used() const {
  const auto needs_one = [this](const conn::NodeId& id) { return is_needed_by(id); };
  return static_cast<std::size_t>(std::count_if(outbound_.begin(), outbound_.end(), needs_one) +
                                  std::count_if(under_way_.begin(), under_way_.end(), needs_one));
}

std::size_t OutboundSlots::free() const {
  const std::size_t taken = used();
  return taken >= max_ ? 0 : max_ - taken;
}

}  // namespace peerage::p2p
