#include "addrbook/file/provenance_table.h"

#include <algorithm>
#include <optional>
#include <set>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

#include "addrbook/book/best.h"
#include "addrbook/file/row.h"
#include "addrbook/file/schema.h"
#include "addrbook/record/book_reason.h"

namespace peerage::addrbook {

using conn::Result;

namespace {

constexpr std::string_view kInsert =
    "INSERT INTO told (network, teller, id, ip, port, first_seen, last_seen, times, source_group) "
    "VALUES (?1,?2,?3,?4,?5,?6,?7,?8,?9) ON CONFLICT DO NOTHING";
constexpr std::string_view kGroup =
    "SELECT source_group FROM told "
    "WHERE network = ?1 AND teller = ?2 AND id = ?3 AND ip = ?4 AND port = ?5";
// Whatever the row holds, the sum is a number.
constexpr std::string_view kUpdate =
    "UPDATE told SET first_seen = min(first_seen, ?6), last_seen = max(last_seen, ?7), "
    "times = min(max(min(times, 4294967295), 0) + ?8, 4294967295), source_group = ?9 "
    "WHERE network = ?1 AND teller = ?2 AND id = ?3 AND ip = ?4 AND port = ?5";
constexpr std::string_view kOldest =
    "SELECT network, teller, id, ip, port FROM told WHERE source_group = ?1 "
    "ORDER BY last_seen LIMIT ?2";
constexpr std::string_view kErase =
    "DELETE FROM told WHERE network = ?1 AND teller = ?2 AND id = ?3 AND ip = ?4 AND port = ?5";

// The key of a row as it is in the file, valid or not.
struct RawKey {
  std::int64_t network, port;
  conn::Bytes teller, id, ip;
};

std::optional<RawKey> key_at(const sqlite::Statement& row) {
  const sqlite::Value values[] = {row.column(0), row.column(1), row.column(2), row.column(3),
                                  row.column(4)};
  const auto* network = std::get_if<std::int64_t>(&values[0]);
  const auto* teller = std::get_if<conn::ByteView>(&values[1]);
  const auto* id = std::get_if<conn::ByteView>(&values[2]);
  const auto* ip = std::get_if<conn::ByteView>(&values[3]);
  const auto* port = std::get_if<std::int64_t>(&values[4]);
  if (!network || !teller || !id || !ip || !port) return std::nullopt;
  return RawKey{*network,
                *port,
                {teller->begin(), teller->end()},
                {id->begin(), id->end()},
                {ip->begin(), ip->end()}};
}

sqlite::Statement& bind_key(sqlite::Statement& statement, std::int64_t network,
                            const Provenance& row) {
  return statement.bind(1, network)
      .bind(2, conn::ByteView(row.teller.bytes()))
      .bind(3, conn::ByteView(row.address.id.bytes()))
      .bind(4, conn::ByteView(row.address.endpoint.ip.bytes()))
      .bind(5, std::int64_t{row.address.endpoint.port});
}

void bind(sqlite::Statement& statement, std::int64_t network, const Provenance& row) {
  bind_key(statement, network, row)
      .bind(6, std::int64_t{row.first_seen.time_since_epoch().count()})
      .bind(7, std::int64_t{row.last_seen.time_since_epoch().count()})
      .bind(8, std::int64_t{row.times})
      .bind(9, static_cast<std::int64_t>(row.source_group));
}

tl::unexpected<conn::Failure> contradiction(const char* what) {
  return conn::fail(conn::Stage::configuration, BookReason::book_corrupt, what);
}

// The rows of each group, of those that `where` picks. More than `limit` groups, at least one row
// each, are not ours.
Result<std::vector<GroupSizes::Group>> count_groups(const sqlite::Database& database,
                                                    std::string_view where, std::int64_t limit) {
  std::string text = "SELECT source_group, count(*) FROM told ";
  text.append(where).append(" GROUP BY source_group");
  auto query = database.prepare(text);
  if (!query) return tl::unexpected(std::move(query.error()));
  std::vector<GroupSizes::Group> groups;
  while (true) {
    const auto there = query->step();
    if (!there) return tl::unexpected(there.error());
    if (!*there) return groups;
    const sqlite::Value group = query->column(0), rows = query->column(1);
    const auto* number = std::get_if<std::int64_t>(&group);
    const auto* count = std::get_if<std::int64_t>(&rows);
    if (number == nullptr || count == nullptr) return contradiction("a group is no number");
    if (static_cast<std::int64_t>(groups.size()) >= limit) return contradiction("too many groups");
    groups.push_back({static_cast<std::uint64_t>(*number), *count});
  }
}

Result<void> mend_times(sqlite::Database& database, Time now) {
  auto mend = database.prepare(
      "UPDATE told SET last_seen = ?1, first_seen = min(first_seen, ?1) WHERE last_seen > ?2");
  if (!mend) return tl::unexpected(std::move(mend.error()));
  mend->bind(1, std::int64_t{now.time_since_epoch().count()})
      .bind(2, std::int64_t{(now + row::kClockSlack).time_since_epoch().count()});
  return mend->run();
}

}  // namespace

Result<ProvenanceTable> ProvenanceTable::open(sqlite::Database& database, Time now,
                                              std::size_t limit) {
  auto insert = database.prepare(kInsert);
  if (!insert) return tl::unexpected(std::move(insert.error()));
  auto group = database.prepare(kGroup);
  if (!group) return tl::unexpected(std::move(group.error()));
  auto update = database.prepare(kUpdate);
  if (!update) return tl::unexpected(std::move(update.error()));
  auto oldest = database.prepare(kOldest);
  if (!oldest) return tl::unexpected(std::move(oldest.error()));
  auto erase = database.prepare(kErase);
  if (!erase) return tl::unexpected(std::move(erase.error()));
  ProvenanceTable table(database,
                        {std::move(*insert), std::move(*group), std::move(*update),
                         std::move(*oldest), std::move(*erase)},
                        limit);
  auto mended = table.mend(now);
  if (!mended && mended.error().reason == BookReason::book_corrupt) mended = table.erase_all();
  if (!mended) return tl::unexpected(std::move(mended.error()));
  table.settle(Ended::committed);
  return table;
}

Result<void> ProvenanceTable::mend(Time now) {
  if (auto done = mend_times(*database_, now); !done) return done;
  const auto groups = count_groups(*database_, "", limit_);
  if (!groups) return tl::unexpected(groups.error());
  for (const auto& [group, rows] : *groups) sizes_.add(group, rows);
  return {};
}

void ProvenanceTable::settle(Ended how) noexcept {
  if (how == Ended::undone) {
    for (const auto& [group, rows] : changes_) sizes_.add(group, -rows);
  }
  changes_.clear();
}

void ProvenanceTable::change(std::uint64_t group, std::int64_t rows) {
  changes_[group] += sizes_.add(group, rows);
}

Result<void> ProvenanceTable::write(std::span<const Provenance> rows, const NumberOf& number_of) {
  // In the order of the table, so that each page is visited once.
  std::vector<const Provenance*> ordered;
  ordered.reserve(rows.size());
  for (const Provenance& row : rows) ordered.push_back(&row);
  std::sort(ordered.begin(), ordered.end(), [](const Provenance* a, const Provenance* b) {
    return std::tie(a->network, a->teller, a->address) <
           std::tie(b->network, b->teller, b->address);
  });
  const std::string* network = nullptr;
  std::int64_t number = 0;
  for (const Provenance* row : ordered) {
    if (network == nullptr || *network != row->network) {
      const auto found = number_of(row->network);
      if (!found) return tl::unexpected(found.error());
      number = *found;
      network = &row->network;
    }
    if (auto done = write(number, *row); !done) return done;
  }
  const std::int64_t over = sizes_.total() - limit_;
  if (over <= 0) return {};
  auto erased = make_room(std::min(over, static_cast<std::int64_t>(kSlice + rows.size())));
  if (erased || erased.error().reason != BookReason::book_corrupt) return erased;
  // Among them is a row that we cannot have written, and it would be in the way for ever.
  return erase_all();
}

// Each time of the group that has the most, so that the large ones become equal.
Result<void> ProvenanceTable::make_room(std::int64_t rows) {
  std::map<std::uint64_t, std::int64_t> shares;
  for (; rows > 0; --rows) {
    const std::uint64_t group = sizes_.largest().group;
    change(group, -1);
    ++shares[group];
  }
  for (const auto& [group, share] : shares) {
    if (auto done = erase_oldest(group, share); !done) return done;
  }
  return {};
}

// By their keys, found first: one statement for both would scan the whole group.
Result<void> ProvenanceTable::erase_oldest(std::uint64_t group, std::int64_t rows) {
  std::vector<RawKey> keys;
  keys.reserve(static_cast<std::size_t>(rows));
  Result<bool> there = false;
  statements_.oldest.bind(1, static_cast<std::int64_t>(group)).bind(2, rows);
  while ((there = statements_.oldest.step()) && *there) {
    auto key = key_at(statements_.oldest);
    if (!key) break;
    keys.push_back(std::move(*key));
  }
  statements_.oldest.reset();
  if (!there) return tl::unexpected(there.error());
  if (*there) return contradiction("a key is of another type");
  std::int64_t erased = 0;
  for (const RawKey& key : keys) {
    statements_.erase.bind(1, key.network)
        .bind(2, conn::ByteView(key.teller))
        .bind(3, conn::ByteView(key.id))
        .bind(4, conn::ByteView(key.ip))
        .bind(5, key.port);
    if (auto done = statements_.erase.run(); !done) return done;
    erased += database_->changes();
  }
  return erased == rows ? Result<void>() : contradiction("an index lists rows that are not there");
}

Result<void> ProvenanceTable::erase_all() {
  if (auto done = database_->execute("DELETE FROM told"); !done) return done;
  while (sizes_.total() > 0) {
    const auto [group, rows] = sizes_.largest();
    change(group, -rows);
  }
  return {};
}

Result<void> ProvenanceTable::write(std::int64_t network, const Provenance& row) {
  bind(statements_.insert, network, row);
  if (auto done = statements_.insert.run(); !done) return done;
  if (database_->changes() > 0) {
    change(row.source_group, 1);
    return {};
  }
  bind_key(statements_.group, network, row);
  const auto there = statements_.group.step();
  const sqlite::Value value = there && *there ? statements_.group.column(0) : sqlite::Value();
  const auto* group = std::get_if<std::int64_t>(&value);
  if (group != nullptr && static_cast<std::uint64_t>(*group) != row.source_group) {
    change(static_cast<std::uint64_t>(*group), -1);
    change(row.source_group, 1);
  }
  statements_.group.reset();
  if (!there) return tl::unexpected(there.error());
  bind(statements_.update, network, row);
  return statements_.update.run();
}

Result<void> ProvenanceTable::erase_strangers() {
  const std::string strangers = "WHERE network NOT IN (SELECT id FROM network)";
  const auto groups = count_groups(*database_, strangers, std::max(limit_, sizes_.total()));
  if (!groups && groups.error().reason == BookReason::book_corrupt) return erase_all();
  if (!groups) return tl::unexpected(groups.error());
  if (auto done = database_->execute("DELETE FROM told " + strangers); !done) return done;
  for (const auto& [group, rows] : *groups) change(group, -rows);
  return {};
}

namespace {

// The query for rows of the right size, found by their keys alone, because one that is too long
// would end the reading; and the query that counts the others.
std::pair<std::string, std::string> select_texts(ProvenanceQuery::Who who) {
  static constexpr std::string_view kFit =
      "length(teller) = 20 AND length(id) = 20 AND length(ip) = 16";
  const std::string from =
      who == ProvenanceQuery::Who::told_of_it
          ? "FROM told WHERE id = ?1 AND "
          : "FROM told WHERE network IN (SELECT id FROM network) AND teller = ?1 AND ";
  std::string rows = "WITH fit AS MATERIALIZED (SELECT network, teller, id, ip, port " + from;
  rows.append(kFit).append(" LIMIT " + std::to_string(kMaxProvenanceRows));
  rows +=
      ") SELECT n.name, teller, told.id, ip, port, first_seen, last_seen, times FROM fit "
      "CROSS JOIN told USING (network, teller, id, ip, port) LEFT JOIN network AS n ON n.id = "
      "network";
  std::string others = "SELECT count(*) " + from + "NOT (";
  others.append(kFit).append(")");
  return {std::move(rows), std::move(others)};
}

bool is_later(const Provenance& a, const Provenance& b) {
  const auto order = [](const Provenance& row) {
    return std::tie(row.last_seen, row.network, row.teller, row.address);
  };
  return order(a) > order(b);
}

// A list that grows row by row.
class Listing {
 public:
  explicit Listing(const ProvenanceQuery& query)
      : query_(query), best_(std::max<std::size_t>(query.limit, 1), &is_later) {}

