#include "addrbook/file/discovery_table.h"

#include <string_view>
#include <utility>

#include "addrbook/file/row.h"
#include "addrbook/file/schema.h"
#include "addrbook/record/book_reason.h"

namespace peerage::addrbook {

using conn::Result;

namespace {

constexpr std::size_t kSeqBytes = 8;  // big-endian, so that bytes compare as numbers do

constexpr std::string_view kWriteSeq =
    "INSERT INTO meta (name, value) VALUES ('discovery_seq', ?1) ON CONFLICT (name) DO UPDATE SET "
    "value = iif(typeof(value) = 'blob' AND length(value) = 8, max(value, excluded.value), "
    "excluded.value)";

conn::ByteArray<kSeqBytes> bytes_of(std::uint64_t number) {
  conn::ByteArray<kSeqBytes> bytes{};
  for (std::size_t i = 0; i < kSeqBytes; ++i) {
    bytes[i] = static_cast<std::uint8_t>(number >> (8 * (kSeqBytes - 1 - i)));
  }
  return bytes;
}

std::int64_t seconds(Time time) {
  return time.time_since_epoch().count();
}

}  // namespace

Result<DiscoveryTable> DiscoveryTable::open(sqlite::Database& database) {
  auto seq = database.prepare(kWriteSeq);
  auto erase_nodes = database.prepare("DELETE FROM discovery_node");
  auto node = database.prepare(
      "INSERT OR REPLACE INTO discovery_node (id, key, ip, udp, tcp, record, speaks_v4, speaks_v5, "
      "first_seen, last_live, checks) VALUES (?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,?11)");
  auto erase_bans = database.prepare("DELETE FROM discovery_ban");
  auto ban = database.prepare("INSERT OR REPLACE INTO discovery_ban (id, until) VALUES (?1,?2)");
  auto unban = database.prepare("DELETE FROM discovery_ban WHERE id = ?1");
  for (auto* each : {&seq, &erase_nodes, &node, &erase_bans, &ban, &unban}) {
    if (!*each) return tl::unexpected(std::move(each->error()));
  }
  return DiscoveryTable({std::move(*seq), std::move(*erase_nodes), std::move(*node),
                         std::move(*erase_bans), std::move(*ban), std::move(*unban)});
}

Result<void> DiscoveryTable::write(const DiscoveryChanges& changes) {
  if (changes.seq) {
    const auto bytes = bytes_of(*changes.seq);
    statements_.seq.bind(1, conn::ByteView(bytes));
    if (auto done = statements_.seq.run(); !done) return done;
  }
  if (changes.nodes) {
    if (auto done = write_nodes(*changes.nodes); !done) return done;
  }
  if (changes.rewrite_bans) {
    if (auto done = statements_.erase_bans.run(); !done) return done;
  }
  for (const DiscoveryId& id : changes.unbanned) {
    statements_.unban.bind(1, conn::ByteView(id));
    if (auto done = statements_.unban.run(); !done) return done;
  }
  for (const DiscoveryBan& ban : changes.banned) {
    if (auto done = write_ban(ban); !done) return done;
  }
  return {};
}

Result<void> DiscoveryTable::write_all(const DiscoveryRows& rows) {
  DiscoveryChanges all;
  if (rows.seq > 0) all.seq = rows.seq;
  all.nodes = rows.nodes;
  all.rewrite_bans = true;
  all.banned = rows.bans;
  return write(all);
}

Result<void> DiscoveryTable::write_nodes(const std::vector<DiscoveryNode>& nodes) {
  if (auto done = statements_.erase_nodes.run(); !done) return done;
  sqlite::Statement& insert = statements_.node;
  for (const DiscoveryNode& node : nodes) {
    insert.bind(1, conn::ByteView(node.id))
        .bind(2, conn::ByteView(node.key))
        .bind(3, conn::ByteView(node.udp.ip.bytes()))
        .bind(4, std::int64_t{node.udp.port})
        .bind(5, std::int64_t{node.tcp});
    if (node.record.empty()) {
      insert.bind_null(6);
    } else {
      insert.bind(6, conn::ByteView(node.record));
    }
    insert.bind(7, std::int64_t{node.speaks_v4})
        .bind(8, std::int64_t{node.speaks_v5})
        .bind(9, seconds(node.first_seen))
        .bind(10, seconds(node.last_live))
        .bind(11, std::int64_t{node.checks});
    if (auto done = insert.run(); !done) return done;
  }
  return {};
}

Result<void> DiscoveryTable::write_ban(const DiscoveryBan& ban) {
  statements_.ban.bind(1, conn::ByteView(ban.id));
  if (ban.until) {
    statements_.ban.bind(2, seconds(*ban.until));
  } else {
    statements_.ban.bind_null(2);
  }
  return statements_.ban.run();
}

namespace {

// The rows of one table; `take` judges the columns of each.
template <typename Values, typename Take>
Result<void> read_rows(const sqlite::Database& database, std::string_view sql, std::size_t most,
                       Drops& dropped, const Take& take) {
  auto query = database.prepare(sql);
  if (!query) return tl::unexpected(std::move(query.error()));
  for (std::size_t i = 0;; ++i) {
    const auto there = query->step();
    if (!there) return tl::unexpected(there.error());
    if (!*there) return {};
    if (i == most) {
      ++dropped[DropCause::over_limit];
      return {};
    }
    Values values;
    for (std::size_t column = 0; column < values.size(); ++column) {
      values[column] = query->column(static_cast<int>(column));
    }
    if (const auto fault = take(values)) ++dropped[*fault];
  }
}

// Into `to`, or why not.
template <typename Row>
std::optional<DropCause> keep(row::Judged<Row> judged, std::vector<Row>& to) {
  if (!judged) return judged.error();
  to.push_back(std::move(*judged));
  return std::nullopt;
}

Result<void> read_all(const sqlite::Database& database, Time now, DiscoveryRows& rows,
                      Drops& dropped) {
  using SeqValues = std::array<sqlite::Value, 1>;
  auto done =
      read_rows<SeqValues>(database, "SELECT value FROM meta WHERE name = 'discovery_seq'", 1,
                           dropped, [&rows](const SeqValues& values) -> std::optional<DropCause> {
                             const auto* bytes = std::get_if<conn::ByteView>(values.data());
                             if (bytes == nullptr || bytes->size() != kSeqBytes)
                               return DropCause::bad_number;
                             for (const std::uint8_t byte : *bytes)
                               rows.seq = (rows.seq << 8) | byte;
                             return std::nullopt;
                           });
  if (!done) return done;
  done = read_rows<row::DiscoveryNodeValues>(
      database,
      "SELECT id, key, ip, udp, tcp, record, speaks_v4, speaks_v5, first_seen, last_live, checks "
      "FROM discovery_node ORDER BY last_live DESC",
      DiscoveryRows::kMaxNodes, dropped, [&](const row::DiscoveryNodeValues& values) {
        return keep(row::discovery_node_of(values, now), rows.nodes);
      });
  if (!done) return done;
  return read_rows<row::DiscoveryBanValues>(
      database, "SELECT id, until FROM discovery_ban ORDER BY until IS NOT NULL, until DESC",
      DiscoveryRows::kMaxBans, dropped, [&rows](const row::DiscoveryBanValues& values) {
        return keep(row::discovery_ban_of(values), rows.bans);
      });
}

}  // namespace

Result<DiscoveryRows> read_discovery(const sqlite::Database& database, Time now, Damage damage,
                                     Report& report) {
  DiscoveryRows rows;
  const auto version = database.number("PRAGMA user_version");
  if (version && *version < schema::kFirstWithDiscovery) return rows;
  // These are few: of a damaged file what stands behind the damage is given up.
  if (auto done = read_all(database, now, rows, report.dropped); !done) {
    const bool is_damage = done.error().reason == BookReason::book_corrupt;
    if (damage == Damage::fails || !is_damage) return tl::unexpected(std::move(done.error()));
    ++report.dropped[DropCause::unreadable];
  }
  return rows;
}

}  // namespace peerage::addrbook
