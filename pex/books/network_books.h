// The address books of a node, one for each network that it serves, with the file that keeps them,
// and the bans and what discovery keeps, which are in the same file.
//
// It joins p2p/ and addrbook/, which do not know each other: bans of the switch become rows, rows
// become bans at the next start (the reactor does both), and the store pulls from here what has
// changed in any of the books. Rows of other networks in the file are left alone.
//
// Without a file everything is in memory alone. The caller decides what a file that cannot be
// opened means; one that fails later costs durability alone (addrbook/file/store.h).
//
// Threads: all of it on the control shard, which is shard 0 of the runtime: reach it by
// `runtime.shard(0).post`. It is destroyed there, or when nothing runs there any more.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "addrbook/book/address_book.h"
#include "addrbook/file/discovery_log.h"
#include "addrbook/file/provenance_log.h"
#include "addrbook/file/store.h"
#include "addrbook/record/book_clock.h"
#include "conn/runtime/runtime.h"
#include "p2p/admission/ban_list.h"

namespace peerage::pex {

class NetworkBooks final : private addrbook::Store::Source {
 public:
  struct Settings {
    std::filesystem::path file;         // empty: in memory alone
    std::vector<std::string> networks;  // at least one; the first is ours when we dial
    addrbook::BookConfig book;
    // Whether the file records which node told us of which address: for seeds and crawlers.
    enum class Provenance : std::uint8_t { forgotten, kept } provenance = Provenance::forgotten;
  };

  // `runtime` must outlive it. Throws std::invalid_argument without a network.
  NetworkBooks(conn::Runtime& runtime, const conn::NodeId& own_id, Settings settings);
  ~NetworkBooks() override;
  NetworkBooks(const NetworkBooks&) = delete;
  NetworkBooks& operator=(const NetworkBooks&) = delete;

  // --- the file ---

  struct Opened {
    addrbook::Report report;
    std::size_t addresses = 0;  // of our networks, kept
    std::size_t bans = 0;       // still in force
  };
  // For books that are in memory alone: to be opened then. A file with nothing in it gets all that
  // they hold.
  void set_file(std::filesystem::path file) { settings_.file = std::move(file); }
  // Reads the file; what the books have learnt before stays. A failure leaves them in memory, and
  // `open` may be called again.
  void open(std::function<void(conn::Result<Opened>)> done);
  // All that the books hold now is committed, or the failure.
  void flush(std::function<void(conn::Result<void>)> done);
  // The same, and the file is whole without its log (addrbook::Store::save); with the rows that it
  // did not have: none without a file.
  void save(std::function<void(conn::Result<std::size_t>)> done);
  // The same as `flush`, and the file is closed. From here on the books are in memory alone.
  void close(std::function<void(conn::Result<void>)> done);
  // None without a file.
  const addrbook::Store::State* file_state() const;
  // Null without a file.
  const addrbook::Store* store() const noexcept { return store_.get(); }
  // Rows that the file does not have yet.
  std::size_t rows_waiting() const;
  // When the file's condition has changed: for the operator.
  std::function<void(const addrbook::Store::State&)> on_file_state;

  // --- the books ---

  const std::vector<std::string>& networks() const noexcept { return settings_.networks; }
  // Null for a network that is not served.
  addrbook::AddressBook* find(std::string_view network);
  addrbook::AddressBook& first() { return *books_.front(); }
  addrbook::AddressBook& at(std::size_t index) { return *books_.at(index); }
  std::size_t size() const noexcept { return books_.size(); }
  void set_private_ids(const std::set<conn::NodeId>& ids);
  void add_own(const conn::Endpoint& endpoint);

  // A peer, whose socket is at `from`, has told us of an address.
  void note_source(const std::string& network, const conn::NodeId& teller,
                   const conn::IpAddress& from, const conn::NetAddress& address);

  // The books' time.
  addrbook::Time now() const { return clock_.at(control_.now()); }
  // A book has changed: it is to be written soon.
  void changed();

  // --- the bans ---

  // They follow what is in force in the switch, which bounds it (conn/address/ban_rule.h).
  static constexpr std::size_t kMostBans = conn::kBanOriginCount * conn::kMaxBans;
  void on_banned(const p2p::Ban& ban);
  void on_unbanned(const p2p::BanTarget& target);
  std::size_t bans() const noexcept { return bans_.size(); }
  // That files have brought.
  std::uint64_t bans_of_file() const noexcept { return bans_of_file_; }
  std::vector<p2p::Ban> bans_in_force() const;
  // Of its ID, or of a network that its IP is in.
  bool is_banned(const conn::NetAddress& address) const;
  // Those that are over, and still in the file. With those in force there are kMostBans at most,
  // even if none is ever written.
  std::vector<addrbook::BanRow> ended_bans() const;

  // --- what discovery keeps (pex/books/discovery_memory.h) ---

  // Call `changed` after a change.
  addrbook::DiscoveryLog& discovery() noexcept { return discovery_; }

 private:
  // Beyond, all bans are written anew.
  static constexpr std::size_t kMaxChangedBans = 2 * kMostBans;

  addrbook::Batch take(std::size_t rows) override;
  void put_back(addrbook::Batch batch) override;
  void everything_changed() override;

  Opened load(addrbook::Store::Loaded loaded);
  std::optional<p2p::Ban> in_force(const addrbook::BanRow& row) const;
  void note_changed(const p2p::BanTarget& target);
  void drop_ended_bans();

  conn::Runtime& runtime_;
  conn::Shard& control_;
  Settings settings_;
  addrbook::BookClock clock_;
  addrbook::BookKey key_{};
  std::vector<std::unique_ptr<addrbook::AddressBook>> books_;  // in the order of the networks
  std::map<p2p::BanTarget, addrbook::BanRow> bans_;
  std::uint64_t bans_of_file_ = 0;
  std::set<p2p::BanTarget> changed_bans_;  // that the file does not have in this form
  bool rewrite_bans_ = false;              // all of them; then no change is listed
  addrbook::ProvenanceLog provenance_;
  addrbook::DiscoveryLog discovery_;
  std::unique_ptr<addrbook::Store> store_;  // destroyed first
};

}  // namespace peerage::pex
