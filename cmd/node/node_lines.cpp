#include "cmd/node/node_lines.h"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "conn/base/bytes.h"

namespace peerage::cmd {

using conn::LogLevel;

namespace {

conn::LogValue count(std::uint64_t number) {
  return number;
}

}  // namespace

void NodeLines::book(const std::filesystem::path& file, Made made,
                     const pex::NetworkBooks::Opened& opened) const {
  const addrbook::Report& report = opened.report;
  if (!report.moved_to.empty()) {
    log_.write(LogLevel::warn, "the address book was moved aside",
               {{"to", report.moved_to.string()},
                {"why", report.why},
                {"salvaged", count(report.salvaged)}});
  }
  if (report.dropped.total() > 0) {
    log_.write(LogLevel::warn, "rows of the address book were dropped",
               {{"rows", report.dropped.text()}});
  }
  if (made == Made::now || report.found == addrbook::Report::Found::nothing) {
    log_.write(LogLevel::warn, "a new address book was made", {{"file", file.string()}});
  }
  if (report.kept == addrbook::Report::Kept::by_journal) {
    log_.write(LogLevel::warn,
               "the file system has no shared memory: the address book is kept without a "
               "write-ahead log; saving is slower, and readers and the node wait for each other",
               {{"file", file.string()}});
  }
  log_.write(LogLevel::info, "address book",
             {{"file", file.string()},
              {"addresses", count(opened.addresses)},
              {"bans", count(opened.bans)}});
}

void NodeLines::networks(const pex::PexReport& report) const {
  if (report.books.size() < 2) return;
  for (const auto& book : report.books) {
    log_.write(LogLevel::info, "network",
               {{"network", conn::printable(book.network)},
                {"book_new", book.in_new},
                {"book_old", book.in_tried},
                {"book_verified", book.verified},
                {"served", book.answers}});
  }
}

void NodeLines::summary(const p2p::Switch& connections, const pex::PexReport& report) {
  const auto now = connections.snapshot();
  pex::PexReport::Book all;
  for (const auto& book : report.books) {
    all.in_new += book.in_new;
    all.in_tried += book.in_tried;
    all.verified += book.verified;
  }
  std::vector<conn::LogField> fields = {{"in", count_of(*now, p2p::Direction::inbound)},
                                        {"out", count_of(*now, p2p::Direction::outbound)},
                                        {"peers", count(now->peers.size())},
                                        {"dialling", count(now->dialling)},
                                        {"book_new", count(all.in_new)},
                                        {"book_old", count(all.in_tried)},
                                        {"book_verified", count(all.verified)},
                                        {"served", report.counts.answers},
                                        {"visits", report.visits_made},
                                        {"bans", count(report.bans)},
                                        {"held_back", connections.peer_log().held_back()}};
  if (now->persistent_named > 0) {
    fields.push_back({"persistent", std::to_string(now->persistent) + "/" +
                                        std::to_string(now->persistent_named)});
  }
  for (auto& field : refusals_.since_last(connections.counters())) {
    fields.push_back(std::move(field));
  }
  log_.write(LogLevel::info, "summary", fields);
  networks(report);
}

std::size_t count_of(const p2p::SwitchSnapshot& snapshot, p2p::Direction direction) {
  return static_cast<std::size_t>(
      std::count_if(snapshot.peers.begin(), snapshot.peers.end(),
                    [direction](const auto& peer) { return peer->direction() == direction; }));
}

}  // namespace peerage::cmd
