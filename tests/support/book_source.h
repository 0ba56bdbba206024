// What stands for the book in tests of the store: rows that wait to be written, and all that there
// are.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <utility>

#include "addrbook/file/discovery_log.h"
#include "addrbook/file/provenance_log.h"
#include "addrbook/file/store.h"
#include "tests/support/book_rows.h"

namespace peerage::test {

class BookSource final : public addrbook::Store::Source {
 public:
  BookSource();
  ~BookSource() override;

  // Sets a row; it waits to be written.
  void set(const addrbook::KnownAddress& row);
  void set(std::size_t first, std::size_t end);
  void erase(const conn::NetAddress& address);
  void tell(const addrbook::Provenance& row);
  void ban(addrbook::BanRow row);
  addrbook::DiscoveryLog& discovery() { return discovery_; }
  const addrbook::DiscoveryLog& discovery() const { return discovery_; }

  addrbook::Batch take(std::size_t rows) override;
  void put_back(addrbook::Batch batch) override;
  void everything_changed() override;

  const std::map<conn::NetAddress, addrbook::KnownAddress>& all() const { return all_; }
  // How often each teller has told of each address.
  const std::map<std::pair<conn::NodeId, conn::NetAddress>, std::uint32_t>& told() const {
    return told_;
  }
  std::size_t waiting() const { return waiting_.size() + log_.size() + discovery_.size(); }

  std::size_t takes = 0;
  std::size_t put_backs = 0;
  std::size_t everything = 0;

 private:
  std::map<conn::NetAddress, addrbook::KnownAddress> all_;
  std::map<conn::NetAddress, std::optional<addrbook::KnownAddress>> waiting_;
  addrbook::ProvenanceLog log_;
  std::map<std::pair<conn::NodeId, conn::NetAddress>, std::uint32_t> told_;
  addrbook::BanChanges bans_;
  addrbook::DiscoveryLog discovery_;
  bool rewrite_ = false;
};

}  // namespace peerage::test