  void add(Provenance row) {
    if (!query_.passes(row)) return;
    list_.first = list_.total == 0 ? row.first_seen : std::min(list_.first, row.first_seen);
    list_.last = std::max(list_.last, row.last_seen);
    ++list_.total;
    nodes_.insert(query_.who == ProvenanceQuery::Who::told_of_it ? row.teller : row.address.id);
    best_.add(std::move(row));
  }
  ProvenanceList finish() {
    list_.nodes = nodes_.size();
    std::size_t beyond = 0;
    list_.rows = best_.take(beyond);
    std::sort(list_.rows.begin(), list_.rows.end(), &is_later);
    if (list_.rows.size() > query_.limit) list_.rows.resize(query_.limit);
    return std::move(list_);
  }

 private:
  const ProvenanceQuery& query_;
  Best<Provenance, decltype(&is_later)> best_;
  std::set<conn::NodeId> nodes_;
  ProvenanceList list_;
};

Result<void> count_unfit(const sqlite::Database& database, const std::string& text,
                         const conn::NodeId& id, Report& report) {
  auto count = database.prepare(text);
  if (!count) return tl::unexpected(std::move(count.error()));
  count->bind(1, conn::ByteView(id.bytes()));
  const auto there = count->step();
  if (!there) return tl::unexpected(there.error());
  const sqlite::Value value = count->column(0);
  const auto* number = std::get_if<std::int64_t>(&value);
  if (number != nullptr) {
    report.dropped[DropCause::bad_address] += static_cast<std::size_t>(*number);
  }
  return {};
}

}  // namespace

Result<ProvenanceList> read_provenance(const sqlite::Database& database,
                                       const ProvenanceQuery& query, Time now, Report& report) {
  const auto version = database.number("PRAGMA user_version");
  if (!version) return tl::unexpected(version.error());
  if (*version < schema::kFirstWithTold) return ProvenanceList{};
  const auto [rows, others] = select_texts(query.who);
  auto select = database.prepare(rows);
  if (!select) return tl::unexpected(std::move(select.error()));
  select->bind(1, conn::ByteView(query.id.bytes()));
  Listing listing(query);
  while (true) {
    const auto there = select->step();
    if (!there) return tl::unexpected(there.error());
    if (!*there) break;
    row::ProvenanceValues values;
    for (std::size_t i = 0; i < values.size(); ++i) values[i] = select->column(static_cast<int>(i));
    auto row = row::provenance_of(values, now);
    if (row) {
      listing.add(std::move(*row));
    } else {
      ++report.dropped[row.error()];
    }
  }
  if (auto done = count_unfit(database, others, query.id, report); !done) {
    return tl::unexpected(std::move(done.error()));
  }
  return listing.finish();
}

}  // namespace peerage::addrbook
