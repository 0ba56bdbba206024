#include "pex/books/network_books.h"

#include <algorithm>
#include <stdexcept>
#include <utility>

namespace peerage::pex {

using addrbook::AddressBook;
using addrbook::BanRow;
using addrbook::Batch;
using conn::NodeId;
using conn::Result;

namespace {

// Longer than any node runs, and well within what a TimePoint can hold.
constexpr addrbook::Seconds kAges = std::chrono::days(100 * 365);

addrbook::BookFile::Options file_options(const addrbook::BookKey& key) {
  addrbook::BookFile::Options options;
  options.fresh_key = key;
  return options;
}

}  // namespace

NetworkBooks::NetworkBooks(conn::Runtime& runtime, const NodeId& own_id, Settings settings)
    : runtime_(runtime),
      control_(runtime.shard(0)),
      settings_(std::move(settings)),
      clock_(runtime.wall_now(), control_.now()),
      key_(conn::random_value<addrbook::BookKey>(runtime)) {
  if (settings_.networks.empty()) throw std::invalid_argument("a node needs a network");
  for (const std::string& network : settings_.networks) {
    books_.push_back(std::make_unique<AddressBook>(
        network, own_id, key_, conn::random_value<conn::Random::Seed>(runtime), settings_.book));
  }
}

NetworkBooks::~NetworkBooks() = default;

// --- the file ---

void NetworkBooks::open(std::function<void(Result<Opened>)> done) {
  if (settings_.file.empty()) {
    control_.post([done = std::move(done)] { done(Opened{}); });
    return;
  }
  if (!store_) {
    addrbook::Store::Source& source = *this;
    store_ = std::make_unique<addrbook::Store>(runtime_, control_, settings_.file,
                                               file_options(key_), source);
    store_->on_state = [this](const addrbook::Store::State& state) {
      if (on_file_state) on_file_state(state);
    };
  }
  store_->open([this, done = std::move(done)](Result<addrbook::Store::Loaded> loaded) {
    if (!loaded) {
      done(tl::unexpected(loaded.error()));
      return;
    }
    auto opened = load(std::move(*loaded));
    store_->changed();
    done(std::move(opened));  // last: it may even destroy us
  });
}

NetworkBooks::Opened NetworkBooks::load(addrbook::Store::Loaded loaded) {
  Opened opened;
  opened.report = std::move(loaded.report);
  key_ = loaded.contents.key;
  for (const auto& book : books_) {
    auto rows = loaded.contents.addresses.find(book->network());
    std::vector<addrbook::KnownAddress> none;
    auto& of_it = rows == loaded.contents.addresses.end() ? none : rows->second;
    opened.addresses += book->load(key_, std::move(of_it), now()).kept;
  }
  for (BanRow& row : loaded.contents.bans) {
    const auto ban = in_force(row);
    if (!ban) continue;
    ++opened.bans;
    // A ban that we have already is newer; but none for misbehaviour replaces an operator's.
    const auto [known, is_new] = bans_.try_emplace(ban->target, row);
    if (!is_new) {
      if (row.origin != p2p::BanOrigin::operator_ || known->second.origin == row.origin) continue;
      known->second = std::move(row);
    }
    // Written as it counts from now on: a ban with times in the future would begin anew at each
    // start.
    changed_bans_.insert(ban->target);
  }
  bans_of_file_ += opened.bans;
  discovery_.load(std::move(loaded.contents.discovery), now());
  return opened;
}

std::optional<p2p::Ban> NetworkBooks::in_force(const BanRow& row) const {
  const addrbook::Time time = now();
  if (row.until <= time) return std::nullopt;
  const conn::TimePoint until = control_.now() + std::min(row.until - time, kAges);
  return p2p::Ban{row.target, until, row.reason, row.origin};
}

void NetworkBooks::flush(std::function<void(Result<void>)> done) {
  if (store_) {
    store_->flush(std::move(done));
  } else {
    control_.post([done = std::move(done)] { done({}); });
  }
}

void NetworkBooks::save(std::function<void(Result<std::size_t>)> done) {
  if (!store_) {
    control_.post([done = std::move(done)] { done(std::size_t{0}); });
    return;
  }
  store_->save([rows = rows_waiting(), done = std::move(done)](const Result<void>& saved) {
    if (saved) {
      done(rows);
    } else {
      done(tl::unexpected(saved.error()));
    }
  });
}

void NetworkBooks::close(std::function<void(Result<void>)> done) {
  if (store_) {
    store_->close(std::move(done));
  } else {
    control_.post([done = std::move(done)] { done({}); });
  }
}

const addrbook::Store::State* NetworkBooks::file_state() const {
  return store_ ? &store_->state() : nullptr;
}

// --- the books ---

AddressBook* NetworkBooks::find(std::string_view network) {
  const auto found = std::find_if(books_.begin(), books_.end(), [network](const auto& book) {
    return book->network() == network;
  });
  return found == books_.end() ? nullptr : found->get();
}

void NetworkBooks::set_private_ids(const std::set<NodeId>& ids) {
  for (const auto& book : books_) book->set_private_ids(ids);
  changed();
}

void NetworkBooks::add_own(const conn::Endpoint& endpoint) {
  for (const auto& book : books_) book->add_own(endpoint);
}

void NetworkBooks::note_source(const std::string& network, const NodeId& teller,
                               const conn::IpAddress& from, const conn::NetAddress& address) {
  if (settings_.provenance == Settings::Provenance::forgotten || !store_) return;
  provenance_.note(network, teller, from, address, now());
}

void NetworkBooks::changed() {
  if (store_) store_->changed();
}

std::size_t NetworkBooks::rows_waiting() const {
  std::size_t rows = discovery_.size();
  rows += rewrite_bans_ ? bans_.size() : changed_bans_.size();
  for (const auto& book : books_) rows += book->changes_waiting();
  return rows;
}

// --- the bans ---

std::vector<p2p::Ban> NetworkBooks::bans_in_force() const {
  std::vector<p2p::Ban> bans;
  for (const auto& [target, row] : bans_) {
    if (auto ban = in_force(row)) bans.push_back(std::move(*ban));
  }
  return bans;
}

bool NetworkBooks::is_banned(const conn::NetAddress& address) const {
  const auto has = [this](const p2p::BanTarget& target) {
    const auto found = bans_.find(target);
    return found != bans_.end() && in_force(found->second);
  };
  if (has(address.id)) return true;
  // An IPv4 address that another carries is banned with it (Cidr::contains).
  for (const conn::IpAddress& ip : {address.endpoint.ip, address.endpoint.ip.carried()}) {
    for (int bits = ip.is_v4() ? 32 : 128; bits >= 0; --bits) {
      if (has(conn::Cidr(ip, static_cast<unsigned>(bits)))) return true;
    }
  }
  return false;
}

std::vector<BanRow> NetworkBooks::ended_bans() const {
  std::vector<BanRow> ended;
  for (const auto& [target, row] : bans_) {
    if (!in_force(row)) ended.push_back(row);
  }
  return ended;
}

void NetworkBooks::on_banned(const p2p::Ban& ban) {
  const addrbook::Time time = now();
  const auto left = std::chrono::floor<addrbook::Seconds>(ban.until - control_.now());
  BanRow row = {ban.target, time + std::min(left, kAges), time,
                ban.reason.substr(0, BanRow::kMaxReason), ban.origin};
  const auto known = bans_.find(ban.target);
  // A ban from the file is the same, but for the second that it was rounded to.
  if (known != bans_.end() && known->second.reason == row.reason &&
      known->second.origin == row.origin &&
      abs(known->second.until - row.until) <= addrbook::Seconds(2)) {
    return;
  }
  bans_.insert_or_assign(ban.target, std::move(row));
  if (bans_.size() > kMostBans) drop_ended_bans();
  note_changed(ban.target);
  changed();
}

void NetworkBooks::on_unbanned(const p2p::BanTarget& target) {
  if (bans_.erase(target) == 0) return;
  note_changed(target);
  changed();
}

// While the file cannot be written, strangers may go on for hours.
void NetworkBooks::note_changed(const p2p::BanTarget& target) {
  if (rewrite_bans_) return;
  changed_bans_.insert(target);
  if (changed_bans_.size() <= kMaxChangedBans) return;
  changed_bans_.clear();
  rewrite_bans_ = true;
}

void NetworkBooks::drop_ended_bans() {
  const addrbook::Time time = now();
  std::erase_if(bans_, [&](const auto& each) {
    const bool over = each.second.until <= time;
    if (over) note_changed(each.first);
    return over;
  });
}

// --- what the store takes ---

Batch NetworkBooks::take(std::size_t rows) {
  Batch batch;
  drop_ended_bans();
  if (std::exchange(rewrite_bans_, false)) {
    batch.bans.rewrite = true;
    for (const auto& [target, row] : bans_) batch.bans.written.push_back(row);
  } else {
    for (const p2p::BanTarget& target : changed_bans_) {
      const auto found = bans_.find(target);
      if (found != bans_.end()) {
        batch.bans.written.push_back(found->second);
      } else {
        batch.bans.erased.push_back(target);
      }
    }
  }
  changed_bans_.clear();
  batch.discovery = discovery_.take();
  for (const auto& book : books_) {
    if (batch.rows() >= rows) break;
    addrbook::Changes changes = book->take_changes(rows - batch.rows());
    if (!changes.empty()) batch.addresses.push_back(std::move(changes));
  }
  if (batch.rows() < rows) batch.provenance = provenance_.take(rows - batch.rows());
  return batch;
}

void NetworkBooks::put_back(Batch batch) {
  for (const addrbook::Changes& changes : batch.addresses) {
    if (AddressBook* book = find(changes.network)) book->put_back(changes);
  }
  provenance_.put_back(std::move(batch.provenance));
  discovery_.put_back(batch.discovery);
  rewrite_bans_ = rewrite_bans_ || batch.bans.rewrite;
  for (const BanRow& row : batch.bans.written) changed_bans_.insert(row.target);
  for (const auto& target : batch.bans.erased) changed_bans_.insert(target);
}

void NetworkBooks::everything_changed() {
  for (const auto& book : books_) book->everything_changed();
  rewrite_bans_ = true;
  discovery_.everything_changed();
}

}  // namespace peerage::pex
