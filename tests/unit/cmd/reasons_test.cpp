// The reasons of all modules, as the program has them.
#include <gtest/gtest.h>

#include "addrbook/record/book_reason.h"
#include "p2p/base/peer_reason.h"
#include "pex/discovery/record/record_reason.h"
#include "tests/support/reason_rules.h"

namespace peerage {
namespace {

TEST(Reasons, OfAllModulesHaveNamesOfTheirOwnAndExplanations) {
  const auto names = test::expect_reasons_well_said();
  for (const conn::Reason of_each :
       {conn::Reason(conn::Reason::wrong_id), conn::Reason(p2p::PeerReason::network_unknown),
        conn::Reason(addrbook::BookReason::book_newer),
        conn::Reason(pex::RecordReason::record_malformed)}) {
    EXPECT_TRUE(names.contains(name(of_each))) << name(of_each);
  }
}

TEST(Reasons, OfEachModuleAreFoundByTheirPublishedNames) {
  EXPECT_EQ(conn::reason_named("no_free_slot"), conn::Reason(p2p::PeerReason::no_free_slot));
  EXPECT_EQ(conn::reason_named("message_malformed"),
            conn::Reason(p2p::PeerReason::message_malformed));
  EXPECT_EQ(conn::reason_named("book_in_use"), conn::Reason(addrbook::BookReason::book_in_use));
}

}  // namespace
}  // namespace peerage
