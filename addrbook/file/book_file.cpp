#include "addrbook/file/book_file.h"

#include <algorithm>
#include <functional>
#include <optional>
#include <string>
#include <utility>

#include "addrbook/file/book_opening.h"
#include "addrbook/file/book_reader.h"
#include "addrbook/file/discovery_table.h"
#include "addrbook/file/own_file.h"
#include "addrbook/file/provenance_table.h"
#include "addrbook/file/row.h"
#include "addrbook/file/schema.h"
#include "addrbook/file/sqlite.h"
#include "addrbook/record/book_reason.h"

namespace peerage::addrbook {

using conn::Reason;
using conn::Result;
using opening::Inspected;
using opening::kLimits;

namespace {

constexpr std::string_view kInsertAddress =
    "INSERT OR REPLACE INTO address (network, %) VALUES "
    "(?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,?11,?12,?13,?14,?15,?16,?17,?18,?19,?20,?21,?22,?23,?24,?25,"
    "?26,?27,?28)";

}  // namespace

std::size_t Batch::rows() const noexcept {
  std::size_t rows =
      bans.written.size() + bans.erased.size() + provenance.size() + discovery.rows();
  for (const Changes& changes : addresses) rows += changes.written.size() + changes.erased.size();
  return rows;
}

bool Batch::rewrites() const noexcept {
  return bans.rewrite || (discovery.rows() == 0 && !discovery.empty()) ||
         std::any_of(addresses.begin(), addresses.end(),
                     [](const Changes& changes) { return changes.rewrite; });
}

// An open file. Statements end before their database, and the lock last.
struct BookFile::Parts {
  Parts(FileLock held, sqlite::Database opened)
      : lock(std::move(held)), database(std::move(opened)) {}

  FileLock lock;
  sqlite::Database database;
  std::optional<ProvenanceTable> provenance;
  std::optional<DiscoveryTable> discovery;
  std::optional<sqlite::Statement> write_address, erase_address, erase_network;
  std::optional<sqlite::Statement> find_network, add_network;
  std::optional<sqlite::Statement> write_ban, erase_ban;

