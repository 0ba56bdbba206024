// What records do to the nodes of the table. IDs are those of real keys here: records are signed.
#include "tests/support/addresses.h"
#include "tests/unit/pex/discovery/table_fixture.h"

namespace peerage::pex {
namespace {

using Record = NodeTable::Record;

class TableRecordTest : public TableTest {
 protected:
  static const conn::Secp256k1Key& key() {
    static const conn::Secp256k1Key kKey = [] {
      conn::Secret<32> secret;
      secret.writable()[31] = 7;
      return std::move(*conn::Secp256k1Key::from_secret(secret));
    }();
    return kKey;
  }
  static EnrPtr record(std::uint64_t seq, const char* ip, std::uint16_t udp = 30303,
                       std::uint16_t tcp = 26656) {
    EnrBuilder builder;
    if (ip != nullptr) {
      builder.set_ip(test::ip(ip)).set_number("udp", udp).set_number("tcp", tcp);
    }
    return builder.sign(key(), seq).value();
  }
  // Its node, live, known from v4 alone.
  void put_live() {
    node = Contact::at(key().public_key(), {test::ip("5.6.7.8"), 30303}, 0);
    ASSERT_EQ(offer(node), Offered::added);
    ASSERT_EQ(answers(node), Live::became);
  }
  const TableNode& held() const { return *table.find(node.id); }
  Contact node = Contact::at(key().public_key(), {test::ip("5.6.7.8"), 30303}, 0);
};

TEST_F(TableRecordTest, ARecordOfTheSameEndpointIsTakenAndTheNodeStaysLive) {
  put_live();
  EXPECT_EQ(table.on_record(record(5, "5.6.7.8")), Record::taken);
  EXPECT_EQ(held().contact.seq(), 5u);
  EXPECT_EQ(held().contact.tcp, 26656);
  EXPECT_TRUE(held().live());
}

TEST_F(TableRecordTest, ARecordReplacesAnotherOnlyIfItsSequenceIsHigherWhoeverBringsIt) {
  put_live();
  table.on_record(record(5, "5.6.7.8"));
  EXPECT_EQ(table.on_record(record(4, "5.6.9.9")), Record::older);
  EXPECT_EQ(table.on_record(record(5, "5.6.7.8")), Record::older);
  EXPECT_EQ(offer(*Contact::of(record(4, "5.6.9.9"))), Offered::known);
  EXPECT_EQ(held().contact.udp, node.udp);
  EXPECT_EQ(offer(*Contact::of(record(6, "5.6.7.8", 30303, 1000))), Offered::known);
  EXPECT_EQ(held().contact.seq(), 6u);
  EXPECT_EQ(held().contact.tcp, 1000);
}

TEST_F(TableRecordTest, OfTwoRecordsOfOneSequenceTheFirstStays) {
  put_live();
  table.on_record(record(5, "5.6.7.8"));
  EXPECT_EQ(table.on_record(record(5, "5.6.9.9")), Record::conflicting);
  EXPECT_EQ(held().contact.udp, node.udp);
}

TEST_F(TableRecordTest, ANewEndpointIsNotLiveBeforeItHasAnswered) {
  put_live();
  EXPECT_EQ(offer(*Contact::of(record(5, "5.9.9.9"))), Offered::moved);
  EXPECT_EQ(held().contact.udp.ip, test::ip("5.9.9.9"));
  EXPECT_FALSE(held().live());
  EXPECT_TRUE(table.closest(node.id, 16).empty());
  EXPECT_EQ(table.next_to_revalidate(Protocol::v4, now), &held());
  EXPECT_EQ(misses(node), Missed::absent) << "the old endpoint is no matter any more";
}

TEST_F(TableRecordTest, ARecordWithoutAnEndpointMovesNobody) {
  put_live();
  EXPECT_EQ(table.on_record(record(5, nullptr)), Record::taken);
  EXPECT_EQ(table.on_record(record(6, "5.6.7.9", 80)), Record::taken) << "nor one of no use";
  EXPECT_EQ(held().contact.udp, node.udp);
  EXPECT_TRUE(held().live());
}

TEST_F(TableRecordTest, ANodeStaysAtTheFamilyWhereItIsWhenItsRecordNamesBoth) {
  const conn::Endpoint v6 = conn::Endpoint::parse("[2a00:1::1]:30303").value();
  node.udp = v6;
  offer(node);
  answers(node);
  EnrBuilder builder;
  builder.set_ip(test::ip("5.6.7.8")).set_ip(v6.ip).set_number("udp", 30303);
  builder.set_number("tcp", 1000).set_number("tcp6", 2000);
  EXPECT_EQ(table.on_record(builder.sign(key(), 5).value()), Record::taken);
  EXPECT_EQ(held().contact.udp, v6);
  EXPECT_EQ(held().contact.tcp, 2000);
  EXPECT_TRUE(held().live());
}

TEST_F(TableRecordTest, WhoseRecordNamesAFullNetworkLeaves) {
  put_live();
  const unsigned distance = log_distance(own, node.id);
  for (std::uint64_t i = 1; i <= 2; ++i) {
    offer(test::contact(test::enode_id_at(own, distance, i), "5.9.9.1:30303"));
  }
  EXPECT_EQ(table.on_record(record(5, "5.9.9.9")), Record::no_room);
  EXPECT_EQ(table.find_any(node.id), nullptr);
}

TEST_F(TableRecordTest, ARecordOfAStrangerIsNotKept) {
  EXPECT_EQ(table.on_record(record(5, "5.6.7.8")), Record::absent);
  EXPECT_EQ(table.counts().entries, 0u);
}

TEST_F(TableRecordTest, AReplacementsRecordIsTakenToo) {
  const unsigned distance = log_distance(own, node.id);
  for (std::uint32_t i = 1; i <= 16; ++i) {
    offer(test::contact(test::enode_id_at(own, distance, i), test::public_endpoint(i)));
  }
  EXPECT_EQ(offer(node), Offered::replacement);
  EXPECT_EQ(table.on_record(record(5, "5.9.9.9")), Record::moved);
  EXPECT_EQ(table.find_any(node.id)->contact.udp.ip, test::ip("5.9.9.9"));
}

}  // namespace
}  // namespace peerage::pex
