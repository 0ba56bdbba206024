#include "pex/books/discovery_memory.h"

#include <algorithm>
#include <utility>

namespace peerage::pex {

using addrbook::DiscoveryNode;

namespace {

constexpr auto kV4 = static_cast<std::size_t>(Protocol::v4);
constexpr auto kV5 = static_cast<std::size_t>(Protocol::v5);

addrbook::Time stored(conn::WallTime time) {
  return std::chrono::floor<addrbook::Seconds>(time);
}

DiscoveryNode row_of(const NodeRow& row) {
  DiscoveryNode node;
  node.id = row.node.id.bytes;
  node.key = row.node.key.xy();
  node.udp = row.node.udp;
  node.tcp = row.node.tcp;
  if (row.node.record) {
    const conn::ByteView record = row.node.record->bytes();
    node.record.assign(record.begin(), record.end());
  }
  node.speaks_v4 = row.speaks[kV4];
  node.speaks_v5 = row.speaks[kV5];
  node.first_seen = stored(row.first_seen);
  node.last_live = stored(row.last_live);
  node.checks = row.checks;
  return node;
}

std::optional<NodeRow> node_of(const DiscoveryNode& row) {
  const auto key = conn::Secp256k1PublicKey::from_xy(row.key);
  if (!key || EnodeId::of(*key).bytes != row.id) return std::nullopt;
  NodeRow made{.node = Contact::at(*key, row.udp, row.tcp)};
  if (!row.record.empty()) {
    auto record = Enr::decode(row.record);
    if (!record || (*record)->id() != made.node.id) return std::nullopt;
    made.node.record = std::move(*record);
  }
  made.speaks[kV4] = row.speaks_v4;
  made.speaks[kV5] = row.speaks_v5;
  made.first_seen = row.first_seen;
  made.last_live = row.last_live;
  made.checks = row.checks;
  return made;
}

}  // namespace

NodeRows::Loaded DiscoveryMemory::load() {
  const addrbook::DiscoveryRows kept = books_->discovery().rows();
  Loaded loaded;
  loaded.seq = kept.seq;
  const addrbook::Time now = stored(runtime_.wall_now());
  for (const DiscoveryNode& row : kept.nodes) {
    if (now - row.last_live > kRowLasts) continue;
    if (auto node = node_of(row)) loaded.rows.push_back(std::move(*node));
  }
  for (const addrbook::DiscoveryBan& ban : kept.bans) {
    const auto until = ban.until ? std::optional<conn::WallTime>(*ban.until) : std::nullopt;
    loaded.bans.emplace_back(EnodeId{ban.id}, until);
  }
  return loaded;
}

void DiscoveryMemory::save_seq(std::uint64_t seq, std::function<void(conn::Result<void>)> done) {
  books_->discovery().set_seq(seq);
  books_->changed();
  books_->flush(std::move(done));
}

void DiscoveryMemory::save(std::vector<NodeRow> rows) {
  std::vector<DiscoveryNode> nodes;
  nodes.reserve(rows.size());
  for (const NodeRow& row : rows) nodes.push_back(row_of(row));
  books_->discovery().set_nodes(std::move(nodes));
  books_->changed();
}

void DiscoveryMemory::save_ban(const EnodeId& id, std::optional<conn::WallTime> until) {
  const auto end = until ? std::optional(stored(*until)) : std::nullopt;
  books_->discovery().ban({id.bytes, end});
  books_->changed();
}

void DiscoveryMemory::remove_ban(const EnodeId& id) {
  books_->discovery().unban(id.bytes);
  books_->changed();
}

}  // namespace peerage::pex
