#include "cmd/discovery/targets.h"

#include <algorithm>

namespace peerage::cmd {

TargetPool::TargetPool(const std::function<void(conn::MutableBytes)>& random, std::size_t targets) {
  targets_.reserve(targets);
  for (std::size_t i = 0; i < targets; ++i) {
    conn::ByteArray<64> key{};
    random(key);
    targets_.push_back(pex::LookupTarget::of(key));
  }
  std::sort(targets_.begin(), targets_.end(),
            [](const pex::LookupTarget& a, const pex::LookupTarget& b) { return a.id < b.id; });
}

std::optional<pex::LookupTarget> TargetPool::at(const pex::EnodeId& node,
                                                unsigned log_distance) const {
  if (log_distance == 0 || log_distance > 256) return std::nullopt;
  // All IDs at this distance share the bits before that which differs, and that one.
  pex::EnodeId least = node, most = node;
  const unsigned bit = 256 - log_distance;
  const std::size_t at = bit / 8;
  const auto mask = static_cast<std::uint8_t>(0xff00U >> (bit % 8 + 1));
  const auto turned = static_cast<std::uint8_t>(node.bytes[at] ^ (0x80U >> (bit % 8)));
  least.bytes[at] = turned & mask;
  most.bytes[at] = static_cast<std::uint8_t>(turned | static_cast<std::uint8_t>(~mask));
  std::fill(least.bytes.begin() + static_cast<std::ptrdiff_t>(at) + 1, least.bytes.end(),
            std::uint8_t{0});
  std::fill(most.bytes.begin() + static_cast<std::ptrdiff_t>(at) + 1, most.bytes.end(),
            std::uint8_t{0xff});
  const auto begin = std::lower_bound(
      targets_.begin(), targets_.end(), least,
      [](const pex::LookupTarget& target, const pex::EnodeId& id) { return target.id < id; });
  const auto end = std::upper_bound(
      begin, targets_.end(), most,
      [](const pex::EnodeId& id, const pex::LookupTarget& target) { return id < target.id; });
  if (begin == end) return std::nullopt;
  const std::size_t turn = std::hash<pex::EnodeId>()(node) % static_cast<std::size_t>(end - begin);
  return *(begin + static_cast<std::ptrdiff_t>(turn));
}

}  // namespace peerage::cmd
