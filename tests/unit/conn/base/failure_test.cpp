#include "conn/base/failure.h"

#include <set>
#include <string>

#include <gtest/gtest.h>

namespace peerage::conn {
namespace {

TEST(Failure, EveryStageHasANameOfItsOwn) {
  std::set<std::string_view> names;
  for (std::size_t i = 0; i < kStageCount; ++i) {
    EXPECT_FALSE(name(static_cast<Stage>(i)).empty()) << i;
    names.insert(name(static_cast<Stage>(i)));
  }
  EXPECT_EQ(names.size(), kStageCount);
}

TEST(Failure, PublishedNamesOfStagesAreTheEnumeratorsOwnSpelling) {
  EXPECT_EQ(name(Stage::configuration), "configuration");
  EXPECT_EQ(name(Stage::key_exchange), "key_exchange");
  EXPECT_EQ(name(Stage::node_info), "node_info");
  EXPECT_EQ(name(Stage::established), "established");
}

TEST(Failure, TextNamesTheStageTheExplanationAndTheDetail) {
  const Failure failure{Stage::authentication, Reason::wrong_id, "got 12ab"};
  EXPECT_EQ(failure.text(),
            "authentication: " + std::string(explain(Reason::wrong_id)) + " (got 12ab)");
}

TEST(Failure, TextWithoutDetailHasNoBrackets) {
  const Failure failure{Stage::connect, Reason::connection_refused, ""};
  EXPECT_EQ(failure.text(), "connect: " + std::string(explain(Reason::connection_refused)));
}

TEST(Failure, FailMakesAResultWithoutAValue) {
  const Result<int> result = fail(Stage::resolve, Reason::name_not_found, "example.invalid");
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().stage, Stage::resolve);
  EXPECT_EQ(result.error().reason, Reason::name_not_found);
  EXPECT_EQ(result.error().detail, "example.invalid");
}

}  // namespace
}  // namespace peerage::conn
