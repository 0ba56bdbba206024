// An address book and the naive one beside it: what changes them, done to both, and everything that
// can be seen of them compared. book_pair.h has the rest. Throws Disagreement.
#pragma once

#include <algorithm>
#include <chrono>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "conn/base/bytes.h"
#include "tests/support/book_universe.h"
#include "tests/support/naive_book_life.h"

namespace peerage::test {

class BookPairBase {
 public:
  using Seconds = addrbook::Seconds;
  using Time = addrbook::Time;
  using Kind = addrbook::Kind;
  using KnownAddress = addrbook::KnownAddress;
  using NetAddress = conn::NetAddress;

  explicit BookPairBase(Choices& choices)
      : choices_(choices), config_(some_config(choices)), key_(some_bytes()) {
    begin(key_);
  }

  // The whole of both.
  void compare() {
    book_->reinstate({}, now_);  // Those that are due wake up.
    std::size_t seen = 0;
    book_->for_each([&](const KnownAddress& known) {
      ++seen;
      compare(known.address);
    });
    agree(seen == naive_->rows.size(), "one holds more rows than the other");
    for (const Kind kind : {Kind::new_, Kind::tried}) {
      std::set<std::uint16_t> buckets;
      std::set<addrbook::Place> places;
      std::size_t drawn = 0;
      for (const auto& row : naive_->rows) {
        if (row.known.kind != kind) continue;
        drawn += naive_->drawable(row.known) ? 1 : 0;
        agree(book_->stands_by(row.known.address) == naive_->stands_by(row.known),
              "another stands by");
        buckets.insert(row.place.bucket);
        agree(places.insert(row.place).second, "two share a place");
      }
      agree(book_->size_of(kind) == drawn, "another number can be drawn");
      agree(book_->buckets_used(kind) == buckets.size(), "other buckets are used");
    }
    agree(book_->resting() == naive_->count_if(NaiveBook::rests), "another number rests");
    for (std::size_t i = 0; i < addrbook::kAddedCount; ++i) {
      agree(book_->count(static_cast<addrbook::Added>(i)) == naive_->counts[i], "miscounted");
    }
    agree(seen == loaded_ + came_and_went(), "what came and went does not add up");
    check_invariants();
  }

  struct Seen {
    std::size_t added = 0, gave_way = 0, contested = 0, restarts = 0;
  };
  const Seen& seen() const { return seen_; }

 protected:
  static addrbook::BookConfig some_config(Choices& choices) {
    using addrbook::BookConfig;
    BookConfig config;
    if (choices.one_in(2)) config.strict = conn::IpAddress::Strict::no;
    config.exempt_networks = {conn::Cidr(conn::IpAddress::v4(31, 7, 7, 0), 24)};
    config.max_per_neighbourhood = 3 + choices.below(6);
    config.max_candidates = 3 + choices.below(6);
    config.max_first_hand_per_host = 1 + choices.below(4);
    config.max_first_hand_per_neighbourhood = 2 + choices.below(6);
    config.max_first_hand_per_id = 1 + choices.below(4);
    // Powers of two, so that sums are exact in whatever order they are made.
    config.told_per_second = 0.125;
    config.told_burst = choices.one_in(3) ? 4 : 1 << 20;
    config.told_after_request = 16;
    if (choices.one_in(2)) config.tried_by_visits = BookConfig::TriedByVisits::yes;
    constexpr addrbook::Geometry kGeometries[] = {{4, 2, 4}, {1, 1, 1}, {2, 4, 2}, {8, 8, 16}};
    config.geometry = choices.of(kGeometries);
    return config;
  }
  addrbook::BookKey some_bytes() {
    addrbook::BookKey bytes{};
    for (std::size_t i = 0; i < 4; ++i) bytes[i] = static_cast<std::uint8_t>(choices_.below(256));
    return bytes;
  }
  void begin(const addrbook::BookKey& key) {
    book_ = std::make_unique<addrbook::AddressBook>("chain", universe_id(0), key, some_bytes(),
                                                    config_);
    naive_.emplace(universe_id(0), key, config_);
    naive_->at(now_);
    loaded_ = 0;
  }
  // What was added, less what is gone; below 0 as the numbers wrap around.
  std::uint64_t came_and_went() const {
    using addrbook::Transition;
    return book_->count(addrbook::Added::added) - book_->count(Transition::expired) -
           book_->count(Transition::forgotten);
  }

