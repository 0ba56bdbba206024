#include "cmd/node/refusal_figures.h"

#include <string>

#include <gtest/gtest.h>

#include "p2p/base/peer_reason.h"

namespace peerage::cmd {
namespace {

using p2p::Counter;
using p2p::PeerReason;

struct RefusalFiguresTest : testing::Test {
  p2p::Counters counters;
  RefusalFigures figures;

  void refuse(conn::Reason reason, int times) {
    for (int i = 0; i < times; ++i) counters.add_refusal(reason);
  }
  std::string since_last() {
    std::string text;
    for (const conn::LogField& field : figures.since_last(counters)) {
      text +=
          std::string(text.empty() ? "" : " ") + std::string(field.key) + "=" + field.value.text();
    }
    return text;
  }
};

TEST_F(RefusalFiguresTest, NothingIsSaidWhereNothingWasRefused) {
  EXPECT_EQ(since_last(), "");
}

TEST_F(RefusalFiguresTest, ThoseSinceTheLastTimeAreCountedAndTheCommonestReasonIsNamed) {
  refuse(PeerReason::connection_rate_exceeded, 5);
  refuse(conn::Reason::wrong_network, 3);
  EXPECT_EQ(since_last(), "refused=8 mostly=connection_rate_exceeded");
  EXPECT_EQ(since_last(), "");
  refuse(conn::Reason::wrong_network, 1);
  EXPECT_EQ(since_last(), "refused=1 mostly=wrong_network") << "of this interval, not of all";
}

TEST_F(RefusalFiguresTest, OfReasonsWithAsManyTheFirstByNameIsNamed) {
  refuse(conn::Reason::speaks_http, 2);
  refuse(PeerReason::banned, 2);
  EXPECT_EQ(since_last(), "refused=4 mostly=banned");
}

TEST_F(RefusalFiguresTest, ProbesAreCountedApart) {
  counters.add(Counter::probes, 60);
  EXPECT_EQ(since_last(), "probes=60");
  counters.add(Counter::probes);
  refuse(conn::Reason::silent, 1);
  EXPECT_EQ(since_last(), "refused=1 mostly=silent probes=1");
}

}  // namespace
}  // namespace peerage::cmd
