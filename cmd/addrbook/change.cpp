// Changing a book that no node is using.
#include <algorithm>
#include <limits>

#include <sodium.h>

#include "addrbook/record/book_reason.h"
#include "cmd/addrbook/addrbook.h"
#include "conn/base/file_reason.h"
#include "p2p/admission/ban_list.h"

namespace peerage::cmd {

using addrbook::BanRow;
using addrbook::BookFile;
using addrbook::kNever;
using conn::fail;
using conn::Reason;
using conn::Result;
using conn::Stage;

namespace {

// Closes the book; success means that what was applied is in the file.
Result<void> finish(OwnedBook& book, const Result<void>& applied) {
  if (!applied) return applied;
  return book.file.close();
}

// Takes the rows of a network into a book, which forgets the peers that were connected when the
// last run ended: the node's next run needs to know them still.
void load_between_runs(addrbook::AddressBook& book, const addrbook::Contents& contents, Time now) {
  const auto rows = contents.addresses.find(book.network());
  if (rows == contents.addresses.end()) return;
  book.load(contents.key, rows->second, now);
  for (const KnownAddress& row : rows->second) {
    if (row.connected_since != kNever) {
      book.mark_joined(row.address, std::min(row.connected_since, now));
    }
  }
}

// Whether the node would put it in force: its list of bans is asked.
Result<void> require_room(const std::vector<BanRow>& rows, const BanRow& row, Time now) {
  const auto in_force = [now](const BanRow& each) {
    // No longer than a TimePoint can hold.
    static constexpr addrbook::Seconds kAges = std::chrono::days(100 * 365);
    const conn::TimePoint until{std::min(each.until - now, kAges)};
    return p2p::Ban{each.target, until, each.reason, each.origin};
  };
  p2p::BanList list;
  for (const BanRow& each : rows) (void)list.add(in_force(each), conn::TimePoint());
  if (const auto added = list.add(in_force(row), conn::TimePoint()); !added) {
    return tl::unexpected(added.error());
  }
  return {};
}

}  // namespace

Result<OwnedBook> own_book(const BookHome& home, Missing missing, Time now) {
  // Read-only first: opening a damaged one for writing would move it aside.
  addrbook::Report report;
  if (const auto read = BookFile::read(home.file, now, report); !read) {
    const Reason reason = read.error().reason;
    if (reason == addrbook::BookReason::book_corrupt ||
        reason == addrbook::BookReason::book_foreign ||
        reason == addrbook::BookReason::book_newer ||
        (reason == addrbook::BookReason::book_missing && missing == Missing::fails)) {
      return tl::unexpected(read.error());
    }
  }
  std::error_code error;
  std::filesystem::create_directories(home.file.parent_path(), error);
  if (error) {
    return fail(Stage::configuration,
                conn::file_reason(error.value(), addrbook::BookReason::book_unwritable),
                conn::printable(home.file.parent_path().native(), 1024) + ": " + error.message());
  }
  BookFile::Options options;
  randombytes_buf(options.fresh_key.data(), options.fresh_key.size());
  auto opened = BookFile::open(home.file, options, now);
  if (!opened) {
    if (opened.error().reason == addrbook::BookReason::book_in_use) {
      opened.error().detail +=
          "; stop the node first, or ask it: `peerage ctl book`, `peerage ctl ban`";
    }
    return tl::unexpected(std::move(opened.error()));
  }
  auto contents = opened->file.load(now, opened->report);
  if (!contents) return tl::unexpected(std::move(contents.error()));
  return OwnedBook{std::move(opened->file), std::move(*contents)};
}

Result<ImportReport> import_json(const BookHome& home, const std::string& network,
                                 const std::filesystem::path& from, Time now) {
  auto json = addrbook::load_json_book(from, now);
  if (!json) return tl::unexpected(std::move(json.error()));
  auto owned = own_book(home, Missing::create, now);
  if (!owned) return tl::unexpected(std::move(owned.error()));

  const auto book = home.book(network, owned->contents.key);
  load_between_runs(*book, owned->contents, now);
  ImportReport report;
  report.network = network;
  report.entries = json->entries.size() + json->bad_count;
  report.bad_count = json->bad_count;
  report.bad = std::move(json->bad);
  addrbook::best_first(json->entries);
  for (const addrbook::JsonEntry& entry : json->entries) {
    const auto outcome = book->add(
        entry.address, {entry.source.endpoint.ip, entry.source.id, addrbook::Origin::import}, now);
    ++report.outcomes[static_cast<std::size_t>(outcome)];
  }
  const auto changes = book->take_changes(std::numeric_limits<std::size_t>::max());
  if (const auto done = finish(*owned, owned->file.apply(changes)); !done) {
    return tl::unexpected(done.error());
  }
  return report;
}

Result<BanTarget> parse_target(std::string_view text) {
  if (const auto id = conn::NodeId::parse(text); id && *id != conn::NodeId()) return *id;
  if (const auto network = conn::Cidr::parse(text)) return *network;
  return fail(Stage::configuration, Reason::invalid_argument,
              "\"" + conn::printable(text, 64) + "\" is no node ID, IP address or network");
}

Result<BanRow> ban(const BookHome& home, const BanTarget& target, addrbook::Seconds span,
                   const std::string& reason, Time now) {
  if (reason.size() > BanRow::kMaxReason || conn::printable(reason, BanRow::kMaxReason) != reason) {
    return fail(Stage::configuration, Reason::invalid_argument,
                "a reason has at most " + std::to_string(BanRow::kMaxReason) +
                    " characters, all of them printable ASCII");
  }
  auto owned = own_book(home, Missing::create, now);
  if (!owned) return tl::unexpected(std::move(owned.error()));
  const BanRow row{target, now + span, now, reason, conn::BanOrigin::operator_};
  if (auto room = require_room(owned->contents.bans, row, now); !room) {
    return tl::unexpected(std::move(room.error()));
  }
  if (const auto done = finish(*owned, owned->file.apply_bans({false, {row}, {}})); !done) {
    return tl::unexpected(done.error());
  }
  return row;
}

Result<bool> unban(const BookHome& home, const BanTarget& target, Time now) {
  auto owned = own_book(home, Missing::fails, now);
  if (!owned) return tl::unexpected(std::move(owned.error()));
  bool found = false;
  for (const BanRow& row : owned->contents.bans) found = found || row.target == target;
  if (const auto done = finish(*owned, owned->file.apply_bans({false, {}, {target}})); !done) {
    return tl::unexpected(done.error());
  }
  return found;
}

Result<std::size_t> forget(const BookHome& home, const conn::NodeId& id, const std::string& network,
                           Time now) {
  auto owned = own_book(home, Missing::fails, now);
  if (!owned) return tl::unexpected(std::move(owned.error()));
  addrbook::Batch batch;
  for (const auto& [name, rows] : owned->contents.addresses) {
    if (!network.empty() && name != network) continue;
    addrbook::Changes changes{name, false, {}, {}};
    for (const KnownAddress& row : rows) {
      if (row.address.id == id) changes.erased.push_back(row.address);
    }
    if (!changes.empty()) batch.addresses.push_back(std::move(changes));
  }
  if (const auto done = finish(*owned, owned->file.apply(batch)); !done) {
    return tl::unexpected(done.error());
  }
  return batch.rows();
}

}  // namespace peerage::cmd
