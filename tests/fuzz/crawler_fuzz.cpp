// The crawler over a book that changes under it: it never sends us where it should not.
#include <map>
#include <set>

#include "p2p/base/peer_reason.h"
#include "pex/seed/crawler.h"
#include "tests/fuzz/fuzz_input.h"

using namespace peerage;
using fuzz::Input;
using fuzz::require;

namespace {

constexpr std::size_t kRemembered = 64;

conn::NetAddress address(std::uint8_t number) {
  conn::ByteArray<conn::NodeId::kBytes> id{};
  id[0] = static_cast<std::uint8_t>(number + 1);
  // Several IDs at one address, now and then.
  return {conn::NodeId(id), {conn::IpAddress::v4(20, number & 0x3f, 1, 1), 26656}};
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  Input input(data, size);
  addrbook::AddressBook book("net", {}, addrbook::BookKey{}, conn::Random::Seed{});
  pex::CrawlLimits limits;
  limits.remembered = kRemembered;
  pex::Crawler crawler(limits);
  conn::TimePoint now{std::chrono::hours(1)};
  addrbook::Time book_now{std::chrono::days(20'000)};
  std::map<conn::Endpoint, conn::TimePoint> visited;
  std::set<conn::NodeId> unavailable;
  while (!input.empty()) {
    const std::uint8_t what = input.byte(), number = input.byte();
    const auto pause = std::chrono::seconds(what >> 3);
    now += pause;
    book_now += pause;
    const conn::NetAddress chosen = address(number);
    switch (what & 7) {
      case 0:
        book.add(chosen, {conn::IpAddress::v4(30, number, 0, 1), {}, addrbook::Origin::pex},
                 book_now);
        crawler.heard();
        break;
      case 1:
        book.mark_connected(chosen, std::chrono::microseconds(10), book_now);
        book.mark_verified(chosen, {}, book_now);
        break;
      case 2:
        book.mark_failed(chosen, {conn::Stage::connect, conn::Reason::connect_timed_out, {}},
                         book_now);
        break;
      case 3:
        book.mark_bad(chosen, p2p::PeerReason::misbehaved, book_now + std::chrono::hours(1),
                      book_now);
        break;
      case 4:
        book.forget(chosen);
        break;
      case 5:
        if (!unavailable.erase(chosen.id)) unavailable.insert(chosen.id);
        break;
      default: {
        const auto next = crawler.next(book, {now, book_now, [&](const auto& known) {
                                                return unavailable.contains(known.address.id);
                                              }});
        if (!next) break;
        const auto* known = book.find(*next);
        require(known != nullptr && known->bad_until <= book_now);
        require(!unavailable.contains(next->id));
        const auto last = visited.find(next->endpoint);
#ifdef PEERAGE_PLANTED_BUG
        const auto least = 2 * limits.pause;
#else
        const auto least = limits.pause;
#endif
        require(last == visited.end() || visited.size() > kRemembered ||
                now - last->second >= least);
        visited[next->endpoint] = now;
        book.mark_attempt(*next, book_now);
        break;
      }
    }
  }
  require(crawler.remembered() <= kRemembered);
  return 0;
}
