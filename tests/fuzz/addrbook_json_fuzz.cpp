// Any text as an addrbook.json: it is refused in a short printable line, or it is a book whose
// every entry a comet node would take, and which written out reads as the same book.
#include <algorithm>
#include <string>
#include <string_view>

#include "addrbook/json_file.h"
#include "tests/fuzz/fuzz_input.h"

using namespace peerage;
using addrbook::GoTime;
using addrbook::JsonBook;
using addrbook::JsonEntry;
using addrbook::Kind;
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
  require(entry.buckets.size() < 3);  // as if a comet node had at most two for an address
#endif
  for (const std::uint16_t bucket : entry.buckets) {
    require(bucket < (entry.kind == Kind::vetted ? 64 : 256));
  }
  for (const GoTime time : {entry.last_attempt, entry.last_success}) {
    require(time >= addrbook::kGoNever && time <= addrbook::to_go_time(kNow));
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

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  auto book = addrbook::parse_json_book(text, kNow);
  if (!book) {
    require(book.error().reason == conn::Reason::address_file_malformed);
    require(book.error().detail.size() < 400 && is_printable(book.error().detail));
    return 0;
  }
  require(book->bad.size() == std::min(book->bad_count, addrbook::kMaxBadListed));
  for (const auto& bad : book->bad) {
    require(bad.line > 0 && bad.why.size() < 400 && is_printable(bad.why));
  }
  for (const JsonEntry& entry : book->entries) check_entry(entry);
  check_written(*book);
  addrbook::best_first(book->entries);
  check_exported(*book);
  return 0;
}
