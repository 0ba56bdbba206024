// A file's rows are taken in: merged with what the book has learnt since it began, those first that
// we know most of, each under the rules.
#include <algorithm>
#include <iterator>
#include <utility>

#include "addrbook/book/address_book.h"

namespace peerage::addrbook {

using conn::NetAddress;

namespace {

struct Claim {
  KnownAddress known;
  bool changed = false;  // differs from the file
};

// Of two records that compete, the one of lower rank is kept.
int rank(const KnownAddress& known) {
  const bool proven = known.last_connected != kNever;
  if (known.kind == Kind::tried && proven && known.last_verified != kNever) return 0;
  if (proven) return 1;
  return is_first_hand(known) ? 2 : 3;
}

// Never dialled in this run: then a file's record knows more.
bool only_heard_of(const KnownAddress& known) {
  return known.last_attempt == kNever && known.last_failed == kNever &&
         known.last_connected == kNever && known.last_verified == kNever &&
         known.connected_since == kNever;
}

// What was merely heard of in this run makes the file's record newer.
void merge(KnownAddress& row, const KnownAddress& heard) {
  row.last_seen = std::max(row.last_seen, heard.last_seen);
  if (heard.said_itself == kNever) return;
  row.said_itself = heard.said_itself;
  row.source = heard.source;
  row.origin = heard.origin;
}

// Nothing lies in the future, and nothing rests for ever.
void bring_into_range(KnownAddress& row, Time now) {
  for (Time* time :
       {&row.first_seen, &row.last_seen, &row.last_attempt, &row.last_failed, &row.last_connected,
        &row.verified_since, &row.last_verified, &row.connected_since, &row.said_itself}) {
    *time = std::clamp(*time, kNever, now);
  }
  row.bad_until = row.bad_until <= now ? kNever : std::min(row.bad_until, now + kMaxRest);
  row.reliability =
      Reliability::restored(row.reliability.windows(), std::min(row.reliability.last(), now));
}

}  // namespace

AddressBook::Loaded AddressBook::load(const BookKey& key, std::vector<KnownAddress> rows,
                                      Time now) {
  std::vector<NetAddress> in_file;
  std::vector<std::pair<Time, NetAddress>> joined;
  std::vector<Claim> of_file, claims;
  for (KnownAddress& row : rows) {
    in_file.push_back(row.address);
    if (row.connected_since != kNever) joined.emplace_back(row.connected_since, row.address);
    bool changed = std::exchange(row.connected_since, kNever) != kNever;
    if (const auto index = table_.find(row.address)) {
      const KnownAddress& ours = table_.record(*index);
      if (!only_heard_of(ours)) continue;
      merge(row, ours);
      changed = true;
      erase(*index);
    }
    of_file.push_back({std::move(row), changed});
  }
  // Of equal rank, what we have learnt ourselves comes first.
  table_.for_each([&claims](const KnownAddress& known) { claims.push_back({known, true}); });
  std::move(of_file.begin(), of_file.end(), std::back_inserter(claims));
  std::stable_sort(claims.begin(), claims.end(),
                   [](const Claim& a, const Claim& b) { return rank(a.known) < rank(b.known); });
  clear(key);
  for (const Claim& claim : claims) {
    const auto index = restore(claim.known, now);
    if (!index) {
      changes_.note_erased(claim.known.address);
    } else if (claim.changed || table_.record(*index) != claim.known) {
      touch(*index);
    }
  }
  choose_anchors(std::move(joined));
  const auto dropped =
      std::count_if(in_file.begin(), in_file.end(),
                    [this](const NetAddress& address) { return !table_.find(address); });
  return {in_file.size() - static_cast<std::size_t>(dropped), static_cast<std::size_t>(dropped)};
}

void AddressBook::clear(const BookKey& key) {
  table_.reset(Placement(key, config_.strict, config_.geometry));
  changes_.forget_changed();
  contests_.clear();
  moves_.clear();
}

std::optional<AddressBook::Index> AddressBook::restore(KnownAddress row, Time now) {
  bring_into_range(row, now);
  if (never_enters(row.address) || table_.find(row.address)) return std::nullopt;
  // What is inside stays: it had the better rank.
  if (!displacement_.fits(row, now)) return std::nullopt;
  const bool verified = row.last_connected != kNever && row.last_verified != kNever;
  if (row.kind == Kind::tried && !verified) row.kind = Kind::new_;
  Place place = table_.place_for(row.kind, row.address, row.source);
  if (table_.holder(row.kind, place) && row.kind == Kind::tried) {
    row.kind = Kind::new_;
    place = table_.place_for(row.kind, row.address, row.source);
  }
  if (table_.holder(row.kind, place)) return std::nullopt;
  return insert(std::move(row), place);
}

void AddressBook::choose_anchors(std::vector<std::pair<Time, NetAddress>> joined) {
  std::sort(joined.begin(), joined.end());
  anchors_.clear();
  for (const auto& [since, address] : joined) {
    if (anchors_.size() == kMaxAnchors) break;
    const KnownAddress* known = find(address);
    if (known && known->bad_until == kNever) anchors_.push_back(address);
  }
}

}  // namespace peerage::addrbook
