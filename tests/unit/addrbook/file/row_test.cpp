#include "addrbook/file/row.h"

#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "tests/support/book_rows.h"

namespace peerage::addrbook::row {
namespace {

using namespace std::chrono_literals;
using sqlite::Value;
using test::kBookNow;

// The columns, by their place.
enum Column : std::size_t {
  kId,
  kIp,
  kPort,
  kSource,
  kOrigin,
  kKind,
  kWrongIds,
  kFailedStage,
  kFailure,
  kFailures,
  kAttempts,
  kRoundTrip,
  kFirstSeen,
  kLastSeen,
  kLastAttempt,
  kLastFailed,
  kLastConnected,
  kVerifiedSince,
  kLastVerified,
  kConnectedSince,
  kBadUntil,
  kReliability,
  kLastOutcome,
  kMoniker,
  kVersion,
  kChannels
};

// A row, and what its columns refer to.
struct Columns {
  explicit Columns(std::size_t number = 1) : made(test::row_of(number)) {
    auto database = sqlite::Database::in_memory().value();
    EXPECT_TRUE(database.execute("CREATE TABLE t (n, " + std::string(kAddressColumns) + ")"));
    AddressBytes bytes;
    auto insert = database
                      .prepare(
                          "INSERT INTO t VALUES (?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,?11,?12,?13,"
                          "?14,?15,?16,?17,?18,?19,?20,?21,?22,?23,?24,?25,?26,?27,?28)")
                      .value();
    bind(insert, 1, made, bytes);
    EXPECT_TRUE(insert.run());
    auto query = database.prepare("SELECT " + std::string(kAddressColumns) + " FROM t").value();
    EXPECT_TRUE(query.step().value());
    for (std::size_t i = 0; i < values.size(); ++i) {
      const Value value = query.column(static_cast<int>(i));
      if (const auto* text = std::get_if<std::string_view>(&value)) {
        set(i, std::string(*text));
      } else if (const auto* blob = std::get_if<conn::ByteView>(&value)) {
        set(i, conn::Bytes(blob->begin(), blob->end()));
      } else {
        values[i] = value;
      }
    }
  }
  void set(std::size_t column, std::string text) {
    texts[column] = std::move(text);
    values[column] = std::string_view(texts[column]);
  }
  void set(std::size_t column, conn::Bytes blob) {
    blobs[column] = std::move(blob);
    values[column] = conn::ByteView(blobs[column]);
  }
  void set(std::size_t column, std::int64_t number) { values[column] = number; }

  Judged<KnownAddress> judged(Time now = kBookNow) const { return address_of(values, now); }

