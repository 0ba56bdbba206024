#include "conn/comet/transcript.h"

#include <gtest/gtest.h>

namespace peerage::conn {
namespace {

std::string challenge_of(Transcript& transcript, std::string_view label, std::size_t size) {
  Bytes challenge(size);
  transcript.extract(label, challenge);
  return to_hex(challenge);
}

TEST(Transcript, GivesThePublishedKnownAnswerOfMerlin) {
  Transcript transcript("test protocol");
  transcript.append("some label", as_bytes("some data"));
  EXPECT_EQ(challenge_of(transcript, "challenge", 32),
            "d5a21972d0d5fe320c0d263fac7fffb8145aa640af6e9bca177c03c7efcf0615");
}

TEST(Transcript, LongDataSpansBlocksOfTheSponge) {
  Transcript whole("t");
  whole.append("data", Bytes(1000, 7));
  Transcript other("t");
  other.append("data", Bytes(1001, 7));
  const std::string first = challenge_of(whole, "c", 400);
  EXPECT_EQ(first.size(), 800u);
  EXPECT_NE(first, challenge_of(other, "c", 400));
}

TEST(Transcript, LabelsDataAndOrderAllCount) {
  const auto of = [](std::string_view label, std::string_view first, std::string_view second) {
    Transcript transcript("t");
    transcript.append(label, as_bytes(first));
    transcript.append("b", as_bytes(second));
    return challenge_of(transcript, "c", 32);
  };
  EXPECT_EQ(of("a", "x", "y"), of("a", "x", "y"));
  EXPECT_NE(of("a", "x", "y"), of("A", "x", "y"));
  EXPECT_NE(of("a", "x", "y"), of("a", "y", "x"));
  EXPECT_NE(of("a", "x", "y"), of("a", "xy", ""));
}

}  // namespace
}  // namespace peerage::conn
