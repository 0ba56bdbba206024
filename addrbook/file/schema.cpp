#include "addrbook/file/schema.h"

#include <array>
#include <string_view>
#include <utility>
#include <vector>

namespace peerage::addrbook::schema {

using conn::Result;

namespace {

// Times are seconds since 1970; 0 is "never". Words are the stable names of the code. Buckets are
// not stored: they are a function of the key and the address.
constexpr const char* kVersion1 = R"(
CREATE TABLE meta (
  name TEXT NOT NULL PRIMARY KEY,
  value BLOB NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE network (
  id INTEGER NOT NULL PRIMARY KEY,
  name TEXT NOT NULL UNIQUE
) STRICT;
CREATE TABLE address (
  network INTEGER NOT NULL,
  id BLOB NOT NULL,
  ip BLOB NOT NULL,
  port INTEGER NOT NULL,
  source BLOB NOT NULL,
  origin TEXT NOT NULL,
  kind TEXT NOT NULL,
  wrong_ids INTEGER NOT NULL,
  failed_stage TEXT NOT NULL,
  failure TEXT NOT NULL,
  failures INTEGER NOT NULL,
  attempts INTEGER NOT NULL,
  round_trip_us INTEGER NOT NULL,
  first_seen INTEGER NOT NULL,
  last_seen INTEGER NOT NULL,
  last_attempt INTEGER NOT NULL,
  last_failed INTEGER NOT NULL,
  last_connected INTEGER NOT NULL,
  verified_since INTEGER NOT NULL,
  last_verified INTEGER NOT NULL,
  connected_since INTEGER NOT NULL,
  bad_until INTEGER NOT NULL,
  reliability BLOB NOT NULL,
  last_outcome INTEGER NOT NULL,
  moniker TEXT,
  version TEXT,
  channels BLOB,
  PRIMARY KEY (network, id, ip, port)
) STRICT, WITHOUT ROWID;
CREATE TABLE ban (
  target TEXT NOT NULL PRIMARY KEY,
  until INTEGER NOT NULL,
  added INTEGER NOT NULL,
  reason TEXT NOT NULL
) STRICT, WITHOUT ROWID;
)";
// Provenance. The key finds rows by teller, one index by the ID that was told of; the other index
// finds the oldest last_seen.
constexpr const char* kVersion2 = R"(
CREATE TABLE told (
  network INTEGER NOT NULL,
  teller BLOB NOT NULL,
  id BLOB NOT NULL,
  ip BLOB NOT NULL,
  port INTEGER NOT NULL,
  first_seen INTEGER NOT NULL,
  last_seen INTEGER NOT NULL,
  times INTEGER NOT NULL,
  PRIMARY KEY (network, teller, id, ip, port)
) STRICT, WITHOUT ROWID;
CREATE INDEX told_of ON told (id);
CREATE INDEX told_last ON told (last_seen);
)";
// In whose name a ban is in force (conn::BanOrigin). Nothing tells the operators' bans of before
// from the others: all are theirs, and end when they end.
constexpr const char* kVersion3 = R"(
ALTER TABLE ban ADD COLUMN origin TEXT NOT NULL DEFAULT 'operator';
)";
// When a node last named the address itself. Of the addresses of before, those that answered a dial
// are first-hand all the same.
//
// And the source group of who told (Provenance::source_group). The rows of before are a group of
// their own. The oldest last_seen is looked for within a group now.
constexpr const char* kVersion4 = R"(
ALTER TABLE address ADD COLUMN said_itself INTEGER NOT NULL DEFAULT 0;
ALTER TABLE told ADD COLUMN source_group INTEGER NOT NULL DEFAULT 0;
CREATE INDEX told_by_group ON told (source_group, last_seen);
DROP INDEX told_last;
)";
// What discovery keeps (addrbook/file/discovery_rows.h), beside its sequence number, which is in
// `meta`. A ban without an end has none.
constexpr const char* kVersion5 = R"(
CREATE TABLE discovery_node (
  id BLOB NOT NULL PRIMARY KEY,
  key BLOB NOT NULL,
  ip BLOB NOT NULL,
  udp INTEGER NOT NULL,
  tcp INTEGER NOT NULL,
  record BLOB,
  speaks_v4 INTEGER NOT NULL,
  speaks_v5 INTEGER NOT NULL,
  first_seen INTEGER NOT NULL,
  last_live INTEGER NOT NULL,
  checks INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE discovery_ban (
  id BLOB NOT NULL PRIMARY KEY,
  until INTEGER
) STRICT, WITHOUT ROWID;
)";
constexpr std::array<const char*, 5> kSteps = {kVersion1, kVersion2, kVersion3, kVersion4,
                                               kVersion5};

