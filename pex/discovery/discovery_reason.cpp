#include "pex/discovery/discovery_reason.h"

#include <cstddef>

namespace peerage::pex {
namespace {

constexpr auto kTexts = conn::reason_texts<DiscoveryReason>({
    {DiscoveryReason::no_answer,
     {"no_answer", "the node did not answer over UDP",
      "check its address, its UDP port, and that a firewall lets UDP through both ways"}},
    {DiscoveryReason::discovery_busy,
     {"discovery_busy", "too many such requests are under way", "wait for some of them to end"}},
    {DiscoveryReason::not_allowed_to_ask,
     {"not_allowed_to_ask", "the node may not be asked now",
      "it is banned, outside of net_restrict, or was asked just before"}},
    {DiscoveryReason::nobody_to_ask,
     {"nobody_to_ask", "no node is known that could be asked",
      "name boot nodes, and see whether they answer"}},
    {DiscoveryReason::protocol_off,
     {"protocol_off", "this protocol cannot do that, or is off",
      "set protocols in [peerage.discovery]; discv4 looks for keys, not for IDs"}},
});
static_assert(kTexts.size() == static_cast<std::size_t>(DiscoveryReason::protocol_off) + 1);

const conn::ReasonModule kModule{kTexts};

}  // namespace

const conn::ReasonText& reason_text(DiscoveryReason reason) noexcept {
  return kTexts[static_cast<std::size_t>(reason)];
}

}  // namespace peerage::pex
