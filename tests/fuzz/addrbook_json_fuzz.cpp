// Any text as an addrbook.json: it is refused in a short printable line, or it is a book of which a
// comet node would take every entry, and which written out reads as the same book.
#include <algorithm>
#include <string>
#include <string_view>

#include "addrbook/json/file.h"
#include "addrbook/record/book_reason.h"
#include "tests/fuzz/fuzz_input.h"

using namespace peerage;
using addrbook::JsonBook;
using addrbook::JsonEntry;
using addrbook::Kind;
using conn::Timestamp;
using fuzz::require;

namespace {

// 2027: behind the times of the corpus, so that they are read as they stand.
constexpr addrbook::Time kNow{std::chrono::seconds(1'800'000'000)};

bool is_printable(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return c >= 0x20 && c < 0x7f; });
}

void check_entry(const JsonEntry& entry) {
  require(entry.address.id != conn::NodeId());
  require(entry.address.endpoint.port != 0);
  require(entry.source.endpoint.ip != conn::IpAddress() || entry.source == entry.address);
  require(entry.attempts <= 0x7fffffff);
  require(!entry.buckets.empty());
#ifdef PEERAGE_PLANTED_BUG
  // As if no address was ever tried into three buckets.
  require(entry.kind == Kind::new_ || entry.buckets.size() < 3);
#endif
  for (const std::uint16_t bucket : entry.buckets) {
    require(bucket < (entry.kind == Kind::tried ? 64 : 256));
  }
  for (const Timestamp time : {entry.last_attempt, entry.last_success}) {
    require(time >= conn::kNoTimestamp && time <= conn::to_timestamp(kNow));
  }
}

void check_written(const JsonBook& book) {
  const std::string text = addrbook::json_text(book.key, book.entries);
  const auto again = addrbook::parse_json_book(text, kNow);
  require(again.has_value());
  require(again->key == book.key && again->bad_count == 0);
  require(again->entries == book.entries);
}

// The entries as what our own book could hold.
void check_exported(const JsonBook& book) {
  std::vector<addrbook::KnownAddress> rows;
  for (const JsonEntry& entry : book.entries) {
    addrbook::KnownAddress row;
    row.address = entry.address;
    row.source = entry.source.endpoint.ip;
    row.kind = entry.kind;
    row.last_verified = std::chrono::floor<addrbook::Seconds>(entry.last_success);
    rows.push_back(row);
  }
  const auto exported = addrbook::choose_for_json(rows, book.key, kNow);
  require(exported.entries.size() + exported.left_out == rows.size());
  require(exported.entries.empty() == rows.empty());
  for (const JsonEntry& entry : exported.entries) check_entry(entry);
}

// --- books composed of an input ---

// What may stand in the place of a value.
constexpr std::string_view kOther[] = {"null",
                                       "true",
                                       "0",
                                       "-1",
                                       "1.5",
                                       "65536",
                                       "2147483648",
                                       "18446744073709551616",
                                       "1e400",
                                       "\"\"",
                                       "\"1.2.3.4\"",
                                       "\"::ffff:1.2.3.4\"",
                                       "\"fe80::1%eth0\"",
                                       "\"\\u0000\"",
                                       "[]",
                                       "{}",
                                       "[[[1]]]",
                                       "{\"id\": 1, \"addrs\": []}",
                                       "\"9999-12-31T23:59:59.999999999-24:59\"",
                                       "\"2024-02-29T23:59:59+00:01\"",
                                       "\"AB\", \"id\": \"CD\"",
                                       "[256]",
                                       "[63, 63]",
                                       "}",
                                       "\xff"};

std::string value_or_other(fuzz::Input& input, std::string value) {
  const std::uint8_t choice = input.byte();
  if (choice < 0xe0) return value;
  return std::string(kOther[input.byte() % std::size(kOther)]);
}

std::string composed_address(fuzz::Input& input) {
  conn::ByteArray<20> id{1};
  id[1] = input.byte();
  const auto ip = conn::IpAddress::v4(20, input.byte(), 0, 1).to_string();
  return "{\"id\": " + value_or_other(input, '"' + conn::to_hex(id) + '"') +
         ", \"ip\": " + value_or_other(input, '"' + ip + '"') +
         ", \"port\": " + value_or_other(input, "26656") + "}";
}

std::string composed_entry(fuzz::Input& input) {
  std::string buckets = "[";
  for (std::uint8_t i = input.byte() % 4; i > 0; --i) {
    buckets += std::to_string(input.byte()) + (i > 1 ? "," : "");
  }
  const std::string time =
      "\"20" + std::to_string(10 + input.byte() % 90) + "-11-21T01:41:40.85081719Z\"";
  return "{\"addr\": " + value_or_other(input, composed_address(input)) +
         ", \"src\": " + value_or_other(input, composed_address(input)) +
         ", \"buckets\": " + value_or_other(input, buckets + "]") +
         ", \"attempts\": " + value_or_other(input, std::to_string(input.byte())) +
         ", \"bucket_type\": " + value_or_other(input, input.byte() % 2 == 0 ? "1" : "2") +
         ", \"last_attempt\": " + value_or_other(input, time) +
         ", \"last_success\": " + value_or_other(input, time) +
         ", \"last_ban_time\": " + value_or_other(input, "\"0001-01-01T00:00:00Z\"") + "}\n";
}

std::string composed_book(fuzz::Input& input) {
  std::string text = "{\"key\": " + value_or_other(input, "\"0123456789abcdef01234567\"");
  text += ", \"addrs\": [";
  for (int i = 0; i < 8 && !input.empty(); ++i) {
    text += (i == 0 ? "" : ",") + value_or_other(input, composed_entry(input));
  }
  return text + "]}";
}

void check_text(std::string_view text) {
  auto book = addrbook::parse_json_book(text, kNow);
  if (!book) {
    require(book.error().reason == addrbook::BookReason::address_file_malformed);
    require(book.error().detail.size() < 400 && is_printable(book.error().detail));
    return;
  }
  require(book->bad.size() == std::min(book->bad_count, addrbook::kMaxBadListed));
  for (const auto& bad : book->bad) {
    require(bad.line > 0 && bad.why.size() < 400 && is_printable(bad.why));
  }
  for (const JsonEntry& entry : book->entries) check_entry(entry);
  check_written(*book);
  addrbook::best_first(book->entries);
  check_exported(*book);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  check_text({reinterpret_cast<const char*>(data), size});
  fuzz::Input input(data, size);
  check_text(composed_book(input));
  return 0;
}
