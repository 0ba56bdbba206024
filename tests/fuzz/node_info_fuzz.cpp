// NodeInfo: any bytes decode or are refused; what decodes encodes to something that decodes to the
// same; judging it never fails, and what is said about it is printable.
#include <algorithm>

#include "p2p/base/node_info.h"
#include "tests/fuzz/fuzz_input.h"

using namespace peerage;
using peerage::fuzz::require;

namespace {
bool printable_text(const std::string& text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return c >= 0x20 && c < 0x7f; });
}
}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto info = p2p::decode_node_info({data, size});
  if (!info) {
    require(printable_text(info.error().text()));
    return 0;
  }
#ifdef PEERAGE_PLANTED_BUG
  require(info->block_version != 10);  // as if an old block version were mishandled
#endif
  const auto again = p2p::decode_node_info(p2p::encode(*info));
  // The encoding always writes the two inner messages, so it can be a little longer than the limit.
  if (size + 8 <= p2p::kMaxNodeInfo) require(again.has_value());
  if (again) require(*again == *info);

  const auto valid = p2p::validate(*info);
  if (valid) {
    require(info->channels.size() <= p2p::kMaxChannels);
    require(printable_text(info->moniker) && printable_text(info->version));
    require(conn::NodeId::parse(info->node_id).has_value());
  } else {
    require(printable_text(valid.error().text()));
  }
  if (const auto address = info->listen_address()) require(address->valid());
  const auto agreed = p2p::compatible(*info, *info);
  require(agreed.has_value());
  p2p::NodeInfo ours;
  ours.network = "n";
  if (const auto other = p2p::compatible(ours, *info); !other) {
    require(printable_text(other.error().text()));
    require(other.error().text().size() < 1000);
  }
  return 0;
}
