#include "conn/base/failure.h"

#include <cctype>
#include <set>
#include <string>

#include <gtest/gtest.h>

namespace peerage::conn {
namespace {

bool is_identifier(std::string_view text) {
  for (const char c : text) {
    if (c != '_' && !std::islower(static_cast<unsigned char>(c))) return false;
  }
  return !text.empty();
}

// What an operator reads: one sentence in the middle of a line, without a full stop of its own.
void expect_sentence(std::string_view text, std::string_view of) {
  EXPECT_FALSE(text.ends_with('.')) << of;
  EXPECT_FALSE(text.starts_with(' ') || text.ends_with(' ')) << of;
  EXPECT_EQ(text.find("  "), std::string_view::npos) << of;
  for (const char c : text) EXPECT_TRUE(c >= 0x20 && c < 0x7f) << of;
}

TEST(Failure, EveryReasonHasANameOfItsOwn) {
  std::set<std::string_view> names;
  for (std::size_t i = 0; i < kReasonCount; ++i) {
    const auto reason = static_cast<Reason>(i);
    EXPECT_TRUE(is_identifier(name(reason))) << i;
    EXPECT_TRUE(names.insert(name(reason)).second) << name(reason);
  }
  EXPECT_EQ(names.size(), kReasonCount);
}

TEST(Failure, EveryReasonIsExplained) {
  std::set<std::string_view> explanations;
  for (std::size_t i = 0; i < kReasonCount; ++i) {
    const auto reason = static_cast<Reason>(i);
    EXPECT_FALSE(explain(reason).empty()) << name(reason);
    EXPECT_TRUE(explanations.insert(explain(reason)).second) << name(reason);
    expect_sentence(explain(reason), name(reason));
    expect_sentence(hint(reason), name(reason));
    EXPECT_NE(explain(reason), hint(reason)) << name(reason);
  }
}

TEST(Failure, EveryStageHasANameOfItsOwn) {
  std::set<std::string_view> names;
  for (std::size_t i = 0; i < kStageCount; ++i) {
    EXPECT_TRUE(is_identifier(name(static_cast<Stage>(i)))) << i;
    names.insert(name(static_cast<Stage>(i)));
  }
  EXPECT_EQ(names.size(), kStageCount);
}

// Logs, metrics and stored rows carry these: one from each part of the enumeration.
TEST(Failure, PublishedNamesAreTheEnumeratorsOwnSpelling) {
  EXPECT_EQ(name(Reason::invalid_argument), "invalid_argument");
  EXPECT_EQ(name(Reason::key_type_unsupported), "key_type_unsupported");
  EXPECT_EQ(name(Reason::book_in_use), "book_in_use");
  EXPECT_EQ(name(Reason::name_lookup_timed_out), "name_lookup_timed_out");
  EXPECT_EQ(name(Reason::io_error), "io_error");
  EXPECT_EQ(name(Reason::speaks_http), "speaks_http");
  EXPECT_EQ(name(Reason::wrong_id), "wrong_id");
  EXPECT_EQ(name(Reason::closed_after_authentication), "closed_after_authentication");
  EXPECT_EQ(name(Reason::wrong_network), "wrong_network");
  EXPECT_EQ(name(Reason::pong_timed_out), "pong_timed_out");
  EXPECT_EQ(name(Reason::internal_error), "internal_error");
  EXPECT_EQ(name(Stage::configuration), "configuration");
  EXPECT_EQ(name(Stage::key_exchange), "key_exchange");
  EXPECT_EQ(name(Stage::node_info), "node_info");
  EXPECT_EQ(name(Stage::established), "established");
}

TEST(Failure, ARefusalAfterAuthenticationPointsToTheUsualCauses) {
  EXPECT_NE(explain(Reason::closed_after_authentication).find("proved its ID"),
            std::string_view::npos);
  EXPECT_NE(hint(Reason::closed_after_authentication).find("unconditional_peer_ids"),
            std::string_view::npos);
}

TEST(Failure, AWebServerPointsToTheP2pPort) {
  EXPECT_NE(hint(Reason::speaks_http).find("26656"), std::string_view::npos);
  EXPECT_NE(hint(Reason::speaks_http).find("26657"), std::string_view::npos);
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