  KnownAddress made;
  AddressValues values;
  std::array<std::string, kAddressColumnCount> texts;
  std::array<conn::Bytes, kAddressColumnCount> blobs;
};

void expect_dropped(const Columns& columns, DropCause cause, const std::string& what) {
  const auto row = columns.judged();
  ASSERT_FALSE(row) << what;
  EXPECT_EQ(row.error(), cause) << what;
}

TEST(Row, WhatIsWrittenIsWhatIsRead) {
  for (std::size_t number = 0; number < 300; ++number) {
    const Columns columns(number);
    const auto row = columns.judged();
    ASSERT_TRUE(row) << number << ": " << name(row.error());
    EXPECT_EQ(*row, columns.made) << number;
  }
}

TEST(Row, AnyColumnThatIsNullOrOfAnotherTypeDropsTheRow) {
  for (std::size_t column = 0; column < kAddressColumnCount; ++column) {
    Columns columns;
    columns.values[column] = std::monostate();
    expect_dropped(columns, DropCause::wrong_type, "NULL in " + std::to_string(column));
    columns.values[column] = 1.5;
    expect_dropped(columns, DropCause::wrong_type, "REAL in " + std::to_string(column));
  }
}

TEST(Row, FactsAreThereAllOrNone) {
  Columns columns;
  for (const std::size_t column : {kMoniker, kVersion, kChannels}) {
    columns.values[column] = std::monostate();
  }
  const auto row = columns.judged();
  ASSERT_TRUE(row);
  EXPECT_EQ(row->facts, nullptr);
  columns.set(kVersion, std::string("0.38"));
  expect_dropped(columns, DropCause::wrong_type, "a version without a moniker");
}

TEST(Row, AnAddressMustBeOne) {
  const auto with = [](std::size_t column, auto value, const std::string& what) {
    Columns columns;
    columns.set(column, std::move(value));
    expect_dropped(columns, DropCause::bad_address, what);
  };
  with(kId, conn::Bytes(19, 1), "short ID");
  with(kId, conn::Bytes(21, 1), "long ID");
  with(kId, conn::Bytes(20, 0), "an ID of zeros");
  with(kIp, conn::Bytes(4, 1), "short IP");
  with(kIp, conn::Bytes(17, 1), "long IP");
  with(kIp, conn::Bytes(16, 0), "unspecified");
  with(kIp, conn::Bytes{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 255, 255, 255, 255, 255, 255}, "broadcast");
  with(kSource, conn::Bytes(15, 1), "short source");
  for (const std::int64_t port :
       {std::int64_t{0}, std::int64_t{-1}, std::int64_t{65'536}, std::int64_t{65'536 + 26'656},
        std::numeric_limits<std::int64_t>::min()}) {
    with(kPort, port, "port " + std::to_string(port));
  }
}

TEST(Row, CountersOutOfRangeDropTheRow) {
  for (const auto& [column, most] : {std::pair<std::size_t, std::int64_t>{kWrongIds, 255},
                                     {kFailures, 4'294'967'295},
                                     {kAttempts, 4'294'967'295},
                                     {kRoundTrip, 4'294'967'295}}) {
    Columns columns;
    columns.set(column, most);
    EXPECT_TRUE(columns.judged()) << column;
    columns.set(column, most + 1);
    expect_dropped(columns, DropCause::bad_number, "one over in " + std::to_string(column));
    columns.set(column, -1);
    expect_dropped(columns, DropCause::bad_number, "negative in " + std::to_string(column));
  }
}

TEST(Row, UnknownOriginsAndKindsDropTheRow) {
  for (const std::size_t column : {kOrigin, kKind}) {
    for (const std::string word : {"", "PEX", "unknown", "tried"}) {
      Columns columns;
      columns.set(column, word);
      expect_dropped(columns, DropCause::bad_word, word);
    }
  }
}

TEST(Row, AFailureThatWeDoNotKnowIsAGeneralOne) {
  Columns columns;
  columns.set(kFailure, std::string("eaten_by_a_grue"));
  columns.set(kFailedStage, std::string("hyperspace"));
  const auto row = columns.judged();
  ASSERT_TRUE(row);
  EXPECT_EQ(row->failure, conn::Reason::io_error);
  EXPECT_EQ(row->failed_stage, conn::Stage::connect);
}

TEST(Row, TimesAreBroughtBetween1970AndNow) {
  constexpr std::int64_t kNow = kBookNow.time_since_epoch().count();
  for (std::size_t column = kFirstSeen; column <= kConnectedSince; ++column) {
    const auto read = [column](std::int64_t time) {
      Columns columns;
      columns.set(column, time);
      const auto row = columns.judged().value();
      const Time times[] = {row.first_seen,    row.last_seen,      row.last_attempt,
                            row.last_failed,   row.last_connected, row.verified_since,
                            row.last_verified, row.connected_since};
      return times[column - kFirstSeen].time_since_epoch().count();
    };
    EXPECT_EQ(read(-1), 0);
    EXPECT_EQ(read(std::numeric_limits<std::int64_t>::min()), 0);
    EXPECT_EQ(read(kNow + 600), kNow + 600) << "a little ahead is left as it is";
    EXPECT_EQ(read(kNow + 601), kNow);
    EXPECT_EQ(read(std::numeric_limits<std::int64_t>::max()), kNow);
  }
}

TEST(Row, NoAddressRestsForLongerThanAYear) {
  Columns columns;
  columns.set(kBadUntil, std::numeric_limits<std::int64_t>::max());
  EXPECT_EQ(columns.judged()->bad_until, kBookNow + kLongestRest);
  columns.set(kBadUntil, std::numeric_limits<std::int64_t>::min());
  EXPECT_EQ(columns.judged()->bad_until, kNever);
}

TEST(Row, ReliabilityOutOfRangeIsBroughtIntoIt) {
  for (const int fill : {0xff, 0x7f, 0x80, 0x00}) {  // NaN, huge, negative, none
    Columns columns;
    columns.set(kReliability, conn::Bytes(40, static_cast<std::uint8_t>(fill)));
    const auto row = columns.judged();
    ASSERT_TRUE(row);
    for (const auto& window : row->reliability.windows()) {
      EXPECT_GE(window.score, 0);
      EXPECT_LE(window.score, window.weight);
      EXPECT_LE(window.weight, 1);
    }
  }
  Columns columns;
  columns.set(kReliability, conn::Bytes(39));
  expect_dropped(columns, DropCause::bad_number, "39 bytes");
}

TEST(Row, TextsAreShortAndPrintable) {
  for (const std::size_t column : {kMoniker, kVersion}) {
    Columns columns;
    columns.set(column, std::string(NodeFacts::kMaxText, 'x'));
    EXPECT_TRUE(columns.judged());
    for (const std::string& text :
         {std::string(NodeFacts::kMaxText + 1, 'x'), std::string(1u << 20, 'x'),
          std::string("a\nb"), std::string("a\x1b[2J"), std::string("caf\xc3\xa9"),
          std::string("a\0b", 3)}) {
      columns.set(column, text);
      expect_dropped(columns, DropCause::bad_text, text.substr(0, 10));
    }
  }
  Columns columns;
  columns.set(kChannels, conn::Bytes(16, 1));
  EXPECT_EQ(columns.judged()->facts->channels.size(), 16u);
  columns.set(kChannels, conn::Bytes(17, 1));
  expect_dropped(columns, DropCause::bad_text, "17 channels");
}

struct BanColumns {
  std::string target = "10.0.0.0/8";
  std::int64_t until = (kBookNow + 1h).time_since_epoch().count();
  std::int64_t added = (kBookNow - 1h).time_since_epoch().count();
  std::string reason = "spam";
  std::string origin = "operator";
  Judged<BanRow> judged() const {
    return ban_of({Value(std::string_view(target)), Value(until), Value(added),
                   Value(std::string_view(reason)), Value(std::string_view(origin))},
                  kBookNow);
  }
};

TEST(Row, ABanIsOfAnIdOrANetwork) {
  BanColumns columns;
  EXPECT_EQ(*columns.judged(), (BanRow{*conn::Cidr::parse("10.0.0.0/8"), kBookNow + 1h,
                                       kBookNow - 1h, "spam", conn::BanOrigin::operator_}));
  columns.target = test::id_of(3).to_string();
  EXPECT_EQ(columns.judged()->target, conn::BanTarget(test::id_of(3)));
  for (const std::string target : {"", "10.0.0.0/33", "10.0.0.1/8", "example.com", "1.2.3.4/32",
                                   "ABABABABABABABABABABABABABABABABABABABAB", "::ffff:1.2.3.4"}) {
    columns.target = target;
    EXPECT_EQ(columns.judged().error(), DropCause::bad_address) << target;
  }
  columns.target = "10.0.0.0/8";
  columns.reason = std::string(BanRow::kMaxReason + 1, 'x');
  EXPECT_EQ(columns.judged().error(), DropCause::bad_text);
  EXPECT_EQ(ban_of({}, kBookNow).error(), DropCause::wrong_type);
}

TEST(Row, ABanIsAnOperatorsOrForMisbehaviour) {
  BanColumns columns;
  EXPECT_EQ(columns.judged()->origin, conn::BanOrigin::operator_);
  columns.origin = "misbehaviour";
  EXPECT_EQ(columns.judged()->origin, conn::BanOrigin::misbehaviour);
  for (const std::string origin : {"", "Operator", "nobody"}) {
    columns.origin = origin;
    EXPECT_EQ(columns.judged().error(), DropCause::bad_word) << origin;
  }
}

TEST(Row, ABanMadeByAClockThatWasAheadKeepsItsDuration) {
  BanColumns columns;
  const auto ahead = std::chrono::seconds(std::chrono::years(10)).count();
  columns.until += ahead;
  columns.added += ahead;
  EXPECT_EQ(columns.judged()->added, kBookNow);
  EXPECT_EQ(columns.judged()->until, kBookNow + 2h);
  columns.until = std::numeric_limits<std::int64_t>::max();
  EXPECT_EQ(columns.judged()->until, kFarthest) << "a ban without an end has none";
  columns.until = columns.added = std::numeric_limits<std::int64_t>::min();
  EXPECT_EQ(columns.judged()->until, kNever);
}

TEST(Row, ANetworkHasAPrintableNameOfBoundedLength) {
  EXPECT_EQ(*network_name_of(Value(std::string_view("cosmoshub-4"))), "cosmoshub-4");
  EXPECT_TRUE(is_network_name(std::string(kMaxNetworkName, 'n')));
  EXPECT_FALSE(is_network_name(std::string(kMaxNetworkName + 1, 'n')));
  EXPECT_FALSE(is_network_name(""));
  EXPECT_FALSE(is_network_name("a\n"));
  EXPECT_EQ(network_name_of(Value(std::int64_t{4})).error(), DropCause::wrong_type);
}

}  // namespace
}  // namespace peerage::addrbook::row