  // Mostly one that is known; often the one of the last time.
  NetAddress some_address() {
    const std::size_t choice = choices_.below(8);
    if (choice == 0 || naive_->rows.empty()) return universe_address(choices_);
    if (choice > 3 || !naive_->find(last_)) last_ = choices_.of(naive_->rows).known.address;
    return last_;
  }

  static std::string difference(const KnownAddress& a, const KnownAddress& b) {
    if (a.source != b.source || a.origin != b.origin) return "source";
    if (a.kind != b.kind) return "kind";
    if (a.wrong_ids != b.wrong_ids) return "wrong_ids";
    if (a.failures != b.failures) return "failures";
    if (a.attempts != b.attempts) return "attempts";
    if (a.failure != b.failure || a.failed_stage != b.failed_stage) return "failure";
    if (a.last_seen != b.last_seen) return "last_seen";
    if (a.last_attempt != b.last_attempt) return "last_attempt";
    if (a.last_failed != b.last_failed) return "last_failed";
    if (a.last_connected != b.last_connected) return "last_connected";
    if (a.verified_since != b.verified_since) return "verified_since";
    if (a.last_verified != b.last_verified) return "last_verified";
    if (a.connected_since != b.connected_since) return "connected_since";
    if (a.said_itself != b.said_itself) return "said_itself";
    if (a.bad_until != b.bad_until) return "bad_until";
    if (!(a.reliability == b.reliability)) return "reliability";
    return "facts, first_seen or round_trip";
  }
  void compare(const NetAddress& address) {
    const KnownAddress* real = book_->find(address);
    const KnownAddress* naive = naive_->find(address);
    agree((real == nullptr) == (naive == nullptr), "one has it: " + address.to_string());
    if (!real) return;
    KnownAddress known = *real;
    if (known.bad_until <= now_) known.bad_until = NaiveBook::kNever;  // it wakes when it matters
    agree(known == *naive, address.to_string() + " differs in " + difference(known, *naive));
  }

  void check_invariants() {
    if (const auto broken = book_->broken_invariant()) agree(false, *broken);
    for (const auto& row : naive_->rows) {
      const KnownAddress& known = row.known;
      agree(!naive_->never(known.address), "what never enters is in: " + known.address.to_string());
      const auto& ip = known.address.endpoint.ip;
      if (known.origin == addrbook::Origin::configuration || naive_->exempt(ip)) continue;
      const auto crowd = naive_->neighbours(ip, false);
      agree(crowd.at_host[0] <= config_.max_per_host &&
                crowd.near[0] <= config_.max_per_neighbourhood &&
                crowd.at_host[1] <= config_.max_first_hand_per_host + config_.max_per_host &&
                crowd.near[1] <=
                    config_.max_first_hand_per_neighbourhood + config_.max_per_neighbourhood,
            "a cap is exceeded");
    }
  }

  // --- operations ---

  void add() {
    const NetAddress address = choices_.one_in(6) ? some_address() : universe_address(choices_);
    addrbook::Source source = universe_source(choices_);
    if (choices_.one_in(4)) source = {address.endpoint.ip, address.id, addrbook::Origin::inbound};
    const addrbook::Added outcome = book_->add(address, source, now_);
    const bool added = outcome == addrbook::Added::added;
    std::vector<NetAddress> gone;
    for (const auto& row : naive_->rows) {
      if (!book_->find(row.known.address)) gone.push_back(row.known.address);
    }
    const addrbook::Added expected = naive_->add(address, source, gone);
    agree(outcome == expected,
          "add: " + std::string(name(outcome)) + " instead of " + std::string(name(expected)));
    compare(address);
    seen_.added += added ? 1 : 0;
    seen_.gave_way += gone.size();
    last_ = address;
  }

