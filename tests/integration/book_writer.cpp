// A process that writes to an address book until it is killed, for book_kill_test.py.
//
//   book_writer --path FILE --mark FILE
//
// It opens the book, checks that it holds whole batches, and prints
//
//   opened FOUND NUMBER MILLISECONDS    FOUND as in Report, NUMBER of the last batch that is there
//   batch NUMBER                        when that batch has been acknowledged
//   bad WHAT                            and ends, when the book is wrong
//
// The file of marks holds one byte, in memory that outlives the process: what it was doing.
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <string>

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "addrbook/file/book_file.h"
#include "tests/integration/flags.h"
#include "tests/support/book_rows.h"

namespace {

using namespace peerage;
using addrbook::BookFile;
using test::kBookNow;

constexpr std::uint32_t kRows = 2000;        // that there are, once all have been written
constexpr std::uint32_t kRowsOfBatch = 100;  // the rows in turn, marked with the number
constexpr std::uint32_t kBatchesOfOpening = 12;

enum Mark : std::uint8_t { kElsewhere, kOpening, kInTransaction, kClosing };

volatile std::uint8_t* map_mark(const std::string& path) {
  const int descriptor = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (descriptor < 0 || ::ftruncate(descriptor, 1) != 0) std::abort();
  void* const at = ::mmap(nullptr, 1, PROT_READ | PROT_WRITE, MAP_SHARED, descriptor, 0);
  if (at == MAP_FAILED) std::abort();
  return static_cast<volatile std::uint8_t*>(at);
}

// To the pipe at once: what is printed has been acknowledged.
void say(const std::string& line) {
  if (::write(STDOUT_FILENO, line.data(), line.size()) != static_cast<ssize_t>(line.size())) {
    std::abort();
  }
}
[[noreturn]] void bad(const std::string& what) {
  say("bad " + what + "\n");
  std::exit(1);
}

addrbook::KnownAddress row(std::uint32_t number, std::uint32_t batch) {
  addrbook::KnownAddress made = test::row_of(number);
  made.attempts = batch;
  return made;
}

// Provenance from the same node in every batch, so that the file counts the batches.
constexpr std::uint32_t kToldOfBatch = 10;
const conn::NodeId kTeller = test::id_of(77'777);

addrbook::Provenance told(std::uint32_t number, std::uint32_t batch) {
  const addrbook::Time at = kBookNow - std::chrono::hours(1000) + std::chrono::seconds(batch);
  return {"net", kTeller, test::row_of(number).address, at, at, 1};
}

// Batch N writes rows (N - 1) * 100 to N * 100, modulo 2000.
addrbook::Batch batch_of(std::uint32_t number) {
  addrbook::Batch batch;
  addrbook::Changes changes{"net", false, {}, {}};
  for (std::uint32_t i = 0; i < kRowsOfBatch; ++i) {
    changes.written.push_back(row(((number - 1) * kRowsOfBatch + i) % kRows, number));
  }
  batch.addresses.push_back(std::move(changes));
  for (std::uint32_t i = 0; i < kToldOfBatch; ++i) batch.provenance.push_back(told(i, number));
  batch.discovery = {number, std::vector{test::discovered_of(number)}, false, {}, {}};
  return batch;
}

// Each row of provenance counts as many batches as there have been.
void check_told(const BookFile& file, std::uint32_t last) {
  addrbook::Report report;
  const auto list = file.provenance({.id = kTeller,
                                     .who = addrbook::ProvenanceQuery::Who::it_told_of,
                                     .network = {},
                                     .endpoint = {},
                                     .limit = 1000},
                                    kBookNow, report);
  if (!list) bad(list.error().text());
  if (list->total != (last == 0 ? 0 : kToldOfBatch)) bad("rows of provenance are missing");
  for (const addrbook::Provenance& row : list->rows) {
    if (row.times != last || row.first_seen != told(0, 1).first_seen ||
        row.last_seen != told(0, last).last_seen) {
      bad("told " + std::to_string(row.times) + " times in " + std::to_string(last) + " batches");
    }
  }
  if (report.dropped.total() != 0) bad("rows dropped: " + report.dropped.text());
}

// What discovery keeps is of the last batch: its number is that of our own record, which must never
// be lower than one that was acknowledged.
void check_discovery(const addrbook::DiscoveryRows& rows, std::uint32_t last) {
  if (rows.seq != last) bad("the sequence is " + std::to_string(rows.seq));
  if (rows.nodes.size() != (last == 0 ? 0 : 1)) bad("nodes of discovery are missing");
  if (last > 0 && rows.nodes.front() != test::discovered_of(last)) bad("a node differs");
}

// The last batch that is in the book, all of it, after all those before it.
std::uint32_t last_batch(const addrbook::Contents& contents) {
  std::map<conn::NetAddress, const addrbook::KnownAddress*> found;
  std::uint32_t last = 0;
  for (const auto& [network, rows] : contents.addresses) {
    for (const auto& known : rows) {
      found.emplace(known.address, &known);
      last = std::max(last, known.attempts);
    }
  }
  std::size_t expected = 0;
  for (std::uint32_t i = 0; i < kRows / kRowsOfBatch && i < last; ++i) {
    const std::uint32_t number = last - i;
    const addrbook::Batch batch = batch_of(number);
    for (const auto& written : batch.addresses.front().written) {
      const auto at = found.find(written.address);
      if (at == found.end()) bad("a row of batch " + std::to_string(number) + " is missing");
      if (*at->second != written) bad("a row of batch " + std::to_string(number) + " differs");
      ++expected;
    }
  }
  if (found.size() != expected) bad("rows of no batch");
  return last;
}

}  // namespace

int main(int argc, char** argv) {
  test::Flags flags(argc, argv, 1);
  const std::string path = flags.text("path");
  volatile std::uint8_t* const mark = map_mark(flags.text("mark"));
  flags.expect_no_others();
  std::uint32_t number = 0;
  bool first = true;
  while (true) {
    *mark = kOpening;
    const auto began = std::chrono::steady_clock::now();
    auto opened = BookFile::open(path, test::options_with(1), kBookNow);
    if (!opened) bad(opened.error().text());
    auto contents = opened->file.load(kBookNow, opened->report);
    if (!contents) bad(contents.error().text());
    const auto took = std::chrono::duration_cast<std::chrono::milliseconds>(
        std::chrono::steady_clock::now() - began);
    *mark = kElsewhere;
    if (opened->report.dropped.total() != 0) bad("rows dropped: " + opened->report.dropped.text());
    const std::uint32_t last = last_batch(*contents);
    check_told(opened->file, last);
    check_discovery(contents->discovery, last);
    if (!first && last != number) bad("closed with another batch");
    number = last;
    if (first) {
      say("opened " + std::string(name(opened->report.found)) + " " + std::to_string(number) + " " +
          std::to_string(took.count()) + "\n");
    }
    first = false;
    for (std::uint32_t i = 0; i < kBatchesOfOpening; ++i) {
      const addrbook::Batch batch = batch_of(number + 1);
      *mark = kInTransaction;
      const auto applied = opened->file.apply(batch);
      *mark = kElsewhere;
      if (!applied) bad(applied.error().text());
      ++number;
      say("batch " + std::to_string(number) + "\n");
    }
    *mark = kClosing;
    if (auto closed = opened->file.close(); !closed) bad(closed.error().text());
    *mark = kElsewhere;
  }
}
