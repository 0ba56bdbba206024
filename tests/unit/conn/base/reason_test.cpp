#include "conn/base/reason.h"

#include <string>

#include <gtest/gtest.h>

#include "tests/support/reason_rules.h"

// A module of reasons, as an engine has one.
namespace engine {

enum class BlockReason { too_old, from_the_future };
constexpr auto kTexts = peerage::conn::reason_texts<BlockReason>({
    {BlockReason::too_old, {"block_too_old", "the block is of a height that is committed", ""}},
    {BlockReason::from_the_future,
     {"block_from_the_future", "the block is far ahead of us", "catch up first"}},
});
const peerage::conn::ReasonModule kModule{kTexts};
const peerage::conn::ReasonText& reason_text(BlockReason reason) noexcept {
  return kTexts[static_cast<std::size_t>(reason)];
}

}  // namespace engine

namespace peerage::conn {
namespace {

TEST(Reason, EachOfAnyModuleHasANameOfItsOwnAndAnExplanation) {
  const auto names = test::expect_reasons_well_said();
  EXPECT_TRUE(names.contains("wrong_id") && names.contains("block_too_old"));
}

TEST(Reason, IsFoundByItsNameWhateverModuleItIsOf) {
  EXPECT_EQ(reason_named("wrong_id"), Reason(Reason::wrong_id));
  EXPECT_EQ(reason_named("block_from_the_future"), Reason(engine::BlockReason::from_the_future));
  for (const char* unknown : {"", "wrong", "WRONG_ID", "wrong_id "}) {
    EXPECT_FALSE(reason_named(unknown)) << unknown;
  }
}

TEST(Reason, OfAnEngineIsLikeOneOfOurs) {
  const Reason reason = engine::BlockReason::from_the_future;
  EXPECT_EQ(name(reason), "block_from_the_future");
  EXPECT_EQ(explain(reason), "the block is far ahead of us");
  EXPECT_EQ(hint(reason), "catch up first");
  EXPECT_EQ(reason, engine::BlockReason::from_the_future);
  EXPECT_NE(reason, Reason::wrong_id);
  EXPECT_LT(reason, Reason(Reason::wrong_id)) << "by name";
}

// Logs, metrics and stored rows carry these: one from each part of the enumeration.
TEST(Reason, PublishedNamesAreTheEnumeratorsOwnSpelling) {
  EXPECT_EQ(name(Reason::invalid_argument), "invalid_argument");
  EXPECT_EQ(name(Reason::key_type_unsupported), "key_type_unsupported");
  EXPECT_EQ(name(Reason::name_lookup_timed_out), "name_lookup_timed_out");
  EXPECT_EQ(name(Reason::io_error), "io_error");
  EXPECT_EQ(name(Reason::speaks_http), "speaks_http");
  EXPECT_EQ(name(Reason::wrong_id), "wrong_id");
  EXPECT_EQ(name(Reason::closed_after_authentication), "closed_after_authentication");
  EXPECT_EQ(name(Reason::wrong_network), "wrong_network");
  EXPECT_EQ(name(Reason::pong_timed_out), "pong_timed_out");
  EXPECT_EQ(name(Reason::internal_error), "internal_error");
}

TEST(Reason, ARefusalAfterAuthenticationPointsToTheUsualCauses) {
  EXPECT_NE(explain(Reason::closed_after_authentication).find("proved its ID"),
            std::string_view::npos);
  EXPECT_NE(hint(Reason::closed_after_authentication).find("unconditional_peer_ids"),
            std::string_view::npos);
}

TEST(Reason, AWebServerPointsToTheP2pPort) {
  EXPECT_NE(hint(Reason::speaks_http).find("26656"), std::string_view::npos);
  EXPECT_NE(hint(Reason::speaks_http).find("26657"), std::string_view::npos);
}

}  // namespace
}  // namespace peerage::conn