  // What a dial that succeeds brings, or a part of it.
  void visit() {
    const NetAddress address = some_address();
    agree(book_->mark_attempt(address, now_) == naive_->attempt(address), "mark_attempt");
    mark_connected(address);
    mark_verified(address);
    if (choices_.one_in(2)) mark_useful(address);
    compare(address);
  }
  void mark_connected(const NetAddress& address) {
    const std::chrono::microseconds round_trip(
        choices_.one_in(8) ? 1LL << 40 : static_cast<long>(choices_.below(3)));
    agree(
        book_->mark_connected(address, round_trip, now_) == naive_->connected(address, round_trip),
        "mark_connected");
  }
  void mark_verified(const NetAddress& address) {
    addrbook::NodeFacts facts{"moniker", "0.38", {conn::kPexChannel}};
    if (choices_.one_in(8)) {
      facts.moniker = std::string(choices_.below(200), 'm') + "\n";
      facts.channels.resize(choices_.below(40));
    }
    addrbook::NodeFacts kept = facts;
    kept.moniker = conn::printable(kept.moniker, addrbook::NodeFacts::kMaxText)
                       .substr(0, addrbook::NodeFacts::kMaxText);
    kept.channels.resize(std::min(kept.channels.size(), addrbook::NodeFacts::kMaxChannels));
    agree(book_->mark_verified(address, facts, now_) == naive_->verified_now(address, kept),
          "mark_verified");
  }
  void mark_useful(const NetAddress& address) {
    agree(book_->mark_useful(address, now_) == naive_->make_tried(address), "mark_useful");
  }

  void mark() {
    const NetAddress address = some_address();
    switch (choices_.below(8)) {
      case 7:
        book_->note_heard(now_);
        naive_->note_heard();
        break;
      case 0:
        agree(book_->mark_attempt(address, now_) == naive_->attempt(address), "mark_attempt");
        break;
      case 1:
        mark_connected(address);
        break;
      case 2:
        mark_verified(address);
        break;
      case 3:
        agree(book_->mark_joined(address, now_) == naive_->joined(address), "mark_joined");
        break;
      case 4:
        agree(book_->mark_left(address, now_) == naive_->left(address), "mark_left");
        break;
      case 5:
        mark_useful(address);
        break;
      default: {
        using Brought = addrbook::AddressBook::Brought;
        constexpr Seconds kLasted[] = {Seconds(0), Seconds(1799), Seconds(1800), Seconds(9000)};
        const Seconds lasted = choices_.of(kLasted);
        const Brought brought = choices_.one_in(3) ? Brought::nothing : Brought::messages;
        const bool useful = lasted >= Seconds(1800) && brought == Brought::messages;
        agree(book_->mark_session(address, lasted, brought, now_) ==
                  (useful ? naive_->make_tried(address) : naive_->find(address) != nullptr),
              "mark_session");
      }
    }
    compare(address);
  }

  void mark_failed() {
    const NetAddress address = some_address();
    const conn::Failure why = universe_failure(choices_);
    const std::size_t times = choices_.one_in(4) ? 1 + choices_.below(20) : 1;
    for (std::size_t i = 0; i < times; ++i) {
      agree(book_->mark_failed(address, why, now_) == naive_->failed(address, why), "mark_failed");
      compare(address);
    }
  }

  void mark_bad() {
    const NetAddress address = some_address();
    const Time until = now_ + Seconds(choices_.below(choices_.one_in(4) ? 80'000'000 : 9'000));
    constexpr auto kWhy = conn::Reason::packet_malformed;
    if (choices_.one_in(2)) {
      agree(book_->mark_bad(address, kWhy, until, now_) == naive_->mark_bad(address, kWhy, until),
            "mark_bad");
    } else if (choices_.one_in(2)) {
      const std::vector<NetAddress> all = naive_->addresses_of(address.id);
      for (const NetAddress& each : all) naive_->mark_bad(each, kWhy, until);
      agree(book_->mark_bad(address.id, kWhy, until, now_) == all.size(), "mark_bad of an ID");
    } else {
      agree(book_->reinstate(address, now_) == naive_->reinstate(address), "reinstate");
    }
    compare(address);
  }

  Choices& choices_;
  Time now_{std::chrono::days(20'000)};
  addrbook::BookConfig config_;
  addrbook::BookKey key_;
  std::unique_ptr<addrbook::AddressBook> book_;
  std::optional<NaiveBookLife> naive_;
  NetAddress last_;
  Seen seen_;
  std::uint64_t loaded_ = 0;  // rows that a file has brought, less what it has cost
};

}  // namespace peerage::test
