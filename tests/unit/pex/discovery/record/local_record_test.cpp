#include "pex/discovery/record/local_record.h"

#include <limits>

#include <gtest/gtest.h>

#include "pex/discovery/record/record_reason.h"
#include "pex/discovery/record/rlp.h"
#include "tests/support/secp256k1_keys.h"

namespace peerage::pex {
namespace {

using conn::Bytes;
using conn::IpAddress;
using conn::TimePoint;
using std::chrono::milliseconds;

constexpr std::uint64_t kLastSeq = std::numeric_limits<std::uint64_t>::max();

TimePoint at(int ms) {
  return TimePoint(milliseconds(ms));
}

Cmt cmt_of(std::vector<std::string> networks) {
  return {conn::NodeId(), std::move(networks), 26656};
}

// An item of `size` bytes, encoded.
Bytes item_of(std::size_t size) {
  return RlpWriter().string(Bytes(size - 1, 0xee)).take();
}

class LocalRecordTest : public testing::Test {
 protected:
  LocalRecord started(std::uint64_t stored = 0, std::int64_t unix_ms = 1'000'000) {
    return LocalRecord(key_, {.stored_seq = stored,
                              .wall_time = conn::WallTime(milliseconds(unix_ms)),
                              .udp_port = 30303});
  }
  // Publishes what is due, stores it, and gives its number; 0 when nothing was.
  static std::uint64_t publish(LocalRecord& record, TimePoint now) {
    const auto seq = record.publish(now);
    if (!seq) return 0;
    record.stored(*seq);
    return *seq;
  }

