#include "pex/seed/crawler.h"

#include <algorithm>
#include <array>
#include <utility>

namespace peerage::pex {

using addrbook::AddressBook;
using addrbook::kNever;
using addrbook::KnownAddress;
using addrbook::Seconds;
using conn::NetAddress;

namespace {

constexpr double kHardlyEverFailed = 0.9;
// A window counts once it is this full.
constexpr float kSeenEnough = 0.25;
static_assert(kProvenPauses.size() == addrbook::Reliability::kWindows);

}  // namespace

Seconds Crawler::pause_after(const KnownAddress& known) {
  if (known.failures > 0) {
    const auto doublings = std::min<std::uint32_t>(known.failures - 1, 10);
    return std::min(kFailedPause * (std::int64_t{1} << doublings), kFailedPauseCap);
  }
  Seconds pause = kUnprovenPause;
  for (std::size_t i = 0; i < kProvenPauses.size(); ++i) {
    const auto& window = known.reliability.windows()[i];
    if (window.weight < kSeenEnough || known.reliability.share(i) < kHardlyEverFailed) break;
    pause = kProvenPauses[i];
  }
  return pause;
}

std::optional<NetAddress> Crawler::next(AddressBook& book, const Situation& situation) {
  if (situation.now < nothing_until_) return std::nullopt;
  for (std::size_t i = 0; i < kTurns; ++i) {
    const Turn turn = std::exchange(turn_, after(turn_));
    const auto target = of_turn(turn, book, situation);
    if (!target) continue;
    seen_.use(target->endpoint, [] { return conn::TimePoint(); }) = situation.now;
    return target;
  }
  nothing_until_ = situation.now + kLookAgain;
  return std::nullopt;
}

std::optional<NetAddress> Crawler::of_turn(Turn turn, AddressBook& book,
                                           const Situation& situation) {
  if (turn == Turn::moved) return moved(book, situation);
  const bool is_empty = limits_.discovered == CrawlLimits::Discovered::no;
  if (turn == Turn::discovered && is_empty) return std::nullopt;  // a draw would walk the book
  return draw(turn, book, situation);
}

bool Crawler::seen_lately(const conn::Endpoint& endpoint, conn::TimePoint now) const {
  const conn::TimePoint* last = seen_.find(endpoint);
  return last != nullptr && now - *last < limits_.pause;
}

std::optional<NetAddress> Crawler::moved(AddressBook& book, const Situation& situation) {
  for (const NetAddress& target : book.to_visit(situation.book_now)) {
    const KnownAddress* known = book.find(target);
    if (!seen_lately(target.endpoint, situation.now) && !situation.unavailable(*known)) {
      return target;
    }
  }
  return std::nullopt;
}

Crawler::Turn Crawler::turn_of(const KnownAddress& known) const {
  if (known.last_connected != kNever) return Turn::acquaintance;
  const bool has_turn = limits_.discovered == CrawlLimits::Discovered::yes;
  return has_turn && known.origin == addrbook::Origin::discovery ? Turn::discovered
                                                                 : Turn::newcomer;
}

std::optional<NetAddress> Crawler::draw(Turn turn, AddressBook& book, const Situation& situation) {
  const auto is_due = [&](const KnownAddress& known) {
    if (turn_of(known) != turn) return false;
    const bool tried = known.last_attempt != kNever;
    if (tried && situation.book_now - known.last_attempt < pause_after(known)) return false;
    return !seen_lately(known.address.endpoint, situation.now) && !situation.unavailable(known);
  };
  return book.pick({turn == Turn::acquaintance ? 50U : 100U}, situation.book_now, is_due);
}

}  // namespace peerage::pex
