// Every number of the policy, in one table: what others rely on, or documentation promises, does
// not change unnoticed.
#include "addrbook/book/limits.h"

#include <gtest/gtest.h>

#include "pex/exchange/answer_cache.h"
#include "pex/exchange/messages.h"
#include "pex/exchange/request_guard.h"
#include "pex/exchange/request_pacer.h"
#include "pex/limits/limits.h"
#include "pex/outbound/policy.h"
#include "pex/seed/crawler.h"

namespace peerage::pex {
namespace {

using namespace std::chrono_literals;

TEST(Limits, AreThoseOfTheSpecification) {
  // The wire (comet p2p/pex).
  EXPECT_EQ(kMaxAddresses, 250u);
  EXPECT_EQ(kMaxMessage, 64'000u);
  EXPECT_EQ(kChannel.id, conn::ChannelId{0});
  EXPECT_EQ(kChannel.priority, 1);

  // What we ask: no honest node may have a reason to ban us.
  EXPECT_EQ(kFreeRequests, 2u);
  EXPECT_EQ(kRequestPause, 12s);
  EXPECT_EQ(RequestPacer::kMaxGone, 4096u);

  // What others may ask.
  const RequestLimits node;
  EXPECT_EQ(node.host_burst, 3u);
  EXPECT_EQ(node.host_pause, 10s);
  EXPECT_EQ(node.neighbourhood_burst, 24u);
  EXPECT_EQ(node.neighbourhood_pause, 1s);
  EXPECT_EQ(node.host_reserve, 0u);
  EXPECT_EQ(node.together, 0s);
  EXPECT_EQ(node.flood_burst, 1000u);
  EXPECT_EQ(node.flood_pause, 100ms);
  EXPECT_EQ(node.bad_lists, 3u);
  EXPECT_EQ(node.offences_to_ban, 2u);
  EXPECT_EQ(node.ban, 10min);
  EXPECT_EQ(node.memory, 10min);
  EXPECT_EQ(kSeedRequestLimits.host_burst, 6u);
  EXPECT_EQ(kSeedRequestLimits.host_reserve, 4u);
  EXPECT_EQ(kSeedRequestLimits.together, 2s);
  EXPECT_EQ(kSeedRequestLimits.host_pause, 1min);
  EXPECT_EQ(kSeedRequestLimits.neighbourhood_burst, 16u);
  EXPECT_EQ(kSeedRequestLimits.neighbourhood_pause, 4s);
  EXPECT_EQ(RequestGuard::kMaxHosts, 16'384u);

  // What our answers hold.
  EXPECT_EQ(AnswerCache::kLife, 24h);
  EXPECT_EQ(addrbook::kVerifiedLimit, 24h);
  EXPECT_EQ(addrbook::kServedPerNeighbourhood, 10u);
  EXPECT_EQ(addrbook::kFailuresToHide, 2u);

  // The outbound set.
  const OutboundLimits outbound;
  EXPECT_EQ(outbound.dials_per_second, 2u);
  EXPECT_EQ(outbound.diverse, 5u);
  EXPECT_EQ(outbound.per_group, 2u);
  EXPECT_EQ(outbound.chosen_percent, 60u);
  EXPECT_EQ(outbound.redial, 15s);
  EXPECT_EQ(outbound.redial_cap, 1h);
  EXPECT_EQ(outbound.feeler_pause, 2min);
  EXPECT_EQ(outbound.feelers_per_group, 4u);
  EXPECT_EQ(outbound.seeds.each, 15s);
  EXPECT_EQ(outbound.seeds.retry, 4s);
  EXPECT_EQ(outbound.seeds.cap, 10min);
  EXPECT_EQ(outbound.seeds.between, 15s);
  EXPECT_EQ(outbound.first_seeds, 3u);
  EXPECT_EQ(outbound.seed_second_look, 3s);
  EXPECT_EQ(outbound.ask_pause, 30s);
  EXPECT_EQ(outbound.ask_pause_cap, 16min);
  EXPECT_EQ(OutboundPolicy::kMaxFelt, 4096u);

  // A seed's visits.
  const CrawlLimits crawl;
  EXPECT_EQ(crawl.parallel, 16u);
  EXPECT_EQ(crawl.visit, 5s);
  EXPECT_EQ(crawl.pause, 2min);
  EXPECT_EQ(crawl.remembered, 50'000u);
  EXPECT_EQ(crawl.clients_per_host, 4u);
  EXPECT_EQ(crawl.client_life, 5min);
  EXPECT_EQ(crawl.ask_pause, 2min);
  EXPECT_EQ(crawl.seeds.each, 15s);
  EXPECT_EQ(crawl.seeds.retry, 4s);
  EXPECT_EQ(crawl.seeds.cap, 10min);
  EXPECT_EQ(crawl.seeds.between, 0s);
  EXPECT_EQ(kUnprovenPause, 10min);
  EXPECT_EQ(kProvenPauses, (std::array<std::chrono::seconds, 5>{20min, 30min, 1h, 2h, 4h}));
  EXPECT_EQ(kFailedPause, 5min);
  EXPECT_EQ(kFailedPauseCap, 12h);

  // What follows from misbehaviour and refusals.
  EXPECT_EQ(kMisbehavedRest, 1h);
  EXPECT_EQ(kBannedRest, 1h);
  EXPECT_EQ(kRefusedPause, 15s);
  EXPECT_EQ(kNotePause, 1min);
}

TEST(Limits, AnAddressThatFailsIsVisitedAfterPausesThatDoubleToHalfADay) {
  addrbook::KnownAddress known;
  const std::vector<addrbook::Seconds> expected = {10min,  5min,   10min,  20min, 40min, 80min,
                                                   160min, 320min, 640min, 12h,   12h};
  for (std::uint32_t failures = 0; failures < expected.size(); ++failures) {
    known.failures = failures;
    EXPECT_EQ(Crawler::pause_after(known), expected[failures]) << failures;
  }
}

}  // namespace
}  // namespace peerage::pex
