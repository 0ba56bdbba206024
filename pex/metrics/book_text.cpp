#include <chrono>
#include <numeric>
#include <string>
#include <system_error>

#include "pex/metrics/families.h"

namespace peerage::pex {
namespace {

using addrbook::Added;
using Type = MetricType;

std::uint64_t sum_of(const BookFigures::ByAge& ages) {
  return std::accumulate(ages.begin(), ages.end(), std::uint64_t{0});
}

BookFigures& operator+=(BookFigures& to, const BookFigures& more) {
  for (std::size_t i = 0; i < kVerifiedWithinCount; ++i) {
    to.in_new[i] += more.in_new[i];
    to.in_tried[i] += more.in_tried[i];
    to.resting[i] += more.resting[i];
  }
  to.due += more.due;
  to.new_buckets += more.new_buckets;
  to.tried_buckets += more.tried_buckets;
  for (std::size_t i = 0; i < addrbook::kAddedCount; ++i) to.added[i] += more.added[i];
  for (std::size_t i = 0; i < addrbook::kTransitionCount; ++i) {
    to.transitions[i] += more.transitions[i];
  }
  return to;
}

std::vector<BookFigures> by_row(const ControlFigures& control, const NetworkRows& rows) {
  std::vector<BookFigures> sums(rows.size());
  for (std::size_t i = 0; i < control.books.size(); ++i) sums[rows.row_of(i)] += control.books[i];
  return sums;
}

// What a further network has is merged, so that it has few series.
struct Ages {
  std::string_view label;
  VerifiedWithin first, last;
};
constexpr std::array<Ages, 6> kAllAges = {{
    {"2h", VerifiedWithin::two_hours, VerifiedWithin::two_hours},
    {"8h", VerifiedWithin::eight_hours, VerifiedWithin::eight_hours},
    {"1d", VerifiedWithin::day, VerifiedWithin::day},
    {"7d", VerifiedWithin::week, VerifiedWithin::week},
    {"older", VerifiedWithin::older, VerifiedWithin::older},
    {"never", VerifiedWithin::never, VerifiedWithin::never},
}};
constexpr std::array<Ages, 3> kFewAges = {{
    {"1d", VerifiedWithin::two_hours, VerifiedWithin::day},
    {"older", VerifiedWithin::week, VerifiedWithin::older},
    {"never", VerifiedWithin::never, VerifiedWithin::never},
}};

void write_ages(TextWriter& writer, const std::string& chain_id, std::string_view kind,
                const BookFigures::ByAge& figures, std::span<const Ages> ages) {
  for (const Ages& each : ages) {
    const auto first = figures.begin() + static_cast<std::ptrdiff_t>(each.first);
    const auto last = figures.begin() + static_cast<std::ptrdiff_t>(each.last) + 1;
    writer.value({{"age", each.label}, {"chain_id", chain_id}, {"kind", kind}},
                 std::accumulate(first, last, std::uint64_t{0}));
  }
}

void write_addresses(TextWriter& writer, const std::string& chain_id, const BookFigures& book,
                     bool is_first) {
  const std::span<const Ages> ages = is_first ? std::span<const Ages>(kAllAges) : kFewAges;
  write_ages(writer, chain_id, "new", book.in_new, ages);
  write_ages(writer, chain_id, "tried", book.in_tried, ages);
  if (is_first) {
    write_ages(writer, chain_id, "resting", book.resting, ages);
  } else {
    writer.value({{"age", "any"}, {"chain_id", chain_id}, {"kind", "resting"}},
                 sum_of(book.resting));
  }
}

}  // namespace

void write_books(TextWriter& writer, const ControlFigures& control, const NetworkRows& rows) {
  const std::vector<BookFigures> books = by_row(control, rows);
  writer.family("peerage_book_addresses", Type::gauge,
                "Addresses in the book; age: how long ago they were verified, at most.");
  for (std::size_t row = 0; row < rows.size(); ++row) {
    write_addresses(writer, rows.label(row), books[row], row == 0);
  }
  writer.family("peerage_book_buckets_used", Type::gauge, "Buckets that hold an address.");
  for (std::size_t row = 0; row < rows.size(); ++row) {
    const std::string& chain_id = rows.label(row);
    writer.value({{"chain_id", chain_id}, {"kind", "new"}}, books[row].new_buckets);
    writer.value({{"chain_id", chain_id}, {"kind", "tried"}}, books[row].tried_buckets);
  }
  writer.family(
      "peerage_book_changes_total", Type::counter,
      "What became of addresses: heard (of these added, refused); then promoted to tried, "
      "demoted, expired (given up), forgotten on demand.");
  for (std::size_t row = 0; row < rows.size(); ++row) {
    const auto& added = books[row].added;
    const std::uint64_t heard = std::accumulate(added.begin(), added.end(), std::uint64_t{0});
    const std::uint64_t taken = added[static_cast<std::size_t>(Added::added)];
    const std::uint64_t known = added[static_cast<std::size_t>(Added::known)];
    const auto change = [&](std::string_view name, std::uint64_t value) {
      writer.value({{"chain_id", rows.label(row)}, {"change", name}}, value);
    };
    change("heard", heard);
    change("added", taken);
    change("refused", heard - taken - known);
    for (std::size_t i = 0; i < addrbook::kTransitionCount; ++i) {
      change(name(static_cast<addrbook::Transition>(i)), books[row].transitions[i]);
    }
  }
}

void write_exchange(TextWriter& writer, const ExchangeCounts& counts) {
  writer.family("peerage_pex_requests_total", Type::counter,
                "Requests for addresses: those of others by what came of them, and ours.");
  const auto inbound = [&](std::string_view outcome, std::uint64_t value) {
    writer.value({{"direction", "inbound"}, {"outcome", outcome}}, value);
  };
  inbound("answered", counts.answers);
  inbound("ignored", counts.ignored);
  inbound("punished", counts.offences);
  writer.value({{"direction", "outbound"}, {"outcome", "sent"}}, counts.asked);
  writer.family("peerage_pex_answers_total", Type::counter, "Lists of addresses.");
  writer.value({{"direction", "inbound"}}, counts.lists);
  writer.value({{"direction", "outbound"}}, counts.answers);
  writer.family("peerage_pex_addresses_total", Type::counter, "Addresses in lists.");
  const std::uint64_t known = counts.addresses_heard - counts.addresses_new;
  writer.value({{"direction", "inbound"}, {"outcome", "new"}}, counts.addresses_new);
  writer.value({{"direction", "inbound"}, {"outcome", "known"}}, known);
  writer.value({{"direction", "inbound"}, {"outcome", "refused"}}, counts.addresses_refused);
  writer.value({{"direction", "outbound"}, {"outcome", "given"}}, counts.addresses_given);
}

void write_visits(TextWriter& writer, const EventFigures& events, const ControlFigures& control,
                  const PeerSums& sums, const NetworkRows& rows) {
  struct Row {
    std::array<std::uint64_t, kVisitResultCount> results{};
    std::uint64_t dialling = 0;
  };
  std::vector<Row> visits(rows.size());
  for (std::size_t i = 0; i < rows.networks(); ++i) {
    Row& row = visits[rows.row_of(i)];
    for (std::size_t result = 0; result < kVisitResultCount; ++result) {
      row.results[result] += events.visits(i, static_cast<VisitResult>(result));
    }
    row.dialling += events.visits_dialling(i);
  }
  writer.family("peerage_visits_total", Type::counter, "Visits of the seed that have ended.");
  for (std::size_t row = 0; row < rows.size(); ++row) {
    for (std::size_t result = 0; result < kVisitResultCount; ++result) {
      writer.value(
          {{"chain_id", rows.label(row)}, {"result", name(static_cast<VisitResult>(result))}},
          visits[row].results[result]);
    }
  }
  const auto outbound = static_cast<std::size_t>(p2p::Direction::outbound);
  const auto ordinary = static_cast<std::size_t>(PeerKind::ordinary);
  writer.family("peerage_visits_in_flight", Type::gauge, "Visits that are under way.");
  for (std::size_t row = 0; row < rows.size(); ++row) {
    writer.value({{"chain_id", rows.label(row)}},
                 visits[row].dialling + sums.rows[row].peers[outbound][ordinary]);
  }
  const std::vector<BookFigures> books = by_row(control, rows);
  writer.family("peerage_visits_due", Type::gauge, "Addresses whose next visit is due.");
  for (std::size_t row = 0; row < rows.size(); ++row) {
    writer.value({{"chain_id", rows.label(row)}}, books[row].due);
  }
}

void write_store(TextWriter& writer, const StoreFigures& store, const std::filesystem::path& file) {
  writer.family("peerage_store_queue_rows", Type::gauge,
                "Rows that have changed and are not yet in the file.");
  writer.value({}, store.queue_rows);
  const std::chrono::duration<double> since_epoch = store.state.last_success.time_since_epoch();
  writer.family("peerage_store_last_success_timestamp_seconds", Type::gauge,
                "When a batch was last committed; 0: nothing was to be written yet.");
  writer.value({}, since_epoch.count());
  writer.family("peerage_store_batch_rows", Type::histogram, "Rows in a batch.");
  writer.histogram({}, store.batch_rows, 1);
  writer.family("peerage_store_flush_seconds", Type::histogram,
                "From taking a batch until it was committed.");
  writer.histogram({}, store.flush_times);
  writer.family("peerage_store_errors_total", Type::counter, "Batches and openings that failed.");
  for (std::size_t i = 0; i < addrbook::kStoreErrorCount; ++i) {
    writer.value({{"error", name(static_cast<addrbook::StoreError>(i))}}, store.state.errors[i]);
  }
  const auto size = [&](const char* name, const char* help, const std::filesystem::path& path) {
    std::error_code error;
    const std::uintmax_t bytes = std::filesystem::file_size(path, error);
    writer.family(name, Type::gauge, help);
    writer.value({}, std::uint64_t{error ? 0 : bytes});
  };
  size("peerage_store_file_bytes", "Size of the book's file.", file);
  std::filesystem::path log = file;
  log += "-wal";
  size("peerage_store_wal_bytes", "Size of its write-ahead log.", log);
}

}  // namespace peerage::pex
