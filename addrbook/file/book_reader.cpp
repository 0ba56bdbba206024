#include "addrbook/file/book_reader.h"

#include <algorithm>
#include <iterator>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "addrbook/book/best.h"
#include "addrbook/file/discovery_table.h"
#include "addrbook/file/row.h"
#include "addrbook/file/schema.h"
#include "addrbook/record/book_reason.h"

namespace peerage::addrbook {
namespace {

using conn::Result;

// Damaged places skipped one by one; beyond, damage is skipped in larger steps.
constexpr std::size_t kMaxSingleSkips = 10'000;

bool more_useful(const KnownAddress& a, const KnownAddress& b) {
  const auto rank = [](const KnownAddress& row) {
    return std::tuple(row.kind, row.last_connected, row.last_verified, row.said_itself,
                      row.last_seen);
  };
  return rank(a) > rank(b);
}

class Reader {
 public:
  Reader(const sqlite::Database& database, Time now, const ReadLimits& limits, Damage damage,
         Report& report)
      : database_(database), now_(now), limits_(limits), damage_(damage), report_(report) {}

  Result<ReadBook> read() {
    ReadBook book;
    if (auto done = read_key(book); !done) return tl::unexpected(std::move(done.error()));
    if (auto done = read_networks(); !done) return tl::unexpected(std::move(done.error()));
    for (auto& [id, name] : networks_) {
      auto rows = read_addresses(id);
      if (!rows) return tl::unexpected(std::move(rows.error()));
      report_.loaded += rows->size();
      book.contents.addresses.emplace(std::move(name), std::move(*rows));
    }
    if (auto done = count_strangers(); !done) return tl::unexpected(std::move(done.error()));
    if (auto done = read_bans(book); !done) return tl::unexpected(std::move(done.error()));
    auto discovery = read_discovery(database_, now_, damage_, report_);
    if (!discovery) return tl::unexpected(std::move(discovery.error()));
    book.contents.discovery = std::move(*discovery);
    return book;
  }

 private:
  // An error in reading: skipped when it is damage and we may, else returned.
  Result<void> go_around(conn::Failure failure) {
    if (damage_ == Damage::fails || failure.reason != BookReason::book_corrupt) {
      return tl::unexpected(std::move(failure));
    }
    ++report_.dropped[DropCause::unreadable];
    return {};
  }

  Result<void> read_key(ReadBook& book) {
    auto query = database_.prepare("SELECT value FROM meta WHERE name = 'key'");
    if (!query) return go_around(std::move(query.error()));
    const auto row = query->step();
    if (!row) return go_around(row.error());
    const sqlite::Value value = *row ? query->column(0) : sqlite::Value();
    const auto* bytes = std::get_if<conn::ByteView>(&value);
    book.has_key = bytes != nullptr && bytes->size() == book.contents.key.size();
    if (book.has_key) std::copy(bytes->begin(), bytes->end(), book.contents.key.begin());
    return {};
  }

  Result<void> read_networks() {
    auto query = database_.prepare("SELECT id, name FROM network ORDER BY id");
    if (!query) return go_around(std::move(query.error()));
    while (true) {
      const auto row = query->step();
      if (!row) return go_around(row.error());
      if (!*row) return {};
      const sqlite::Value id = query->column(0);
      auto name = row::network_name_of(query->column(1));
      const bool known =
          name && std::any_of(networks_.begin(), networks_.end(),
                              [&](const auto& network) { return network.second == *name; });
      if (!name || known || !std::holds_alternative<std::int64_t>(id)) {
        ++report_.dropped[name ? DropCause::unknown_network : name.error()];
      } else if (networks_.size() == limits_.networks) {
        ++report_.dropped[DropCause::over_limit];
      } else {
        networks_.emplace_back(std::get<std::int64_t>(id), std::move(*name));
      }
    }
  }

  Result<std::vector<KnownAddress>> read_addresses(std::int64_t network) {
    auto query = database_.prepare("SELECT " + std::string(address_columns()) +
                                   " FROM address WHERE network = ?1 AND id > ?2 ORDER BY id");
    if (!query) return tl::unexpected(std::move(query.error()));
    Best<KnownAddress, decltype(&more_useful)> best(limits_.rows_of_a_network, &more_useful);
    std::optional<conn::Bytes> after = conn::Bytes();
    while (after) {
      conn::Bytes last = *after;
      query->reset();
      query->bind(1, network).bind(2, conn::ByteView(*after));
      const auto end = read_run(*query, best, last);
      if (end) break;
      auto next = beyond(network, std::move(last), end.error());
      if (!next) return tl::unexpected(std::move(next.error()));
      after = std::move(*next);
    }
    return best.take(report_.dropped[DropCause::over_limit]);
  }

  // Up to the end, or to an error; then `last` is the last ID that was read.
  template <typename Kept>
  Result<void> read_run(sqlite::Statement& query, Kept& best, conn::Bytes& last) {
    while (true) {
      const auto row = query.step();
      if (!row) return tl::unexpected(row.error());
      if (!*row) return {};
      ++seen_;
      row::AddressValues values;
      for (std::size_t i = 0; i < values.size(); ++i) values[i] = query.column(static_cast<int>(i));
      if (const auto* id = std::get_if<conn::ByteView>(&values[0])) {
        last.assign(id->begin(), id->end());
      }
      auto address = row::address_of(values, now_);
      if (address) {
        best.add(std::move(*address));
      } else {
        ++report_.dropped[address.error()];
      }
    }
  }