  Result<void> complete(const std::filesystem::path& path, Inspected& inspected,
                        const Options& options, Time now, Report& report);
  Result<void> prepare_statements();
  Result<std::int64_t> network(const std::string& name);
  // All that `work` does, or, when it fails, nothing.
  Result<void> transact(const std::function<Result<void>()>& work);
  Result<void> write(const Batch& batch);
  Result<void> write_addresses(const Changes& changes);
  Result<void> write_bans(const BanChanges& changes);
  Result<void> write_key(const BookKey& key);
  Result<bool> has_key() const;
  // Replaces everything in the file.
  Result<void> write_all(const Contents& contents);
  Result<void> erase_other_networks(const Contents& contents);
};

Result<void> BookFile::Parts::prepare_statements() {
  std::string insert(kInsertAddress);
  insert.replace(insert.find('%'), 1, row::kAddressColumns);
  const std::pair<std::optional<sqlite::Statement>*, std::string> all[] = {
      {&write_address, insert},
      {&erase_address,
       "DELETE FROM address WHERE network = ?1 AND id = ?2 AND ip = ?3 AND port = ?4"},
      {&erase_network, "DELETE FROM address WHERE network = ?1"},
      {&find_network, "SELECT id FROM network WHERE name = ?1"},
      {&add_network, "INSERT INTO network (name) VALUES (?1)"},
      {&write_ban,
       "INSERT OR REPLACE INTO ban (target, until, added, reason, origin) "
       "VALUES (?1,?2,?3,?4,?5)"},
      {&erase_ban, "DELETE FROM ban WHERE target = ?1"},
  };
  for (const auto& [statement, sql] : all) {
    auto prepared = database.prepare(sql);
    if (!prepared) return tl::unexpected(std::move(prepared.error()));
    statement->emplace(std::move(*prepared));
  }
  return {};
}

// The number of a network, which is made when there is none.
Result<std::int64_t> BookFile::Parts::network(const std::string& name) {
  for (int attempt = 0; attempt < 2; ++attempt) {
    find_network->bind(1, std::string_view(name));
    const auto row = find_network->step();
    const sqlite::Value id = row && *row ? find_network->column(0) : sqlite::Value();
    find_network->reset();
    if (!row) return tl::unexpected(row.error());
    if (const auto* number = std::get_if<std::int64_t>(&id)) return *number;
    if (!row::is_network_name(name)) break;
    // Those without an address make room.
    const auto count = database.number("SELECT count(*) FROM network");
    if (!count) return count;
    if (*count >= static_cast<std::int64_t>(kMaxNetworks)) {
      if (auto done =
              database.execute("DELETE FROM network WHERE NOT EXISTS "
                               "(SELECT 1 FROM address WHERE address.network = network.id)");
          !done) {
        return tl::unexpected(std::move(done.error()));
      }
      if (auto done = provenance->erase_strangers(); !done) {
        return tl::unexpected(std::move(done.error()));
      }
      const auto left = database.number("SELECT count(*) FROM network");
      if (!left) return left;
      if (*left >= static_cast<std::int64_t>(kMaxNetworks)) break;
    }
    add_network->bind(1, std::string_view(name));
    if (auto done = add_network->run(); !done) return tl::unexpected(std::move(done.error()));
  }
  return conn::fail(conn::Stage::configuration, Reason::invalid_argument,
                    "the book cannot keep network " + conn::printable(name, 64));
}

Result<void> BookFile::Parts::write_addresses(const Changes& changes) {
  const auto id = network(changes.network);
  if (!id) return tl::unexpected(id.error());
  if (changes.rewrite) {
    erase_network->bind(1, *id);
    if (auto done = erase_network->run(); !done) return done;
  }
  for (const conn::NetAddress& address : changes.erased) {
    erase_address->bind(1, *id)
        .bind(2, conn::ByteView(address.id.bytes()))
        .bind(3, conn::ByteView(address.endpoint.ip.bytes()))
        .bind(4, std::int64_t{address.endpoint.port});
    if (auto done = erase_address->run(); !done) return done;
  }
  // In the order of the table, so that each page is visited once.
  std::vector<const KnownAddress*> rows;
  rows.reserve(changes.written.size());
  for (const KnownAddress& address : changes.written) rows.push_back(&address);
  std::stable_sort(rows.begin(), rows.end(),
                   [](const auto* a, const auto* b) { return a->address < b->address; });
  row::AddressBytes bytes;
  for (const KnownAddress* address : rows) {
    row::bind(*write_address, *id, *address, bytes);
    if (auto done = write_address->run(); !done) return done;
  }
  return {};
}

Result<void> BookFile::Parts::write_bans(const BanChanges& changes) {
  if (changes.empty()) return {};
  if (changes.rewrite) {
    if (auto done = database.execute("DELETE FROM ban"); !done) return done;
  }
  for (const auto& target : changes.erased) {
    const std::string text = conn::to_string(target);
    erase_ban->bind(1, std::string_view(text));
    if (auto done = erase_ban->run(); !done) return done;
  }
  for (const BanRow& ban : changes.written) {
    const std::string text = conn::to_string(ban.target);
    write_ban->bind(1, std::string_view(text))
        .bind(2, std::int64_t{ban.until.time_since_epoch().count()})
        .bind(3, std::int64_t{ban.added.time_since_epoch().count()})
        .bind(4, std::string_view(ban.reason))
        .bind(5, name(ban.origin));
    if (auto done = write_ban->run(); !done) return done;
  }
  return {};
}

Result<void> BookFile::Parts::write_key(const BookKey& key) {
  auto statement = database.prepare("INSERT OR REPLACE INTO meta (name, value) VALUES ('key', ?1)");
  if (!statement) return tl::unexpected(std::move(statement.error()));
  statement->bind(1, conn::ByteView(key));
  return statement->run();
}

Result<bool> BookFile::Parts::has_key() const {
  const auto keys = database.number(
      "SELECT count(*) FROM meta WHERE name = 'key' AND typeof(value) = 'blob' AND "
      "length(value) = 32");
  if (!keys) return tl::unexpected(keys.error());
  return *keys == 1;
}

Result<void> BookFile::Parts::transact(const std::function<Result<void>()>& work) {
  auto transaction = sqlite::Transaction::begin(database);
  if (!transaction) return tl::unexpected(std::move(transaction.error()));
  auto done = work();
  if (done) done = transaction->commit();
  provenance->settle(done ? ProvenanceTable::Ended::committed : ProvenanceTable::Ended::undone);
  return done;
}

Result<void> BookFile::Parts::write(const Batch& batch) {
  if (batch.empty()) return {};
  return transact([&]() -> Result<void> {
    for (const Changes& changes : batch.addresses) {
      if (changes.empty()) continue;
      if (auto done = write_addresses(changes); !done) return done;
    }
    if (auto done = write_bans(batch.bans); !done) return done;
    if (auto done = discovery->write(batch.discovery); !done) return done;
    return provenance->write(batch.provenance,
                             [this](const std::string& name) { return network(name); });
  });
}

Result<void> BookFile::Parts::write_all(const Contents& contents) {
  return transact([&]() -> Result<void> {
    if (auto done = database.execute("DELETE FROM address"); !done) return done;
    if (auto done = erase_other_networks(contents); !done) return done;
    for (const auto& [network, rows] : contents.addresses) {
      if (auto done = write_addresses({network, false, rows, {}}); !done) return done;
    }
    if (auto done = write_bans({true, contents.bans, {}}); !done) return done;
    if (auto done = discovery->write_all(contents.discovery); !done) return done;
    return write_key(contents.key);
  });
}

// Networks that stay keep their numbers: provenance rows refer to them.
Result<void> BookFile::Parts::erase_other_networks(const Contents& contents) {
  auto query = database.prepare("SELECT id, name FROM network");
  if (!query) return tl::unexpected(std::move(query.error()));
  std::vector<std::int64_t> others;
  while (true) {
    const auto there = query->step();
    if (!there) return tl::unexpected(there.error());
    if (!*there) break;
    const sqlite::Value id = query->column(0);
    const auto name = row::network_name_of(query->column(1));
    const auto* number = std::get_if<std::int64_t>(&id);
    if (number != nullptr && !(name && contents.addresses.contains(*name))) {
      others.push_back(*number);
    }
  }
  query->reset();
  auto erase = database.prepare("DELETE FROM network WHERE id = ?1");
  if (!erase) return tl::unexpected(std::move(erase.error()));
  for (const std::int64_t each : others) {
    erase->bind(1, each);
    if (auto done = erase->run(); !done) return done;
  }
  return provenance->erase_strangers();
}

// Makes a writable book of what was found, or of nothing.
Result<void> BookFile::Parts::complete(const std::filesystem::path& path, Inspected& inspected,
                                       const Options& options, Time now, Report& report) {
  if (auto done = opening::prepare(database, path, options, report); !done) return done;
  if (auto done = prepare_statements(); !done) return done;
  auto table = ProvenanceTable::open(database, now, options.max_provenance_rows);
  if (!table) return tl::unexpected(std::move(table.error()));
  provenance.emplace(std::move(*table));
  auto of_discovery = DiscoveryTable::open(database);
  if (!of_discovery) return tl::unexpected(std::move(of_discovery.error()));
  discovery.emplace(std::move(*of_discovery));
  const bool fresh = options.key == Options::Key::fresh;
  if (inspected.salvaged) {
    Contents& contents = inspected.salvaged->contents;
    report.new_key = fresh || !inspected.salvaged->has_key;
    if (report.new_key) contents.key = options.fresh_key;
    return write_all(contents);
  }
  const auto keyed = has_key();
  if (!keyed) return tl::unexpected(keyed.error());
  report.new_key = fresh || !*keyed;
  return report.new_key ? write_key(options.fresh_key) : Result<void>();
}

Result<BookFile::Opened> BookFile::open(const std::filesystem::path& path, const Options& options,
                                        Time now) {
  now = std::max(now, kNever);
  auto lock = FileLock::take(with_suffix(path, ".lock"));
  if (!lock) return tl::unexpected(std::move(lock.error()));
  const auto there = opening::is_file(path);
  if (!there) return tl::unexpected(there.error());
  remove_leftovers_of_book(path);
  if (!*there) {
    // What a removal that was killed has left would be taken for the new file's own.
    if (auto done = remove_database(path); !done) return tl::unexpected(std::move(done.error()));
  }
  Report report;
  Inspected inspected;
  inspected.found = Report::Found::nothing;
  if (*there) {
    auto result = opening::inspect(path, options, now, report);
    if (!result) return tl::unexpected(std::move(result.error()));
    inspected = std::move(*result);
  }
  report.found = inspected.found;
  report.why = inspected.why;
  if (!inspected.database) {
    if (*there) {
      auto moved = move_aside(path, name(inspected.found), now);
      if (!moved) return tl::unexpected(std::move(moved.error()));
      report.moved_to = std::move(*moved);
    }
    auto made = opening::create(path, options);
    if (!made) {
      if (!report.moved_to.empty()) move_back(report.moved_to, path);
      return tl::unexpected(std::move(made.error()));
    }
    inspected.database.emplace(std::move(*made));
  }
  auto parts = std::make_unique<Parts>(std::move(*lock), std::move(*inspected.database));
  if (auto done = parts->complete(path, inspected, options, now, report); !done) {
    const FileLock held = std::move(parts->lock);
    parts.reset();
    // The disk may be full: the next try finds what this one found, and salvages it.
    if (!report.moved_to.empty()) move_back(report.moved_to, path);
    return tl::unexpected(std::move(done.error()));
  }
  if (report.found != Report::Found::book) conn::sync_directory_of(path);
  return Opened{BookFile(std::move(parts)), std::move(report)};
}

Result<Contents> BookFile::load(Time now, Report& report) {
  now = std::max(now, kNever);
  const std::size_t dropped_before = report.dropped.total();
  auto read = read_book(parts_->database, now, kLimits, Damage::fails, report);
  if (!read) return tl::unexpected(std::move(read.error()));
  if (report.dropped.total() > dropped_before) {
    // Should the disk be full: they are dropped again the next time.
    (void)parts_->write_all(read->contents);
  }
  return std::move(read->contents);
}

Result<void> BookFile::apply(const Batch& batch) {
  return parts_->write(batch);
}
Result<void> BookFile::apply(const Changes& changes) {
  return parts_->write({{changes}, {}, {}});
}
Result<void> BookFile::apply_bans(const BanChanges& changes) {
  return parts_->write({{}, changes, {}});
}

bool BookFile::in_place() const noexcept {
  return !parts_->database.moved();
}

Result<void> BookFile::merge() {
  const auto busy = parts_->database.number("PRAGMA wal_checkpoint(TRUNCATE)");
  if (!busy) return tl::unexpected(busy.error());
  if (*busy == 0) return {};
  return conn::fail(conn::Stage::configuration, BookReason::book_in_use,
                    "another program reads it");
}

Result<void> BookFile::close() {
  sqlite::Database& database = parts_->database;
  const auto merged = database.number("PRAGMA wal_checkpoint(TRUNCATE)");
  database.on_close(sqlite::Database::Log::merged);
  parts_.reset();
  if (!merged) return tl::unexpected(merged.error());
  return {};
}

Result<ProvenanceList> BookFile::provenance(const ProvenanceQuery& query, Time now,
                                            Report& report) const {
  return addrbook::read_provenance(parts_->database, query, std::max(now, kNever), report);
}

Result<Contents> BookFile::read(const std::filesystem::path& path, Time now, Report& report) {
  now = std::max(now, kNever);
  Contents contents;
  const auto done = opening::as_guest(
      path, report, [&](const sqlite::Database& database, Report& of_this) -> Result<void> {
        auto read = read_book(database, now, kLimits, Damage::fails, of_this);
        if (!read) return tl::unexpected(std::move(read.error()));
        contents = std::move(read->contents);
        return {};
      });
  if (!done) return tl::unexpected(done.error());
  return contents;
}

Result<ProvenanceList> BookFile::read_provenance(const std::filesystem::path& path,
                                                 const ProvenanceQuery& query, Time now,
                                                 Report& report) {
  now = std::max(now, kNever);
  ProvenanceList list;
  const auto done = opening::as_guest(
      path, report, [&](const sqlite::Database& database, Report& of_this) -> Result<void> {
        auto read = addrbook::read_provenance(database, query, now, of_this);
        if (!read) return tl::unexpected(std::move(read.error()));
        list = std::move(*read);
        return {};
      });
  if (!done) return tl::unexpected(done.error());
  return list;
}

Result<void> BookFile::remove(const std::filesystem::path& path) {
  const auto lock = FileLock::take(with_suffix(path, ".lock"));
  if (!lock) return tl::unexpected(lock.error());
  return remove_database(path);
}

BookFile::BookFile(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}
BookFile::BookFile(BookFile&&) noexcept = default;
BookFile& BookFile::operator=(BookFile&&) noexcept = default;
BookFile::~BookFile() = default;

}  // namespace peerage::addrbook
