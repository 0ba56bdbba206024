// A row of an address book file: any values in its columns are a record that could be ours, or are
// dropped with a cause; and what was accepted is written and read as the same again.
//
// A row is a good one, of which the input replaces columns: values of any type and length.
#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "addrbook/file/row.h"
#include "tests/fuzz/fuzz_input.h"

using namespace peerage;
using namespace peerage::addrbook;
using peerage::fuzz::Input;
using peerage::fuzz::require;
using sqlite::Value;

namespace {

constexpr Time kNow{Seconds(1'795'256'100)};

// What the values of a row refer to.
using Kept = std::deque<conn::Bytes>;

std::int64_t number(Input& input) {
  std::uint64_t value = 0;
  for (const std::uint8_t byte : input.take(8)) value = value << 8 | byte;
  return static_cast<std::int64_t>(value);
}

Value value(Input& input, Kept& kept) {
  static constexpr std::string_view kWords[] = {
      "pex",      "inbound",  "configuration", "import",     "old", "new",     "connect",
      "wrong_id", "io_error", "1.2.3.4",       "10.0.0.0/8", "::1", "resolve", "discovery"};
  const std::uint8_t kind = input.byte();
  const auto bytes = [&](std::size_t size) -> conn::ByteView {
    const conn::ByteView taken = input.take(size);
    return kept.emplace_back(taken.begin(), taken.end());
  };
  switch (kind % 8) {
    case 0:
      return std::monostate();
    case 1:
      return std::int64_t{static_cast<std::int8_t>(input.byte())};
    case 2:
      return number(input);
    case 3:
      return kNow.time_since_epoch().count() + static_cast<std::int8_t>(input.byte()) * 100;
    case 4:
      return 0.5;
    case 5:
      return kWords[input.byte() % std::size(kWords)];
    case 6:
      return conn::as_text(bytes(input.byte()));
    default:
      return bytes(input.byte() % 64);
  }
}

KnownAddress model() {
  KnownAddress row;
  row.address =
      conn::NetAddress::parse("abababababababababababababababababababab@1.2.3.4:26656").value();
  row.source = row.address.endpoint.ip;
  row.first_seen = row.last_seen = kNow - Seconds(100);
  row.reliability.record(Outcome::succeeded, kNow - Seconds(50));
  row.facts = std::make_shared<NodeFacts>(NodeFacts{"moniker", "0.38.0", {conn::ChannelId{0x20}}});
  return row;
}

// Through SQLite, as the file has it.
class Table {
 public:
  Table() {
    const std::string columns(row::kAddressColumns);
    require(database_.execute("CREATE TABLE t (n, " + columns + ")").has_value());
    std::string parameters = "?1";
    for (std::size_t i = 2; i <= row::kAddressColumnCount + 1; ++i) {
      parameters += ",?" + std::to_string(i);
    }
    insert_.emplace(database_.prepare("INSERT INTO t VALUES (" + parameters + ")").value());
    select_.emplace(database_.prepare("SELECT " + columns + " FROM t").value());
  }
  // Valid until the next call.
  row::AddressValues columns_of(const KnownAddress& row) {
    select_->reset();
    require(database_.execute("DELETE FROM t").has_value());
    row::AddressBytes bytes;
    row::bind(*insert_, 1, row, bytes);
    require(insert_->run().has_value());
    require(select_->step().value_or(false));
    row::AddressValues values;
    for (std::size_t i = 0; i < values.size(); ++i)
      values[i] = select_->column(static_cast<int>(i));
    return values;
  }

 private:
  sqlite::Database database_ = sqlite::Database::in_memory().value();
  std::optional<sqlite::Statement> insert_, select_;
};

bool printable_within(std::string_view text, std::size_t limit) {
  return text.size() <= limit &&
         std::all_of(text.begin(), text.end(), [](char c) { return c >= 0x20 && c < 0x7f; });
}

void check_address(const KnownAddress& row, Table& table) {
  require(row.address.valid() && row.address.endpoint.port != 0);
  for (const Time time :
       {row.first_seen, row.last_seen, row.last_attempt, row.last_failed, row.last_connected,
        row.verified_since, row.last_verified, row.connected_since, row.reliability.last()}) {
    require(time >= kNever && time <= kNow + row::kClockSlack);
  }
  require(row.bad_until >= kNever && row.bad_until <= kNow + row::kLongestRest);
  for (const auto& window : row.reliability.windows()) {
    require(window.score >= 0 && window.score <= window.weight && window.weight <= 1);
  }
  require(!name(row.origin).empty() && name(row.origin) != "unknown");
#ifdef PEERAGE_PLANTED_BUG
  require(row.wrong_ids < 100);  // as if an octet counted to a hundred
#endif
  if (row.facts) {
    require(printable_within(row.facts->moniker, NodeFacts::kMaxText));
    require(printable_within(row.facts->version, NodeFacts::kMaxText));
    require(row.facts->channels.size() <= NodeFacts::kMaxChannels);
  }
  const auto again = row::address_of(table.columns_of(row), kNow);
  require(again.has_value() && *again == row);
}

void check_ban(const row::BanValues& values) {
  const auto ban = row::ban_of(values, kNow);
  if (!ban) return;
  require(printable_within(ban->reason, BanRow::kMaxReason));
  require(ban->added <= kNow + row::kClockSlack && ban->added >= kNever);
  require(ban->until >= kNever && ban->until <= row::kFarthest);
  const std::string target = conn::to_string(ban->target);
  const row::BanValues written = {std::string_view(target),
                                  std::int64_t{ban->until.time_since_epoch().count()},
                                  std::int64_t{ban->added.time_since_epoch().count()},
                                  std::string_view(ban->reason), name(ban->origin)};
  const auto again = row::ban_of(written, kNow);
  require(again.has_value() && *again == *ban);
}

void check_told(const row::ProvenanceValues& values) {
  const auto told = row::provenance_of(values, kNow);
  if (!told) return;
  require(row::is_network_name(told->network));
  require(told->teller != conn::NodeId());
  require(told->address.valid() && told->address.endpoint.port != 0);
  require(told->times > 0);
  require(told->first_seen >= kNever && told->first_seen <= told->last_seen);
  require(told->last_seen <= kNow + row::kClockSlack);
  const row::ProvenanceValues written = {std::string_view(told->network),
                                         conn::ByteView(told->teller.bytes()),
                                         conn::ByteView(told->address.id.bytes()),
                                         conn::ByteView(told->address.endpoint.ip.bytes()),
                                         std::int64_t{told->address.endpoint.port},
                                         std::int64_t{told->first_seen.time_since_epoch().count()},
                                         std::int64_t{told->last_seen.time_since_epoch().count()},
                                         std::int64_t{told->times}};
  const auto again = row::provenance_of(written, kNow);
  require(again.has_value() && *again == *told);
}

// A row that is fit, of which the input replaces columns.
row::ProvenanceValues fit_told(const KnownAddress& good) {
  return {std::string_view("net"),
          conn::ByteView(good.address.id.bytes()),
          conn::ByteView(good.address.id.bytes()),
          conn::ByteView(good.address.endpoint.ip.bytes()),
          std::int64_t{26656},
          kNow.time_since_epoch().count() - 100,
          kNow.time_since_epoch().count() - 50,
          std::int64_t{3}};
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static Table table;
  static const KnownAddress good = model();
  Input input(data, size);
  Kept kept;
  const unsigned kind = input.byte() % 4;
  if (kind == 0) {
    row::BanValues values;
    for (Value& column : values) column = value(input, kept);
    check_ban(values);
    return 0;
  }
  if (kind == 1) {
    row::ProvenanceValues values = fit_told(good);
    while (!input.empty()) values[input.byte() % values.size()] = value(input, kept);
    check_told(values);
    return 0;
  }
  // Copies, for the table's own are gone when it is used again.
  row::AddressValues values = table.columns_of(good);
  for (Value& column : values) {
    if (auto* text = std::get_if<std::string_view>(&column)) {
      const auto bytes = conn::as_bytes(*text);
      *text = conn::as_text(kept.emplace_back(bytes.begin(), bytes.end()));
    } else if (auto* blob = std::get_if<conn::ByteView>(&column)) {
      *blob = kept.emplace_back(blob->begin(), blob->end());
    }
  }
  while (!input.empty()) values[input.byte() % values.size()] = value(input, kept);
  if (const auto row = row::address_of(values, kNow)) check_address(*row, table);
  require(!row::network_name_of(values[0]) ||
          row::is_network_name(std::get<std::string_view>(values[0])));
  return 0;
}
