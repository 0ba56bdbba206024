#include "pex/discovery/record/cmt.h"

#include <algorithm>
#include <limits>

#include "pex/discovery/record/rlp.h"

namespace peerage::pex {
namespace {

bool is_network(conn::ByteView text) {
  static constexpr std::size_t kMostBytes = 50;  // of comet's chain ID
  return !text.empty() && text.size() <= kMostBytes &&
         std::all_of(text.begin(), text.end(),
                     [](std::uint8_t byte) { return byte >= 0x20 && byte < 0x7f; });
}

}  // namespace

std::optional<Cmt> Cmt::decode(conn::ByteView value) {
  conn::ByteView after;
  auto items = RlpReader::list(value, &after);
  if (!items || !after.empty()) return std::nullopt;
  const auto node_id = items->bytes<conn::NodeId::kBytes>();
  const auto network = items->string();
  const auto port = items->number(std::numeric_limits<std::uint16_t>::max());
  if (!node_id || !network || !is_network(*network) || !port) return std::nullopt;

  Cmt cmt{conn::NodeId(*node_id), {}, static_cast<std::uint16_t>(*port)};
  cmt.networks.emplace_back(conn::as_text(*network));
  while (!items->at_end()) {
    const auto further = items->item();
    if (!further) return std::nullopt;
    if (further->kind == RlpItem::Kind::string && is_network(further->payload)) {
      cmt.networks.emplace_back(conn::as_text(further->payload));
    }
  }
  return cmt;
}

std::optional<Cmt> Cmt::of(const Enr& record) {
  const auto value = record.pair("cmt");
  return value ? decode(*value) : std::nullopt;
}

conn::Bytes Cmt::encode() const {
  RlpWriter writer;
  writer.open().string(node_id.bytes());
  for (std::size_t i = 0; i < networks.size(); ++i) {
    writer.string(networks[i]);
    if (i == 0) writer.number(port);
  }
  return writer.close().take();
}

}  // namespace peerage::pex