  conn::Secp256k1Key key_ = test::secp256k1_key(1);
};

// --- sequence numbers ---

TEST_F(LocalRecordTest, BeginsWithTheClocksMillisecondsOrBehindTheStoredNumber) {
  const std::tuple<std::uint64_t, std::int64_t, std::uint64_t> cases[] = {
      {0, 1'000'000, 1'000'000},
      {5, 1'000'000, 1'000'000},
      {999'999, 1'000'000, 1'000'000},
      {1'000'000, 1'000'000, 1'000'001},
      {2'000'000, 1'000'000, 2'000'001},
      {0, 0, 1},     // never 0
      {0, -500, 1},  // a clock before 1970
      {7, -500, 8}};
  for (const auto& [stored, unix_ms, first] : cases) {
    LocalRecord record = started(stored, unix_ms);
    EXPECT_EQ(record.publish(at(0)), first) << stored << " " << unix_ms;
  }
}

TEST_F(LocalRecordTest, CountsOneForEachPublishedChange) {
  LocalRecord record = started();
  EXPECT_EQ(publish(record, at(0)), 1'000'000u);
  for (std::uint8_t i = 1; i < 5; ++i) {
    record.set_ip(IpAddress::v4(1, 2, 3, i), at(i * 10'000));
    EXPECT_EQ(publish(record, at(i * 10'000 + 1000)), 1'000'000u + i);
  }
}

TEST_F(LocalRecordTest, PublishesNothingMoreWhenTheNumbersAreExhausted) {
  LocalRecord last = started(kLastSeq - 1);
  EXPECT_EQ(publish(last, at(0)), kLastSeq);
  last.set_ip(IpAddress::v4(1, 2, 3, 4), at(0));
  EXPECT_EQ(last.due(), std::nullopt);
  EXPECT_EQ(last.publish(at(100'000)), std::nullopt);
  LocalRecord none = started(kLastSeq);
  EXPECT_EQ(none.due(), std::nullopt);
}

// --- stored, then sent ---

TEST_F(LocalRecordTest, IsShownToNobodyBeforeItsNumberIsStored) {
  LocalRecord record = started();
  EXPECT_EQ(record.current(), nullptr);
  const auto first = record.publish(at(0));
  ASSERT_TRUE(first);
  EXPECT_EQ(record.current(), nullptr);
  EXPECT_EQ(record.due(), std::nullopt);
  record.stored(*first + 1);  // another one
  EXPECT_EQ(record.current(), nullptr);
  record.stored(*first);
  ASSERT_TRUE(record.current());
  EXPECT_EQ(record.current()->seq(), *first);

  record.set_ip(IpAddress::v4(1, 2, 3, 4), at(0));
  const auto second = record.publish(at(1000));
  ASSERT_TRUE(second);
  EXPECT_EQ(record.current()->seq(), *first);
  record.stored(*first);  // told late, or twice
  EXPECT_EQ(record.current()->seq(), *first);
  record.stored(*second);
  EXPECT_EQ(record.current()->seq(), *second);
}

TEST_F(LocalRecordTest, PublishesWhatChangedWhileItsNumberWasBeingStoredAfterwards) {
  LocalRecord record = started();
  const auto first = record.publish(at(0));
  record.set_ip(IpAddress::v4(1, 2, 3, 4), at(500));
  EXPECT_EQ(record.due(), std::nullopt);
  EXPECT_EQ(record.publish(at(5000)), std::nullopt);
  record.stored(*first);
  EXPECT_EQ(record.current()->ip4(), std::nullopt);
  EXPECT_EQ(record.due(), at(1500));
  EXPECT_EQ(publish(record, at(1500)), *first + 1);
  EXPECT_EQ(record.current()->ip4(), IpAddress::v4(1, 2, 3, 4));
}

// --- gathering ---

TEST_F(LocalRecordTest, IsPublishedAtOnceWhenItBegins) {
  LocalRecord record = started();
  ASSERT_TRUE(record.due());
  EXPECT_LE(*record.due(), at(-1'000'000));
  record.set_tcp_port(IpFamily::v4, 26656, at(0));
  EXPECT_NE(publish(record, at(0)), 0u);
  EXPECT_TRUE(record.current()->pair("tcp"));
}

TEST_F(LocalRecordTest, PublishesChangesWithinASecondAsOne) {
  LocalRecord record = started();
  const auto first = publish(record, at(0));
  record.set_ip(IpAddress::v4(1, 2, 3, 4), at(10'000));
  record.set_udp_port(IpFamily::v4, 40404, at(10'400));
  record.set_tcp_port(IpFamily::v4, 26656, at(10'999));
  EXPECT_EQ(record.due(), at(11'000));
  EXPECT_EQ(record.publish(at(10'999)), std::nullopt);
  EXPECT_EQ(publish(record, at(11'000)), first + 1);
  EXPECT_EQ(record.current()->udp4()->to_string(), "1.2.3.4:40404");
  EXPECT_EQ(record.current()->tcp4()->to_string(), "1.2.3.4:26656");
  EXPECT_EQ(record.due(), std::nullopt);
}

TEST_F(LocalRecordTest, PublishesNothingForAChangeThatChangesNothingOrIsTakenBack) {
  LocalRecord record = started();
  record.set_ip(IpAddress::v4(1, 2, 3, 4), at(0));
  publish(record, at(0));
  record.set_ip(IpAddress::v4(1, 2, 3, 4), at(10'000));
  record.remove_ip(IpFamily::v6, at(10'000));
  EXPECT_TRUE(record.remove_pair("x", at(10'000)));
  EXPECT_EQ(record.due(), std::nullopt);
  record.set_ip(IpAddress::v4(5, 6, 7, 8), at(10'000));
  EXPECT_EQ(record.due(), at(11'000));
  record.set_ip(IpAddress::v4(1, 2, 3, 4), at(10'500));
  EXPECT_EQ(record.due(), std::nullopt);
  EXPECT_EQ(record.publish(at(12'000)), std::nullopt);
}

// --- what it says ---

TEST_F(LocalRecordTest, SaysTheBoundPortAndNothingThatIsNotKnown) {
  LocalRecord record = started();
  publish(record, at(0));
  const auto pairs = record.current()->pairs();
  EXPECT_EQ(pairs.size(), 3u);
  EXPECT_TRUE(pairs.contains("id") && pairs.contains("secp256k1"));
  EXPECT_EQ(conn::to_hex(pairs.at("udp")), "82765f");
  EXPECT_EQ(record.current()->key(), key_.public_key());
}

TEST_F(LocalRecordTest, ChangesTheAddressOfOneFamilyAndKeepsAllOtherPairs) {
  LocalRecord record = started();
  record.set_ip(IpAddress::v4(1, 2, 3, 4), at(0));
  record.set_ip(*IpAddress::parse("2001:db8::1"), at(0));
  record.set_tcp_port(IpFamily::v4, 26656, at(0));
  ASSERT_TRUE(record.set_cmt(cmt_of({"test-chain"}), at(0)));
  ASSERT_TRUE(record.set_pair("x", test::hex("c20102"), at(0)));
  const auto first = publish(record, at(0));
  auto expected = record.current()->pairs();
  ASSERT_EQ(expected.size(), 8u);

  record.set_ip(IpAddress::v4(5, 6, 7, 8), at(10'000));
  EXPECT_EQ(publish(record, at(20'000)), first + 1);
  expected["ip"] = test::hex("8405060708");
  EXPECT_EQ(record.current()->pairs(), expected);

  record.set_ip(*IpAddress::parse("2001:db8::2"), at(20'000));
  EXPECT_EQ(publish(record, at(30'000)), first + 2);
  expected["ip6"] = test::hex("9020010db8000000000000000000000002");
  EXPECT_EQ(record.current()->pairs(), expected);

  record.remove_ip(IpFamily::v4, at(30'000));
  EXPECT_EQ(publish(record, at(40'000)), first + 3);
  expected.erase("ip");
  EXPECT_EQ(record.current()->pairs(), expected);
}

TEST_F(LocalRecordTest, HasAPortForIpv6OnlyWhereThatIsAnother) {
  LocalRecord record = started();
  record.set_tcp_port(IpFamily::v4, 26656, at(0));
  record.set_tcp_port(IpFamily::v6, 26656, at(0));
  publish(record, at(0));
  EXPECT_FALSE(record.current()->pair("udp6"));
  EXPECT_FALSE(record.current()->pair("tcp6"));
  record.set_udp_port(IpFamily::v6, 40404, at(0));
  record.set_tcp_port(IpFamily::v6, 1, at(0));
  publish(record, at(1000));
  EXPECT_EQ(conn::to_hex(*record.current()->pair("udp6")), "829dd4");
  EXPECT_EQ(conn::to_hex(*record.current()->pair("tcp6")), "01");
  EXPECT_EQ(conn::to_hex(*record.current()->pair("udp")), "82765f");
}

TEST_F(LocalRecordTest, NamesNoCometNodeWithoutATcpPort) {
  LocalRecord record = started();
  ASSERT_TRUE(record.set_cmt(cmt_of({"test-chain"}), at(0)));
  publish(record, at(0));
  EXPECT_FALSE(record.current()->pair("cmt"));
  record.set_tcp_port(IpFamily::v4, 26656, at(0));
  publish(record, at(1000));
  EXPECT_EQ(Cmt::of(*record.current()), cmt_of({"test-chain"}));
  record.set_tcp_port(IpFamily::v4, 0, at(1000));
  publish(record, at(2000));
  EXPECT_FALSE(record.current()->pair("cmt"));
  EXPECT_FALSE(record.current()->pair("tcp"));
}

// --- pairs by command ---

TEST_F(LocalRecordTest, SetsAndRemovesPairsAndCountsOneForEach) {
  LocalRecord record = started();
  const auto first = publish(record, at(0));
  ASSERT_TRUE(record.set_pair("x", test::hex("c20102"), at(0)));
  EXPECT_EQ(publish(record, at(1000)), first + 1);
  EXPECT_EQ(conn::to_hex(*record.current()->pair("x")), "c20102");
  EXPECT_TRUE(record.current()->pair("udp"));
  ASSERT_TRUE(record.remove_pair("x", at(1000)));
  EXPECT_EQ(publish(record, at(2000)), first + 2);
  EXPECT_FALSE(record.current()->pair("x"));
}

TEST_F(LocalRecordTest, RefusesReservedPairsAndWhatIsNotOneItem) {
  LocalRecord record = started();
  publish(record, at(0));
  for (const char* key : {"id", "secp256k1", "ip", "ip6", "udp", "udp6", "tcp", "tcp6", "cmt"}) {
    const auto set = record.set_pair(key, test::hex("80"), at(0));
    ASSERT_FALSE(set) << key;
    EXPECT_EQ(set.error().reason, conn::Reason::invalid_argument);
    EXPECT_FALSE(record.remove_pair(key, at(0))) << key;
  }
  for (const char* value : {"", "8101", "0101", "82ff", "c1", "b800"}) {
    const auto set = record.set_pair("x", test::hex(value), at(0));
    ASSERT_FALSE(set) << value;
    EXPECT_EQ(set.error().reason, RecordReason::record_malformed);
  }
  EXPECT_EQ(record.due(), std::nullopt);
}

TEST_F(LocalRecordTest, HasRoomFor31BytesOfPairsBesideAllThatItMayComeToSay) {
  LocalRecord record = started(kLastSeq - 10);
  ASSERT_TRUE(record.set_cmt(cmt_of({std::string(50, 'n')}), at(0)));
  const auto beyond = record.set_pair("x", item_of(31), at(0));  // with its key 32
  ASSERT_FALSE(beyond);
  EXPECT_EQ(beyond.error().reason, RecordReason::record_too_large);
  EXPECT_EQ(beyond.error().detail,
            "with all addresses and ports it would have 300 bytes, and may have 299");
  ASSERT_TRUE(record.set_pair("x", item_of(30), at(0)));

  record.set_ip(IpAddress::v4(1, 2, 3, 4), at(0));
  record.set_ip(*IpAddress::parse("2001:db8::1"), at(0));
  record.set_udp_port(IpFamily::v6, 40404, at(0));
  record.set_tcp_port(IpFamily::v4, 26656, at(0));
  record.set_tcp_port(IpFamily::v6, 36656, at(0));
  ASSERT_NE(publish(record, at(0)), 0u);
  EXPECT_EQ(record.current()->bytes().size(), kMaxOwnEnrBytes);
  EXPECT_TRUE(Enr::decode(record.current()->bytes()));
}

TEST_F(LocalRecordTest, AfterARefusalSaysWhatItSaidBefore) {
  LocalRecord record = started();
  ASSERT_TRUE(record.set_pair("x", item_of(10), at(0)));
  publish(record, at(0));
  const auto before = record.current()->pairs();
  EXPECT_FALSE(record.set_pair("x", item_of(200), at(0)));
  EXPECT_FALSE(record.set_cmt(cmt_of({}), at(0)));
  EXPECT_EQ(record.due(), std::nullopt);
  record.set_ip(IpAddress::v4(1, 2, 3, 4), at(0));
  publish(record, at(1000));
  auto expected = before;
  expected["ip"] = test::hex("8401020304");
  EXPECT_EQ(record.current()->pairs(), expected);
}

// --- networks ---

TEST_F(LocalRecordTest, NamesAsManyNetworksAsThereIsRoomForAndSaysHowManyItLeftOut) {
  LocalRecord record = started();
  record.set_tcp_port(IpFamily::v4, 26656, at(0));
  std::vector<std::string> networks;
  networks.reserve(20);
  for (int i = 0; i < 20; ++i) networks.push_back("network-" + std::to_string(10 + i));
  const auto left_out = record.set_cmt(cmt_of(networks), at(0));
  ASSERT_TRUE(left_out);
  EXPECT_GT(*left_out, 0u);
  publish(record, at(0));
  networks.resize(networks.size() - *left_out);
  EXPECT_GE(networks.size(), 5u);
  EXPECT_EQ(Cmt::of(*record.current())->networks, networks);
  EXPECT_EQ(record.set_cmt(cmt_of({"one"}), at(0)), 0u);
}

TEST_F(LocalRecordTest, RefusesNetworksThatNoReaderWouldFind) {
  LocalRecord record = started();
  for (const std::string& network :
       {std::string(), std::string(51, 'n'), std::string("caf\xc3\xa9")}) {
    for (const auto& networks : {std::vector{network}, std::vector<std::string>{"good", network}}) {
      const auto set = record.set_cmt(cmt_of(networks), at(0));
      ASSERT_FALSE(set) << network;
      EXPECT_EQ(set.error().reason, conn::Reason::invalid_argument);
    }
  }
}

TEST_F(LocalRecordTest, RefusesACometNodeForWhichPairsByCommandLeaveNoRoom) {
  LocalRecord record = started();
  ASSERT_TRUE(record.set_pair("x", item_of(100), at(0)));
  const auto set = record.set_cmt(cmt_of({std::string(50, 'n')}), at(0));
  ASSERT_FALSE(set);
  EXPECT_EQ(set.error().reason, RecordReason::record_too_large);
}

}  // namespace
}  // namespace peerage::pex
