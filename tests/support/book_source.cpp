#include "tests/support/book_source.h"

namespace peerage::test {

BookSource::BookSource() = default;
BookSource::~BookSource() = default;

void BookSource::set(const addrbook::KnownAddress& row) {
  all_[row.address] = row;
  waiting_[row.address] = row;
}
void BookSource::set(std::size_t first, std::size_t end) {
  for (std::size_t i = first; i < end; ++i) set(row_of(i));
}
void BookSource::erase(const conn::NetAddress& address) {
  all_.erase(address);
  waiting_[address] = std::nullopt;
}
void BookSource::tell(const addrbook::Provenance& row) {
  log_.note(row.network, row.teller, conn::IpAddress::v4(77, 1, 1, 1), row.address, row.last_seen);
  ++told_[{row.teller, row.address}];
}
void BookSource::ban(addrbook::BanRow row) {
  bans_.written.push_back(std::move(row));
}

addrbook::Batch BookSource::take(std::size_t rows) {
  ++takes;
  addrbook::Batch batch;
  batch.bans = std::exchange(bans_, {});
  batch.discovery = discovery_.take();
  batch.provenance = log_.take(rows / 2);
  addrbook::Changes changes{"net", std::exchange(rewrite_, false), {}, {}};
  while (!waiting_.empty() &&
         batch.rows() + changes.written.size() + changes.erased.size() < rows) {
    const auto next = waiting_.begin();
    if (next->second) {
      changes.written.push_back(*next->second);
    } else {
      changes.erased.push_back(next->first);
    }
    waiting_.erase(next);
  }
  if (!changes.empty()) batch.addresses.push_back(std::move(changes));
  return batch;
}
void BookSource::put_back(addrbook::Batch batch) {
  ++put_backs;
  for (addrbook::Changes& changes : batch.addresses) {
    rewrite_ = rewrite_ || changes.rewrite;
    // What is waiting already is newer.
    for (auto& row : changes.written) waiting_.emplace(row.address, std::move(row));
    for (const auto& address : changes.erased) waiting_.emplace(address, std::nullopt);
  }
  log_.put_back(std::move(batch.provenance));
  discovery_.put_back(batch.discovery);
  bans_.written.insert(bans_.written.begin(), batch.bans.written.begin(), batch.bans.written.end());
}
void BookSource::everything_changed() {
  ++everything;
  rewrite_ = true;
  waiting_.clear();
  for (const auto& [address, row] : all_) waiting_[address] = row;
  discovery_.everything_changed();
}

}  // namespace peerage::test
