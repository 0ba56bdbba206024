// What stands for the book in tests of the store: rows that wait to be written, and all that there
// are.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "addrbook/store.h"
#include "addrbook/told_log.h"
#include "tests/support/book_rows.h"

namespace peerage::test {

class BookSource final : public addrbook::Store::Source {
 public:
  // Sets a row; it waits to be written.
  void set(const addrbook::KnownAddress& row) {
    all_[row.address] = row;
    waiting_[row.address] = row;
  }
  void set(std::size_t first, std::size_t end) {
    for (std::size_t i = first; i < end; ++i) set(row_of(i));
  }
  void erase(const conn::NetAddress& address) {
    all_.erase(address);
    waiting_[address] = std::nullopt;
  }
  void tell(const addrbook::ToldRow& row) {
    log_.note(row.network, row.teller, row.address, row.last_seen);
    ++told_[{row.teller, row.address}];
  }
  void ban(addrbook::BanRow row) { bans_.written.push_back(std::move(row)); }

  addrbook::Batch take(std::size_t rows) override {
    ++takes;
    addrbook::Batch batch;
    batch.bans = std::exchange(bans_, {});
    batch.told = log_.take(rows / 2);
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
  void put_back(addrbook::Batch batch) override {
    ++put_backs;
    for (addrbook::Changes& changes : batch.addresses) {
      rewrite_ = rewrite_ || changes.rewrite;
      // What is waiting already is newer.
      for (auto& row : changes.written) waiting_.emplace(row.address, std::move(row));
      for (const auto& address : changes.erased) waiting_.emplace(address, std::nullopt);
    }
    log_.put_back(std::move(batch.told));
    bans_.written.insert(bans_.written.begin(), batch.bans.written.begin(),
                         batch.bans.written.end());
  }
  void everything_changed() override {
    ++everything;
    rewrite_ = true;
    waiting_.clear();
    for (const auto& [address, row] : all_) waiting_[address] = row;
  }

  const std::map<conn::NetAddress, addrbook::KnownAddress>& all() const { return all_; }
  // How often each teller has told of each address.
  const std::map<std::pair<conn::NodeId, conn::NetAddress>, std::uint32_t>& told() const {
    return told_;
  }
  std::size_t waiting() const { return waiting_.size() + log_.size(); }

  std::size_t takes = 0;
  std::size_t put_backs = 0;
  std::size_t everything = 0;

 private:
  std::map<conn::NetAddress, addrbook::KnownAddress> all_;
  std::map<conn::NetAddress, std::optional<addrbook::KnownAddress>> waiting_;
  addrbook::ToldLog log_;
  std::map<std::pair<conn::NodeId, conn::NetAddress>, std::uint32_t> told_;
  addrbook::BanChanges bans_;
  bool rewrite_ = false;
};

}  // namespace peerage::test
