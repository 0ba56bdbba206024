#include "pex/discovery/record/verified_records.h"

#include <gtest/gtest.h>

#include "pex/discovery/record/record_reason.h"
#include "tests/support/secp256k1_keys.h"

namespace peerage::pex {
namespace {

conn::Bytes record(std::uint64_t seq) {
  const EnrPtr made = EnrBuilder().sign(test::secp256k1_key(1), seq).value();
  return {made->bytes().begin(), made->bytes().end()};
}

TEST(VerifiedRecords, LookAtTheSignatureOfARecordOnce) {
  VerifiedRecords records(10);
  const auto first = records.decode(record(1));
  ASSERT_TRUE(first);
  const auto again = records.decode(record(1));
  ASSERT_TRUE(again);
  EXPECT_EQ(*first, *again);  // the very same
  EXPECT_EQ(records.checked(), 1u);
  EXPECT_EQ(records.remembered(), 1u);
}

TEST(VerifiedRecords, DoNotRememberWhatIsRefused) {
  VerifiedRecords records(10);
  auto wrong = record(1);
  wrong[20] ^= 1;
  for (int i = 0; i < 3; ++i) {
    const auto refused = records.decode(wrong);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().reason, RecordReason::record_malformed);
  }
  EXPECT_EQ(records.size(), 0u);
  EXPECT_EQ(records.checked(), 3u);
}

TEST(VerifiedRecords, TakeARecordThatDiffersInOneBitForAnother) {
  VerifiedRecords records(10);
  ASSERT_TRUE(records.decode(record(1)));
  auto wrong = record(1);
  wrong.back() ^= 1;
  EXPECT_FALSE(records.decode(wrong));
}

TEST(VerifiedRecords, ForgetTheOneThatWasLongestUnused) {
  VerifiedRecords records(3);
  for (const std::uint64_t seq : {1, 2, 3}) ASSERT_TRUE(records.decode(record(seq)));
  ASSERT_TRUE(records.decode(record(1)));  // used again
  ASSERT_TRUE(records.decode(record(4)));  // 2 goes
  EXPECT_EQ(records.size(), 3u);
  EXPECT_EQ(records.checked(), 4u);
  ASSERT_TRUE(records.decode(record(1)));
  EXPECT_EQ(records.checked(), 4u);
  ASSERT_TRUE(records.decode(record(2)));
  EXPECT_EQ(records.checked(), 5u);
}

TEST(VerifiedRecords, RefuseWhatIsTooLargeBeforeTheyHashIt) {
  VerifiedRecords records(3);
  EXPECT_FALSE(records.decode(conn::Bytes(kMaxEnrBytes + 1)));
  EXPECT_EQ(records.checked(), 0u);
}

}  // namespace
}  // namespace peerage::pex