// Everything that a schema declares, in an order of its own.
Result<std::vector<std::string>> declared(const sqlite::Database& database) {
  // A limit, because a crafted file may declare any number.
  auto query = database.prepare(
      "SELECT type, name, tbl_name, sql FROM sqlite_schema ORDER BY name LIMIT 100");
  if (!query) return tl::unexpected(std::move(query.error()));
  std::vector<std::string> rows;
  while (true) {
    const auto row = query->step();
    if (!row) return tl::unexpected(row.error());
    if (!*row) return rows;
    std::string text;
    for (int i = 0; i < 4; ++i) {
      const sqlite::Value value = query->column(i);
      if (const auto* word = std::get_if<std::string_view>(&value)) text.append(*word);
      text += '\n';
    }
    rows.push_back(std::move(text));
  }
}

Result<void> apply_step(sqlite::Database& database, Steps by, std::int32_t from) {
  auto transaction = sqlite::Transaction::begin(database);
  if (!transaction) return tl::unexpected(std::move(transaction.error()));
  const std::string numbers = "PRAGMA application_id = " + std::to_string(kApplicationId) +
                              "; PRAGMA user_version = " + std::to_string(from + 1);
  if (auto done = database.execute(by[static_cast<std::size_t>(from)]); !done) return done;
  if (auto done = database.execute(numbers); !done) return done;
  return transaction->commit();
}

// What a file of `version` declares: found by making one.
Result<std::vector<std::string>> expected(Steps by, std::int32_t version) {
  auto model = sqlite::Database::in_memory();
  if (!model) return tl::unexpected(std::move(model.error()));
  for (std::int32_t i = 0; i < version; ++i) {
    if (auto done = apply_step(*model, by, i); !done) return tl::unexpected(done.error());
  }
  return declared(*model);
}

}  // namespace

Steps steps() noexcept {
  return kSteps;
}

Result<Finding> examine(sqlite::Database& database, Steps by) {
  const auto id = database.number("PRAGMA application_id");
  if (!id) return tl::unexpected(id.error());
  const auto version = database.number("PRAGMA user_version");
  if (!version) return tl::unexpected(version.error());
  if (*id != 0 && *id != kApplicationId) {
    return Finding{Verdict::foreign, "its application_id is " + std::to_string(*id), 0};
  }
  if (*id == kApplicationId && *version > newest(by)) {
    return Finding{Verdict::newer,
                   "it is of version " + std::to_string(*version) + ", the newest known here is " +
                       std::to_string(newest(by)),
                   0};
  }
  const auto tables = declared(database);
  if (!tables) return tl::unexpected(tables.error());
  if (*id == 0) {
    if (*version == 0 && tables->empty()) return Finding{Verdict::blank, {}, 0};
    return Finding{Verdict::foreign, "it has no application_id, but tables", 0};
  }
  if (*version < 0) return Finding{Verdict::altered, "its version is negative", 0};
  const auto wanted = expected(by, static_cast<std::int32_t>(*version));
  if (!wanted) return tl::unexpected(wanted.error());
  if (*tables != *wanted) {
    return Finding{Verdict::altered,
                   "its tables are not those of version " + std::to_string(*version), 0};
  }
  return Finding{Verdict::ours, {}, static_cast<std::int32_t>(*version)};
}

Result<void> migrate(sqlite::Database& database, Steps by) {
  const auto version = database.number("PRAGMA user_version");
  if (!version) return tl::unexpected(version.error());
  for (auto i = static_cast<std::int32_t>(*version); i < newest(by); ++i) {
    if (auto done = apply_step(database, by, i); !done) return done;
  }
  return {};
}

}  // namespace peerage::addrbook::schema
