// What enters the book: what a peer could have, and within the caps.
#include "addrbook/book/address_book.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "tests/support/book_fixture.h"
#include "tests/support/vectors.h"

namespace peerage::addrbook {
namespace {

using conn::IpAddress;
using conn::NetAddress;
using test::address;
using test::BookTest;
using test::ip;
using test::numbered_id;
using test::scattered;
using namespace std::chrono_literals;

class AddressBookTest : public BookTest {};

class LaxBook : public BookTest {
 protected:
  LaxBook() : BookTest(lax()) {}
};

// --- what enters ---

TEST_F(AddressBookTest, RecordedDecisionsOfARealNodeAreOursToo) {
  const auto cases = test::load_vectors("addrbook")["add_address"];
  ASSERT_EQ(cases.size(), 30u);
  for (const auto& each : cases) {
    SCOPED_TRACE(each["name"].get<std::string>());
    const auto what = NetAddress::parse(each["addr"].get<std::string>());
    const auto source = NetAddress::parse(each["src"].get<std::string>());
    // The ban list handles banned IDs; a source always has a socket.
    if (!what || !source || each["name"] == "banned") continue;
    BookConfig config = roomy();
    config.strict = each["strict"] ? IpAddress::Strict::yes : IpAddress::Strict::no;
    AddressBook own("n", conn::NodeId::parse("17b1f6c577806cad160cd213e0975e6845cc4876").value(),
                    test::book_key(), test::seed(), config);
    own.add_own({ip("1.1.1.1"), 26656});
    own.set_private_ids({conn::NodeId::parse("b8de92e16360b0fcba93d84600c3de6b81199b2f").value()});
    const Added outcome = own.add(*what, {source->endpoint.ip, source->id, Origin::pex}, now);
    if (each["name"] == "our id with another ip (accepted: ourAddrs compares the full string)") {
      EXPECT_EQ(outcome, Added::own);  // where the Go node's comment says it should be so
    } else {
      EXPECT_EQ(outcome == Added::added, each["error"].is_null()) << name(outcome);
    }
  }
}

TEST_F(AddressBookTest, WhatNoPeerCouldHaveNeverEnters) {
  EXPECT_EQ(hear(address(0, "8.8.8.8")), Added::own);
  EXPECT_EQ(hear({{}, {ip("8.8.8.8"), 26656}}), Added::invalid);
  EXPECT_EQ(hear(address(1, "8.8.8.8", 0)), Added::invalid);
  for (const char* text :
       {"0.0.0.0", "::", "224.0.0.1", "239.1.2.3", "ff02::1", "240.0.0.1", "255.255.255.255",
        "192.0.2.1", "198.51.100.1", "203.0.113.1", "2001:db8::1"}) {
    EXPECT_EQ(hear(address(1, text)), Added::invalid) << text;
  }
  for (const char* text : {"3fff::9", "64:ff9b::e000:1", "2002:c000:201::1", "::255.1.2.3"}) {
    EXPECT_EQ(hear(address(1, text)), Added::invalid) << text;
  }
  for (const char* text : {"10.0.0.1", "172.16.0.1", "192.168.0.1", "127.0.0.1", "169.254.1.1",
                           "100.64.0.1", "198.18.0.1", "192.0.0.8", "::1", "fe80::1", "fd00::1"}) {
    EXPECT_EQ(hear(address(1, text)), Added::unroutable) << text;
  }
  for (const char* text : {"64:ff9b::a00:5", "64:ff9b::7f00:1", "64:ff9b:1::a00:5", "2002:a00:5::1",
                           "100::5", "2001:2::9", "fec0::5", "5f00::1", "192.88.99.1"}) {
    EXPECT_EQ(hear(address(1, text)), Added::unroutable) << text;
  }
  EXPECT_EQ(book.size(), 0u);
}

TEST_F(AddressBookTest, WhateverTellsOfAnAddressItIsKeptOnlyIfTheInternetRoutesIt) {
  for (const Origin origin :
       {Origin::pex, Origin::inbound, Origin::import, Origin::configuration}) {
    for (const char* text :
         {"64:ff9b::c0a8:101", "2002:c0a8:101::1", "2001:0:808:808::f5ff:fffe", "::ffff:0:a00:1",
          "::a00:1", "100:0:0:1::1", "2001:10::1", "fe80::1", "4000::1", "192.0.0.1"}) {
      // As of itself, from its own socket, and as hearsay.
      for (const char* from : {text, "66.1.0.1"}) {
        const NetAddress each = address(1, text);
        EXPECT_EQ(book.add(each, {ip(from), each.id, origin}, now), Added::unroutable) << text;
      }
    }
  }
  std::uint32_t number = 10;
  for (const char* text : {"8.8.8.8", "2600::9", "192.0.0.9", "192.31.196.9", "2001:20::9",
                           "64:ff9b::101:101", "2002:101:101::1"}) {
    EXPECT_EQ(hear(address(++number, text)), Added::added) << text;
  }
}

TEST_F(LaxBook, TakesPrivateAddressesAndStillNoImpossibleOnes) {
  for (const char* text : {"10.0.0.1", "127.0.0.1", "100.64.0.1", "::1", "fd00::1"}) {
    EXPECT_EQ(hear(address(1000, text)), Added::added) << text;
    book.forget(numbered_id(1000));
  }
  for (const char* text : {"0.0.0.0", "224.0.0.1", "203.0.113.1", "255.255.255.255"}) {
    EXPECT_EQ(hear(address(1, text)), Added::invalid) << text;
  }
}

TEST_F(AddressBookTest, OurOwnAddressesLeaveAndNeverComeBack) {
  const NetAddress ours = address(1, "8.8.8.8");
  EXPECT_EQ(hear(ours), Added::added);
  book.add_own(ours.endpoint);
  EXPECT_EQ(book.size(), 0u);
  EXPECT_EQ(hear(ours), Added::own);
  EXPECT_EQ(hear(address(2, "8.8.8.8", 26657)), Added::added);
}

TEST_F(AddressBookTest, OurOwnAddressesAreOursAlsoWithinOthers) {
  ASSERT_EQ(hear(address(1, "64:ff9b::808:404")), Added::added);
  book.add_own({ip("8.8.4.4"), 26656});
  EXPECT_EQ(book.size(), 0u);
  for (const char* text : {"64:ff9b::808:404", "2002:808:404::1", "::ffff:8.8.4.4"}) {
    EXPECT_EQ(hear(address(2, text)), Added::own) << text;
  }
  EXPECT_EQ(hear(address(2, "64:ff9b::808:404", 1)), Added::added) << "at another port";
}

TEST_F(AddressBookTest, TheNumberOfOurOwnAddressesIsBounded) {
  for (std::uint16_t i = 0; i < 100; ++i)
    book.add_own({ip("8.8.4.4"), static_cast<std::uint16_t>(1 + i)});
  EXPECT_EQ(hear(address(1, "8.8.4.4", kMaxOwnAddresses)), Added::own);
  EXPECT_EQ(hear(address(1, "8.8.4.4", kMaxOwnAddresses + 1)), Added::added);
}

TEST_F(AddressBookTest, PrivateIdsNeitherEnterNorAddOthersNorStay) {
  EXPECT_EQ(hear(address(7, "8.8.8.8")), Added::added);
  book.set_private_ids({numbered_id(7)});
  EXPECT_EQ(book.size(), 0u);
  EXPECT_EQ(hear(address(7, "8.8.8.8")), Added::private_id);
  EXPECT_EQ(book.add(address(8, "8.8.8.8"), {ip("5.5.5.5"), numbered_id(7), Origin::pex}, now),
            Added::private_id);
  EXPECT_TRUE(book.selection(now).empty());
}

class BookWithPrivateIds : public BookTest {
 protected:
  static BookConfig keeping_quiet() {
    BookConfig config = roomy();
    config.private_ids = {numbered_id(7)};
    return config;
  }
  BookWithPrivateIds() : BookTest(keeping_quiet()) {}
};

TEST_F(BookWithPrivateIds, ConfiguredIdsCountUntilOthersReplaceThem) {
  EXPECT_EQ(hear(address(7, "8.8.8.8")), Added::private_id);
  book.set_private_ids({numbered_id(8)});
  EXPECT_EQ(hear(address(8, "8.8.8.8")), Added::private_id);
  EXPECT_EQ(hear(address(7, "8.8.8.8")), Added::added);
}

TEST_F(AddressBookTest, HearingOfAnAddressAgainChangesNothingButWhenItWasSeen) {
  hear(address(1, "8.8.8.8"), "77.1.2.3");
  const Time first = now;
  now += 1h;
  EXPECT_EQ(hear(address(1, "8.8.8.8"), "88.1.2.3"), Added::known);
  const KnownAddress* known = book.find(address(1, "8.8.8.8"));
  ASSERT_TRUE(known);
  EXPECT_EQ(known->source, ip("77.1.2.3"));
  EXPECT_EQ(known->first_seen, first);
  EXPECT_EQ(known->last_seen, now);
  EXPECT_EQ(book.size(), 1u);
}

// --- caps ---

TEST_F(AddressBookTest, AtMostTwoAddressesOfAHostAndEightOfANeighbourhood) {
  EXPECT_EQ(hear(address(1, "5.6.7.1", 1)), Added::added);
  EXPECT_EQ(hear(address(2, "5.6.7.1", 2)), Added::added);
  EXPECT_EQ(hear(address(3, "5.6.7.1", 3)), Added::too_many_for_host);
  for (std::uint32_t i = 2; i < 8; ++i) {
    EXPECT_EQ(hear(address(10 + i, "5.6.7." + std::to_string(i))), Added::added);
  }
  EXPECT_EQ(hear(address(30, "5.6.7.200")), Added::too_many_for_neighbourhood);
  EXPECT_EQ(hear(address(31, "5.6.8.1")), Added::added);
  EXPECT_EQ(book.count(Added::too_many_for_neighbourhood), 1u);
}

TEST_F(AddressBookTest, InIpv6AHostIsASlash64AndANeighbourhoodASlash48) {
  EXPECT_EQ(hear(address(1, "2a01:4f8:1:1::1")), Added::added);
  EXPECT_EQ(hear(address(2, "2a01:4f8:1:1::2")), Added::added);
  EXPECT_EQ(hear(address(3, "2a01:4f8:1:1:5::3")), Added::too_many_for_host);
  for (std::uint32_t i = 2; i < 8; ++i) {
    EXPECT_EQ(hear(address(10 + i, "2a01:4f8:1:" + std::to_string(i) + "::1")), Added::added);
  }
  EXPECT_EQ(hear(address(30, "2a01:4f8:1:9::1")), Added::too_many_for_neighbourhood);
  EXPECT_EQ(hear(address(31, "2a01:4f8:2:9::1")), Added::added);
}

TEST_F(AddressBookTest, AddressesThatCarryOneOfIpv4AreCappedAsThatOne) {
  EXPECT_EQ(hear(address(1, "20.1.2.3"), "66.1.0.1"), Added::added);
  EXPECT_EQ(hear(address(2, "64:ff9b::1401:203"), "66.2.0.1"), Added::added);
  EXPECT_EQ(hear(address(3, "2002:1401:203:1::1"), "66.3.0.1"), Added::too_many_for_host);
  EXPECT_EQ(hear(address(3, "2001:0:808:808:1:2:ebfe:fdfc"), "66.3.0.1"), Added::too_many_for_host);
  // Others behind the same translator are hosts of their own.
  EXPECT_EQ(hear(address(4, "64:ff9b::1501:203"), "66.4.0.1"), Added::added);
}

TEST_F(AddressBookTest, ABadAddressFreesItsShareOfTheCap) {
  hear(address(1, "5.6.7.1", 1));
  hear(address(2, "5.6.7.1", 2));
  for (std::uint32_t i = 0; i < kFailuresNeverMet; ++i) {
    fail(address(1, "5.6.7.1", 1));
    now += 5min;
    meet_someone();
  }
  EXPECT_EQ(hear(address(3, "5.6.7.1", 3)), Added::added);
  EXPECT_EQ(book.find(address(1, "5.6.7.1", 1)), nullptr);
  EXPECT_NE(book.find(address(2, "5.6.7.1", 2)), nullptr);
}

TEST_F(AddressBookTest, ConfiguredAddressesAreNotCapped) {
  for (std::uint32_t i = 0; i < 20; ++i) {
    EXPECT_EQ(book.add(address(1 + i, "5.6.7.8", static_cast<std::uint16_t>(1 + i)),
                       {ip("5.6.7.8"), {}, Origin::configuration}, now),
              Added::added);
  }
}

TEST_F(LaxBook, PrivateNetworksAreNotCapped) {
  for (std::uint32_t i = 0; i < 20; ++i) {
    EXPECT_EQ(hear(address(1 + i, "10.0.0.1", static_cast<std::uint16_t>(1 + i))), Added::added);
  }
  hear(address(101, "5.6.7.1", 1));
  hear(address(102, "5.6.7.1", 2));
  EXPECT_EQ(hear(address(103, "5.6.7.1", 3)), Added::too_many_for_host);
}

TEST_F(LaxBook, APrivateNetworkOfASingleSlash16IsKnownInFull) {
  std::size_t added = 0;
  for (std::uint32_t i = 0; i < 1000; ++i) {
    const auto each =
        address(1 + i, "10.0." + std::to_string(i / 250) + "." + std::to_string(i % 250));
    added += hear(each, "10.0.0.1") == Added::added ? 1 : 0;
    book.mark_connected(each, {}, now);
    book.mark_verified(each, {}, now);
    book.mark_useful(each, now);
  }
  EXPECT_EQ(added, 1000u);
  EXPECT_GT(book.size_of(Kind::tried), 990u);
}

class BookWithExemptions : public BookTest {
 protected:
  static BookConfig exempting() {
    BookConfig config = roomy();
    config.exempt_networks = {*conn::Cidr::parse("5.6.0.0/16")};
    return config;
  }
  BookWithExemptions() : BookTest(exempting()) {}
};

TEST_F(BookWithExemptions, ExemptNetworksAreNotCapped) {
  for (std::uint32_t i = 0; i < 20; ++i) {
    EXPECT_EQ(hear(address(1 + i, "5.6.7.8", static_cast<std::uint16_t>(1 + i))), Added::added);
  }
}

class TrickleBook : public BookTest {
 protected:
  TrickleBook() : BookTest(BookConfig{}) {}
};

TEST_F(TrickleBook, ASourceGroupIsHeardSlowlyUnlessWeHaveAsked) {
  std::size_t heard = 0;
  for (std::uint32_t i = 0; i < 500; ++i) {
    // From anywhere in the group.
    const std::string source = "66.1.2." + std::to_string(i % 200);
    heard += hear(scattered(i), source) == Added::added ? 1 : 0;
  }
  EXPECT_EQ(heard, 10u);
  EXPECT_EQ(hear(scattered(600), "67.1.2.3"), Added::added);
  now += 100s;
  heard = 0;
  for (std::uint32_t i = 1000; i < 1500; ++i) {
    heard += hear(scattered(i), "66.1.2.3") == Added::added ? 1 : 0;
  }
  EXPECT_EQ(heard, 10u);
  book.expect_answer(ip("66.1.2.3"), now);
  std::size_t refused = 0;
  for (std::uint32_t i = 2000; i < 3500; ++i) {
    refused += hear(scattered(i), "66.1.2.3") == Added::told_too_fast ? 1 : 0;
  }
  EXPECT_EQ(refused, 500u);
  EXPECT_EQ(hear(scattered(2000), "66.1.2.3"), Added::known);  // takes no token
}

class TricklesOfNeighbours : public BookTest {
 protected:
  static BookConfig neighbourly() {
    BookConfig config;
    config.strict = IpAddress::Strict::no;
    config.exempt_networks = {*conn::Cidr::parse("66.1.0.0/16")};
    return config;
  }
  TricklesOfNeighbours() : BookTest(neighbourly()) {}
};

TEST_F(TricklesOfNeighbours, AnExemptSourceIsHeardHoweverMuchItSends) {
  std::uint32_t next = 0;
  for (const char* source : {"10.0.0.1", "127.0.0.1", "fd00::1", "66.1.2.3"}) {
    for (int i = 0; i < 100; ++i) {
      EXPECT_NE(hear(scattered(next++), source), Added::told_too_fast) << source;
    }
  }
  EXPECT_GT(book.size(), 350u);
  std::size_t heard = 0;
  for (int i = 0; i < 100; ++i) {
    heard += hear(scattered(next++), "67.1.2.3") == Added::added ? 1 : 0;
  }
  EXPECT_EQ(heard, 10u) << "others are still heard as slowly";
}

}  // namespace
}  // namespace peerage::addrbook