  // Where to go on after the damage behind `last`; nothing when that is the end of the network.
  Result<std::optional<conn::Bytes>> beyond(std::int64_t network, conn::Bytes last,
                                            conn::Failure failure) {
    if (failure.reason != BookReason::book_corrupt) return tl::unexpected(std::move(failure));
    ++report_.dropped[DropCause::unreadable];
    if (singles_ < kMaxSingleSkips) {
      ++singles_;
      // The key alone can often be read where the row cannot, which may be too long.
      auto query = database_.prepare(
          "SELECT id FROM address WHERE network = ?1 AND id > ?2 ORDER BY id LIMIT 1");
      if (!query) return tl::unexpected(std::move(query.error()));
      query->bind(1, network).bind(2, conn::ByteView(last));
      if (const auto row = query->step(); row && *row) {
        const sqlite::Value id = query->column(0);
        if (const auto* bytes = std::get_if<conn::ByteView>(&id)) {
          ++seen_;
          return conn::Bytes(bytes->begin(), bytes->end());
        }
      }
    }
    if (damage_ == Damage::fails) return tl::unexpected(std::move(failure));
    last.resize(2);
    const unsigned prefix = ((unsigned{last[0]} << 4) | (last[1] >> 4)) + 1;
    if (prefix > 0xfff) return std::nullopt;
    return conn::Bytes{static_cast<std::uint8_t>(prefix >> 4),
                       static_cast<std::uint8_t>(prefix << 4)};
  }

  // Rows that the search by network and ID did not find: of networks that are not there, or with a
  // key that is no ID.
  Result<void> count_strangers() {
    if (damage_ == Damage::is_skipped) return {};
    const auto all = database_.number("SELECT count(*) FROM address");
    if (!all) return tl::unexpected(all.error());
    const auto count = static_cast<std::size_t>(std::max<std::int64_t>(*all, 0));
    if (count > seen_) report_.dropped[DropCause::unknown_network] += count - seen_;
    return {};
  }

  // More than there is room for, in a file that was crafted: no groups are told apart here.
  struct EndsLater {
    bool operator()(const BanRow& a, const BanRow& b) const {
      return conn::makes_room_before(b, a);
    }
  };
  using BestBans = Best<BanRow, EndsLater>;

  Result<void> read_bans(ReadBook& book) {
    std::vector<BestBans> best(conn::kBanOriginCount, BestBans(conn::kMaxBans, EndsLater()));
    auto done = read_bans_from(best);
    if (!done) return done;
    std::vector<BanRow>& bans = book.contents.bans;
    for (BestBans& each : best) {
      std::vector<BanRow> rows = each.take(report_.dropped[DropCause::over_limit]);
      std::move(rows.begin(), rows.end(), std::back_inserter(bans));
    }
    std::sort(bans.begin(), bans.end(), [](const BanRow& a, const BanRow& b) {
      return std::tie(a.added, a.target) < std::tie(b.added, b.target);
    });
    report_.loaded += bans.size();
    return {};
  }

  // A file that is damaged may not say which version it is of; it has been found to be ours.
  bool is_before(std::int32_t version) const {
    const auto its = database_.number("PRAGMA user_version");
    return its && *its < version;
  }
  std::string_view address_columns() const {
    return is_before(schema::kFirstWithSaidItself) ? row::kAddressColumnsBefore
                                                   : row::kAddressColumns;
  }
  std::string_view ban_columns() const {
    return is_before(schema::kFirstWithBanOrigin) ? row::kBanColumnsBefore : row::kBanColumns;
  }

  Result<void> read_bans_from(std::vector<BestBans>& best) {
    auto query = database_.prepare("SELECT " + std::string(ban_columns()) +
                                   " FROM ban WHERE target > ?1 ORDER BY target");
    if (!query) return go_around(std::move(query.error()));
    std::string after, last;
    query->bind(1, std::string_view(after));
    for (std::size_t skips = 0; skips <= kMaxSingleSkips;) {
      const auto row = query->step();
      if (row && !*row) return {};
      if (!row) {
        if (row.error().reason != BookReason::book_corrupt) return tl::unexpected(row.error());
        ++report_.dropped[DropCause::unreadable];
        ++skips;
        auto keys =
            database_.prepare("SELECT target FROM ban WHERE target > ?1 ORDER BY target LIMIT 1");
        if (!keys) return go_around(std::move(keys.error()));
        keys->bind(1, std::string_view(last));
        const auto next = keys->step();
        const sqlite::Value target = next && *next ? keys->column(0) : sqlite::Value();
        const auto* text = std::get_if<std::string_view>(&target);
        // Bans are few: those behind a damaged page are given up.
        if (text == nullptr)
          return damage_ == Damage::fails ? tl::unexpected(row.error()) : Result<void>();
        query->reset();
        after = last = *text;
        query->bind(1, std::string_view(after));
        continue;
      }
      row::BanValues values;
      for (std::size_t i = 0; i < values.size(); ++i)
        values[i] = query->column(static_cast<int>(i));
      if (const auto* text = std::get_if<std::string_view>(&values[0])) last = *text;
      auto ban = row::ban_of(values, now_);
      if (ban) {
        best[static_cast<std::size_t>(ban->origin)].add(std::move(*ban));
      } else {
        ++report_.dropped[ban.error()];
      }
    }
    return {};
  }

  const sqlite::Database& database_;
  Time now_;
  const ReadLimits& limits_;
  Damage damage_;
  Report& report_;
  std::vector<std::pair<std::int64_t, std::string>> networks_;
  std::size_t seen_ = 0;
  std::size_t singles_ = 0;
};

}  // namespace

Result<ReadBook> read_book(const sqlite::Database& database, Time now, const ReadLimits& limits,
                           Damage damage, Report& report) {
  return Reader(database, now, limits, damage, report).read();
}

}  // namespace peerage::addrbook
