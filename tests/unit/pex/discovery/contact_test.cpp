#include "pex/discovery/contact.h"

#include <gtest/gtest.h>

#include "tests/support/secp256k1_keys.h"

namespace peerage::pex {
namespace {

using conn::IpAddress;

EnrPtr signed_record(const EnrBuilder& builder) {
  return builder.sign(test::secp256k1_key(1), 7).value();
}

TEST(Contact, OfARecordIsAtItsIpv4EndpointOrElseAtThatOfIpv6) {
  EnrBuilder builder;
  builder.set_ip(*IpAddress::parse("2001:db8::1"))
      .set_number("udp", 30303)
      .set_number("tcp", 26656)
      .set_number("tcp6", 36656);
  const auto v6 = signed_record(builder);
  const auto contact = Contact::of(v6);
  ASSERT_TRUE(contact);
  EXPECT_EQ(contact->udp.to_string(), "[2001:db8::1]:30303");
  EXPECT_EQ(contact->tcp, 36656);
  const auto both = Contact::of(signed_record(builder.set_ip(IpAddress::v4(1, 2, 3, 4))));
  ASSERT_TRUE(both);
  EXPECT_EQ(both->udp.to_string(), "1.2.3.4:30303");
  EXPECT_EQ(both->tcp, 26656);
}

TEST(Contact, OfARecordHasItsNamesAndItsSequenceNumber) {
  const auto record =
      signed_record(EnrBuilder().set_ip(IpAddress::v4(1, 2, 3, 4)).set_number("udp", 30303));
  const auto contact = Contact::of(record);
  ASSERT_TRUE(contact);
  EXPECT_EQ(contact->id, EnodeId::of(test::secp256k1_key(1).public_key()));
  EXPECT_EQ(contact->key, test::secp256k1_key(1).public_key());
  EXPECT_EQ(contact->record, record);
  EXPECT_EQ(contact->seq(), 7u);
  EXPECT_EQ(contact->tcp, 0);
}

TEST(Contact, OfARecordWithoutEndpointIsNone) {
  EXPECT_FALSE(Contact::of(nullptr));
  EXPECT_FALSE(Contact::of(signed_record(EnrBuilder())));
  EXPECT_FALSE(Contact::of(signed_record(EnrBuilder().set_ip(IpAddress::v4(1, 2, 3, 4)))));
  EXPECT_FALSE(Contact::of(signed_record(EnrBuilder().set_number("udp", 30303))));
}

TEST(Contact, OfAnEndpointHasNoRecord) {
  const auto key = test::secp256k1_key(2).public_key();
  const auto contact = Contact::at(key, {IpAddress::v4(1, 2, 3, 4), 30303}, 26656);
  EXPECT_EQ(contact.id, EnodeId::of(key));
  EXPECT_EQ(contact.udp.to_string(), "1.2.3.4:30303");
  EXPECT_EQ(contact.tcp, 26656);
  EXPECT_EQ(contact.record, nullptr);
  EXPECT_EQ(contact.seq(), 0u);
}

TEST(Contact, SaysHowItWasHeardOfInAWord) {
  EXPECT_EQ(name(HeardBy::boot), "boot");
  EXPECT_EQ(name(HeardBy::disk), "disk");
  EXPECT_EQ(name(Protocol::v4), "discv4");
  EXPECT_EQ(name(Protocol::v5), "discv5");
}

}  // namespace
}  // namespace peerage::pex
