#include "pex/discovery/record/enr.h"

#include <limits>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "conn/crypto/keccak.h"
#include "pex/discovery/record/cmt.h"
#include "pex/discovery/record/record_reason.h"
#include "pex/discovery/record/rlp.h"
#include "tests/support/secp256k1_keys.h"
#include "tests/support/vectors.h"

namespace peerage::pex {
namespace {

using conn::ByteArray;
using conn::Bytes;
using conn::ByteView;
using conn::IpAddress;
using test::secp256k1_key;

std::string without_0x(const std::string& text) {
  return text.substr(2);
}

Bytes rlp_string(std::string_view text) {
  return RlpWriter().string(text).take();
}

// A record whose content is what the test says, truly signed by key 1, well formed or not.
struct RawRecord {
  RlpWriter content;
  RawRecord& number(std::uint64_t value) {
    content.number(value);
    return *this;
  }
  RawRecord& pair(std::string_view key, ByteView value) {
    content.string(key).raw(value);
    return *this;
  }
  RawRecord& id() { return pair("id", rlp_string("v4")); }
  RawRecord& key() {
    return pair("secp256k1", RlpWriter().string(secp256k1_key(1).public_key().compressed()).take());
  }
  Bytes take() {
    const Bytes items = content.take();
    const auto hash = conn::keccak256(RlpWriter().open().raw(items).close().take());
    return RlpWriter().open().string(secp256k1_key(1).sign(hash)).raw(items).close().take();
  }
};

void expect_refused(ByteView bytes, std::string_view rule) {
  const auto record = Enr::decode(bytes);
  ASSERT_FALSE(record) << rule;
  EXPECT_EQ(record.error().stage, conn::Stage::configuration);
  EXPECT_EQ(record.error().reason, RecordReason::record_malformed);
  EXPECT_EQ(record.error().detail, rule);
}
void expect_text_refused(const std::string& text) {
  EXPECT_FALSE(Enr::parse(text)) << text;
}

// --- vectors ---

TEST(Enr, OfTheSpecificationIsReadAndMadeAgainByteForByte) {
  const auto vector = test::load_vectors("discovery/enr");
  const auto record = Enr::parse(test::string_of(vector.at("text")));
  ASSERT_TRUE(record);
  const Enr& enr = **record;
  EXPECT_EQ("0x" + conn::to_hex(enr.bytes()), test::string_of(vector.at("rlp")));
  EXPECT_EQ("0x" + enr.id().to_string(), test::string_of(vector.at("node_id")));
  EXPECT_EQ(enr.seq(), vector.at("seq").get<std::uint64_t>());
  EXPECT_EQ(enr.text(), test::string_of(vector.at("text")));
  EXPECT_EQ(enr.udp4(), (conn::Endpoint{IpAddress::v4(127, 0, 0, 1), 30303}));
  EXPECT_EQ(enr.tcp4(), std::nullopt);
  EXPECT_EQ(enr.ip6(), std::nullopt);
  EXPECT_EQ(enr.hash(), conn::keccak256(enr.bytes()));
  for (const auto& pair : vector.at("pairs")) {
    const std::string value = pair.at(2);
    const Bytes plain = pair.at(1) == "hex"
                            ? test::hex(value)
                            : Bytes(conn::as_bytes(value).begin(), conn::as_bytes(value).end());
    EXPECT_EQ(enr.pairs().at(pair.at(0)), RlpWriter().string(plain).take());
  }
  EXPECT_EQ(enr.pairs().size(), vector.at("pairs").size());

  const auto key = secp256k1_key(without_0x(vector.at("private_key")));
  const auto made =
      EnrBuilder().set_ip(IpAddress::v4(127, 0, 0, 1)).set_number("udp", 30303).sign(key, 1);
  ASSERT_TRUE(made);
  EXPECT_EQ((*made)->text(), enr.text());
  EXPECT_EQ((*EnrBuilder(enr).sign(key, 1))->text(), enr.text());
}

TEST(Enr, ThatGoEthereumTakesOrRefusesWeTakeOrRefuse) {
  const auto urls = test::load_vectors("discovery/enr").at("enode_urls");
  const auto& example = urls.at("enr_valid_example");
  const auto record = Enr::parse(test::string_of(example.at("text")));
  ASSERT_TRUE(record);
  EXPECT_EQ((*record)->seq(), 99u);
  EXPECT_EQ((*record)->udp4()->to_string(), "127.0.0.1:30303");
  EXPECT_EQ((*record)->key(), secp256k1_key(without_0x(example.at("private_key"))).public_key());
  expect_text_refused(urls.at("enr_invalid_signature"));
  std::size_t taken = 0;
  for (const auto& text : urls.at("enr_inputs")) taken += Enr::parse(test::string_of(text)) ? 1 : 0;
  EXPECT_EQ(taken, 1u);
  for (const auto& wrong : urls.at("invalid")) expect_text_refused(wrong.at("input"));
}

TEST(Enr, OfACometNodeIsTheSampleByteForByte) {
  const auto key =
      secp256k1_key("b71c71a67e1177ad4e901695e1b4b9ee17ae16c6668d313eac2f96dbcda3f291");
  ByteArray<conn::NodeId::kBytes> node_id;
  for (std::size_t i = 0; i < node_id.size(); ++i) node_id[i] = static_cast<std::uint8_t>(i);
  const Cmt cmt{conn::NodeId(node_id), {"test-chain"}, 26656};
  EXPECT_EQ(conn::to_hex(cmt.encode()),
            "e394000102030405060708090a0b0c0d0e0f101112138a746573742d636861696e826820");
  const auto record = EnrBuilder()
                          .set_ip(IpAddress::v4(127, 0, 0, 1))
                          .set_number("udp", 30303)
                          .set_number("tcp", 26656)
                          .set("cmt", cmt.encode())
                          .sign(key, 1);
  ASSERT_TRUE(record);
  EXPECT_EQ((*record)->text(),
            "enr:-LO4QBRk4vcgkOJKWfel8_uOPryMT5uSC4WYhcJRbXddUtV8dFg-YecchtNrFJz8hALi7mXWDJEb1Fmy3"
            "WX0Ou8qiwABg2NtdOOUAAECAwQFBgcICQoLDA0ODxAREhOKdGVzdC1jaGFpboJoIIJpZIJ2NIJpcIR_AAABiX"
            "NlY3AyNTZrMaEDymNMrg1JrLQB2KTGtv6MVbcNEVv0AHacwUAPMljNMTiDdGNwgmggg3VkcIJ2Xw");
  EXPECT_LE((*record)->bytes().size(), 181u);
  EXPECT_EQ(Cmt::of(**record), cmt);
  EXPECT_EQ(Cmt::of(**Enr::parse((*record)->text())), cmt);
}

// --- sizes ---

TEST(Enr, OfBothFamiliesFourPortsAndTheLongestNetworkHas268Bytes) {
  const Cmt cmt{conn::NodeId(), {std::string(50, 'n')}, 26656};
  EnrBuilder builder;
  builder.set_ip(IpAddress::v4(1, 2, 3, 4)).set_ip(*IpAddress::parse("2001:db8::1"));
  for (const auto* port : {"udp", "udp6", "tcp", "tcp6"}) builder.set_number(port, 65535);
  builder.set("cmt", cmt.encode());
  static constexpr auto kSeq = std::numeric_limits<std::uint64_t>::max();
  EXPECT_EQ((*builder.sign(secp256k1_key(1), kSeq))->bytes().size(), 268u);
  EXPECT_EQ(builder.size(kSeq), 268u);
}

TEST(Enr, OfOthersMayHave300BytesAndOursAtMost299) {
  const auto key = secp256k1_key(1);
  EnrBuilder builder;
  std::size_t filler = 0;
  const auto grow_to = [&](std::size_t size) {
    while (builder.size(1) < size) builder.set_string("x", Bytes(++filler, 'x'));
    ASSERT_EQ(builder.size(1), size);
  };
  grow_to(299);
  EXPECT_TRUE(builder.sign(key, 1));
  grow_to(300);
  const auto ours = builder.sign(key, 1);
  ASSERT_FALSE(ours);
  EXPECT_EQ(ours.error().reason, RecordReason::record_too_large);
  EXPECT_EQ(ours.error().detail, "it would have 300 bytes, and may have 299");
  const auto theirs = builder.sign(key, 1, kMaxEnrBytes);
  ASSERT_TRUE(theirs);
  EXPECT_TRUE(Enr::decode((*theirs)->bytes()));
  EXPECT_TRUE(Enr::parse((*theirs)->text()));
  grow_to(301);
  const auto beyond = builder.sign(key, 1, 301);
  ASSERT_TRUE(beyond);
  expect_refused((*beyond)->bytes(), "it has more than 300 bytes");
  expect_text_refused((*beyond)->text());
}

// --- what is no record ---

TEST(Enr, IsAListWithNothingBehindIt) {
  expect_refused({}, "it is no list");
  expect_refused(test::hex("80"), "it is no list");
  expect_refused(test::hex("f9ffff"), "it is no list");
  Bytes more = RawRecord().number(1).id().key().take();
  ASSERT_TRUE(Enr::decode(more));
  more.push_back(0);
  expect_refused(more, "bytes follow its list");
}

TEST(Enr, HasASignatureOf64BytesAndASequenceNumber) {
  expect_refused(test::hex("c0"), "its signature has not 64 bytes");
  for (const std::size_t size : {63, 65}) {
    expect_refused(RlpWriter().open().string(Bytes(size, 1)).number(1).close().take(),
                   "its signature has not 64 bytes");
  }
  expect_refused(RlpWriter().open().open().close().close().take(),
                 "its signature has not 64 bytes");
  RawRecord none;
  expect_refused(none.take(), "its sequence number is none");
  RawRecord nine_bytes;
  nine_bytes.content.raw(test::hex("89010000000000000000"));
  expect_refused(nine_bytes.id().key().take(), "its sequence number is none");
  RawRecord leading_zero;
  leading_zero.content.raw(test::hex("820001"));
  expect_refused(leading_zero.id().key().take(), "its sequence number is none");
  static constexpr auto kMost = std::numeric_limits<std::uint64_t>::max();
  EXPECT_EQ((*Enr::decode(RawRecord().number(kMost).id().key().take()))->seq(), kMost);
  EXPECT_EQ((*Enr::decode(RawRecord().number(0).id().key().take()))->seq(), 0u);
}

TEST(Enr, HasKeysThatAscendAndAreUnique) {
  const Bytes one = RlpWriter().number(1).take();
  expect_refused(RawRecord().number(1).key().id().take(), "the keys do not ascend");
  expect_refused(RawRecord().number(1).id().id().key().take(), "the keys do not ascend");
  expect_refused(RawRecord().number(1).id().pair("a", one).key().take(), "the keys do not ascend");
  // Bytewise: ff is above every letter, and a prefix is below what it begins.
  EXPECT_TRUE(Enr::decode(
      RawRecord().number(1).pair("", one).pair("i", one).id().key().pair("\xff", one).take()));
  expect_refused(RawRecord().number(1).pair("\xff", one).id().key().take(),
                 "the keys do not ascend");
}

TEST(Enr, HasAValueForEachKeyAndKeysThatAreStrings) {
  RawRecord odd;
  odd.number(1).id().key().content.string("x");
  expect_refused(odd.take(), "a key has no value");
  RawRecord cut;
  cut.number(1).id().key().content.string("x").raw(test::hex("82ff"));
  expect_refused(cut.take(), "a key has no value");
  RawRecord list;
  list.number(1).id().key().content.open().close().number(1);
  expect_refused(list.take(), "a key is no byte string");
}

TEST(Enr, HasTheIdentitySchemeV4) {
  expect_refused(RawRecord().number(1).key().take(), "its identity scheme is not v4");
  expect_refused(RawRecord().number(1).pair("id", rlp_string("v5")).key().take(),
                 "its identity scheme is not v4");
  expect_refused(RawRecord().number(1).pair("id", test::hex("c3827634")).key().take(),
                 "its identity scheme is not v4");
}

TEST(Enr, HasAKeyOfTheCurve) {
  const auto key = secp256k1_key(1).public_key().compressed();
  expect_refused(RawRecord().number(1).id().take(), "it has no key");
  expect_refused(RawRecord().number(1).id().pair("secp256k1", test::hex("c0")).take(),
                 "it has no key");
  const auto with = [](ByteView bytes) {
    return RawRecord().number(1).id().pair("secp256k1", RlpWriter().string(bytes).take()).take();
  };
  expect_refused(with(ByteView(key).first(32)), "its key is none");
  auto wrong = key;
  wrong[0] = 4;
  expect_refused(with(wrong), "its key is none");
  expect_refused(with(Bytes(33)), "its key is none");
}

TEST(Enr, IsRefusedWithAnyBitOfItChanged) {
  const Bytes good = RawRecord().number(1).id().key().take();
  ASSERT_TRUE(Enr::decode(good));
  for (std::size_t bit = 0; bit < 8 * good.size(); ++bit) {
    Bytes changed = good;
    changed[bit / 8] ^= static_cast<std::uint8_t>(1 << bit % 8);
    EXPECT_FALSE(Enr::decode(changed)) << bit;
  }
}

TEST(Enr, IsRefusedWithASignatureOfAnotherKey) {
  RlpWriter content;
  content.number(1).string("id").string("v4").string("secp256k1");
  const Bytes items = content.string(secp256k1_key(2).public_key().compressed()).take();
  const auto hash = conn::keccak256(RlpWriter().open().raw(items).close().take());
  expect_refused(RlpWriter().open().string(secp256k1_key(1).sign(hash)).raw(items).close().take(),
                 "its signature is not of its key");
}

// --- pairs ---

EnrPtr made(const EnrBuilder& builder) {
  return builder.sign(secp256k1_key(1), 1).value();
}

TEST(Enr, WithoutAnyEndpointIsValid) {
  const auto record = Enr::decode(RawRecord().number(1).id().key().take());
  ASSERT_TRUE(record);
  EXPECT_EQ((*record)->udp4(), std::nullopt);
  EXPECT_EQ((*record)->udp6(), std::nullopt);
}

TEST(Enr, KeepsPairsItDoesNotKnowByteForByteHoweverDeepTheyAreNested) {
  static constexpr int kDepth = 60;  // in a record of 300 bytes
  RlpWriter nested;
  for (int i = 0; i < kDepth; ++i) nested.open();
  for (int i = 0; i < kDepth; ++i) nested.close();
  const Bytes deep = nested.take();
  const auto record =
      made(EnrBuilder().set("deep", deep).set("eth", test::hex("c7c6840102030480")));
  const auto read = Enr::decode(record->bytes());
  ASSERT_TRUE(read);
  EXPECT_EQ((*read)->pairs().at("deep"), deep);
  EXPECT_EQ(conn::to_hex(*(*read)->pair("eth")), "c7c6840102030480");
  EXPECT_EQ((*read)->pair("et"), std::nullopt);
  EXPECT_EQ((*read)->pairs().size(), 4u);
}

TEST(Enr, HasAnEndpointOfEachFamily) {
  const auto v6 = *IpAddress::parse("2001:db8::1");
  const auto record = made(EnrBuilder()
                               .set_ip(IpAddress::v4(1, 2, 3, 4))
                               .set_ip(v6)
                               .set_number("udp", 1111)
                               .set_number("tcp", 2222)
                               .set_number("udp6", 3333)
                               .set_number("tcp6", 4444));
  EXPECT_EQ(record->udp4()->to_string(), "1.2.3.4:1111");
  EXPECT_EQ(record->tcp4()->to_string(), "1.2.3.4:2222");
  EXPECT_EQ(record->udp6()->to_string(), "[2001:db8::1]:3333");
  EXPECT_EQ(record->tcp6()->to_string(), "[2001:db8::1]:4444");
}

TEST(Enr, HasThePlainPortForIpv6WithoutOneOfItsOwn) {
  const auto record = made(EnrBuilder()
                               .set_ip(*IpAddress::parse("2001:db8::1"))
                               .set_number("udp", 1111)
                               .set_number("tcp", 2222));
  EXPECT_EQ(record->udp6()->port, 1111);
  EXPECT_EQ(record->tcp6()->port, 2222);
  EXPECT_EQ(record->udp4(), std::nullopt);
  // And never the other way round.
  const auto only_v6 =
      made(EnrBuilder().set_ip(IpAddress::v4(1, 2, 3, 4)).set_number("udp6", 1111));
  EXPECT_EQ(only_v6->udp4(), std::nullopt);
}

TEST(Enr, HasNoEndpointWhoseAddressOrPortIsNone) {
  EnrBuilder good;
  good.set_ip(IpAddress::v4(1, 2, 3, 4))
      .set_ip(*IpAddress::parse("2001:db8::1"))
      .set_number("udp", 1);
  for (const std::size_t size : {0, 3, 5, 16}) {
    EXPECT_FALSE(made(EnrBuilder(good).set_string("ip", Bytes(size, 1)))->udp4()) << size;
  }
  for (const std::size_t size : {0, 4, 15, 17}) {
    EXPECT_FALSE(made(EnrBuilder(good).set_string("ip6", Bytes(size, 1)))->udp6()) << size;
  }
  const std::string mapped = "00000000000000000000ffff01020304";
  EXPECT_FALSE(made(EnrBuilder(good).set_string("ip6", test::hex(mapped)))->udp6());
  for (const std::string_view port : {"80", "820001", "83010000", "c0", "c101"}) {
    const auto record = made(EnrBuilder(good).set("udp", test::hex(port)));
    EXPECT_FALSE(record->udp4()) << port;
    EXPECT_FALSE(record->udp6()) << port;
    // A port of its own that is none is not replaced by the plain one.
    EXPECT_FALSE(made(EnrBuilder(good).set("udp6", test::hex(port)))->udp6()) << port;
  }
}

TEST(EnrBuilder, KeepsAllPairsButThoseThatAreChanged) {
  const auto first = made(EnrBuilder()
                              .set_ip(IpAddress::v4(1, 2, 3, 4))
                              .set_number("udp", 30303)
                              .set_string("x", Bytes{1, 2}));
  const auto second =
      EnrBuilder(*first).set_ip(IpAddress::v4(5, 6, 7, 8)).sign(secp256k1_key(1), 2);
  ASSERT_TRUE(second);
  auto expected = first->pairs();
  expected["ip"] = test::hex("8405060708");
  EXPECT_EQ((*second)->pairs(), expected);
  expected.erase("x");
  EXPECT_EQ(made(EnrBuilder(**second).remove("x"))->pairs(), expected);
}

TEST(EnrBuilder, NamesTheKeyThatSigns) {
  const auto record =
      made(EnrBuilder().set_string("id", conn::as_bytes("v5")).set_number("secp256k1", 1));
  EXPECT_TRUE(Enr::decode(record->bytes()));
  EXPECT_EQ(record->key(), secp256k1_key(1).public_key());
  EXPECT_EQ(record->id(), EnodeId::of(record->key()));
}

TEST(Enr, ReservesTheKeysThatHaveAMeaning) {
  for (const auto* key : {"id", "secp256k1", "ip", "ip6", "udp", "udp6", "tcp", "tcp6", "cmt"}) {
    EXPECT_TRUE(is_reserved_pair(key)) << key;
  }
  for (const auto* key : {"", "i", "ID", "eth", "udp66", "client"}) {
    EXPECT_FALSE(is_reserved_pair(key)) << key;
  }
}

// --- text ---

TEST(Enr, AsTextIsReadStrictly) {
  const std::string text = made(EnrBuilder())->text();
  ASSERT_TRUE(Enr::parse(text));
  expect_text_refused("");
  expect_text_refused("enr:");
  expect_text_refused(text.substr(4));
  expect_text_refused("ENR:" + text.substr(4));
  expect_text_refused("enr://" + text.substr(4));
  expect_text_refused(text + "=");
  expect_text_refused(text + "AA");
  expect_text_refused(" " + text);
  expect_text_refused(text + "\n");
  expect_text_refused(text.substr(0, 20) + " " + text.substr(20));
  expect_text_refused(text.substr(0, text.size() - 1));
  std::string other_alphabet =
      made(EnrBuilder().set_string("x", test::hex("fbfffbfffbff")))->text();
  ASSERT_TRUE(Enr::parse(other_alphabet));
  const auto at = other_alphabet.find('_');
  ASSERT_NE(at, std::string::npos);
  other_alphabet[at] = '/';
  expect_text_refused(other_alphabet);
  expect_text_refused("enr:" + std::string(1 << 20, 'A'));
}

TEST(Enr, AsTextHasNoLooseBits) {
  // One byte more than a multiple of three, so that the last letter has four bits to spare.
  EnrBuilder builder;
  std::size_t filler = 0;
  while (builder.size(1) % 3 != 1) builder.set_string("x", Bytes(++filler, 1));
  std::string text = made(builder)->text();
  ASSERT_TRUE(Enr::parse(text));
  ++text.back();  // from a letter with four zero bits at its end, which A, Q, g and w have
  expect_text_refused(text);
}

}  // namespace
}  // namespace peerage::pex
