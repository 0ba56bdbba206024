#include "cmd/discovery/node_argument.h"

#include <sstream>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "cmd/discovery/record_report.h"
#include "conn/base/file.h"
#include "pex/discovery/record/record_reason.h"
#include "pex/discovery/record/rlp.h"
#include "tests/support/files.h"
#include "tests/unit/cmd/discovery/answering_nodes.h"

namespace peerage::cmd {
namespace {

using conn::Reason;
using Json = nlohmann::json;

// Of spec/discovery.md: 127.0.0.1, udp 30303, tcp 26656, NodeId 000102…13, network test-chain.
constexpr const char* kSample =
    "enr:-LO4QBRk4vcgkOJKWfel8_uOPryMT5uSC4WYhcJRbXddUtV8dFg-YecchtNrFJz8hALi7mXWDJEb1Fmy3WX0Ou8q"
    "iwABg2NtdOOUAAECAwQFBgcICQoLDA0ODxAREhOKdGVzdC1jaGFpboJoIIJpZIJ2NIJpcIR_AAABiXNlY3AyNTZrMaED"
    "ymNMrg1JrLQB2KTGtv6MVbcNEVv0AHacwUAPMljNMTiDdGNwgmggg3VkcIJ2Xw";
constexpr const char* kSampleId =
    "a448f24c6d18e575453db13171562b71999873db5b286df957af199ec94617f7";
constexpr const char* kEnodeKey =
    "1dd9d65c4552b5eb43d5ad55a2ee3f56c6cbc1c64a5c8d659f51fcd51bace24351232b8d7821617d2b29b54b81cdef"
    "b9b3e9c37d7fd5f63270bcc9e1a6f6a439";

std::string enode(const std::string& rest) {
  return std::string("enode://") + kEnodeKey + rest;
}

std::vector<NamedNode> read(const std::vector<std::string>& arguments,
                            const std::string& input = {}) {
  std::istringstream in(input);
  return read_nodes(arguments, in);
}

TEST(NodeArgument, ARecordIsOneAndSoIsAnEnodeUrl) {
  const auto nodes = read({kSample, enode("@127.0.0.1:30303")});
  ASSERT_EQ(nodes.size(), 2u);
  ASSERT_TRUE(nodes[0].node);
  EXPECT_EQ(std::get<pex::EnrPtr>(*nodes[0].node)->id().to_string(), kSampleId);
  ASSERT_TRUE(nodes[1].node);
  EXPECT_EQ(std::get<pex::EnodeUrl>(*nodes[1].node).udp, 30303);
}

TEST(NodeArgument, ABadOneDoesNotHideTheOthers) {
  const auto nodes = read({"enr:x", kSample, "enode://01@1.2.3.4:5"});
  ASSERT_EQ(nodes.size(), 3u);
  EXPECT_EQ(nodes[0].node.error().reason, Reason(pex::RecordReason::record_malformed));
  EXPECT_TRUE(nodes[1].node);
  EXPECT_EQ(nodes[2].node.error().reason, Reason(pex::RecordReason::enode_malformed));
}

TEST(NodeArgument, StandardInputHasSomeSeparatedByWhiteSpaceOrCommasWithRemarks) {
  const auto nodes =
      read({"-"}, std::string("# ours, enr:none\n") + kSample + "," + enode("@1.2.3.4:5") +
                      " # and a remark\n\n" + enode("@1.2.3.4:6"));
  ASSERT_EQ(nodes.size(), 3u);
  for (const NamedNode& each : nodes) EXPECT_TRUE(each.node) << each.text;
  EXPECT_EQ(nodes[2].text, enode("@1.2.3.4:6"));
}

TEST(NodeArgument, AFileHasSomeLikewise) {
  const test::TemporaryDirectory folder;
  const auto file = folder.path() / "nodes";
  ASSERT_TRUE(conn::write_file(file, std::string(kSample) + "\nnonsense\n", conn::Readers::all,
                               conn::IfExists::fail));
  const auto nodes = read({file.string()});
  ASSERT_EQ(nodes.size(), 2u);
  EXPECT_TRUE(nodes[0].node);
  EXPECT_EQ(nodes[1].text, "nonsense");
  EXPECT_FALSE(nodes[1].node);
}

TEST(NodeArgument, WhatIsNeitherANodeNorAFileSaysSo) {
  const auto nodes = read({"/nowhere/at/all"});
  ASSERT_EQ(nodes.size(), 1u);
  EXPECT_EQ(nodes[0].node.error().detail,
            "it begins with neither enr: nor enode:, and there is no such file");
}

TEST(NodeArgument, ANodeIsAskedAtItsUdpEndpoint) {
  const auto of_record = contact_of(*parse_node(kSample));
  ASSERT_TRUE(of_record);
  EXPECT_EQ(of_record->udp.to_string(), "127.0.0.1:30303");
  EXPECT_TRUE(of_record->record);
  const auto of_url = contact_of(*parse_node(enode("@127.0.0.1:52150?discport=22334")));
  ASSERT_TRUE(of_url);
  EXPECT_EQ(of_url->udp.to_string(), "127.0.0.1:22334");
  EXPECT_EQ(of_url->tcp, 52150);
}

TEST(NodeArgument, ANameIsLookedUpFirst) {
  const auto named = parse_node(enode("@node.example:30303"));
  ASSERT_TRUE(named);
  EXPECT_EQ(name_to_look_up(*named), "node.example");
  EXPECT_FALSE(contact_of(*named));
  const auto contact = contact_of(*named, conn::IpAddress::v4(1, 2, 3, 4));
  ASSERT_TRUE(contact);
  EXPECT_EQ(contact->udp.to_string(), "1.2.3.4:30303");
  EXPECT_EQ(name_to_look_up(*parse_node(enode("@1.2.3.4:5"))), "");
  EXPECT_EQ(name_to_look_up(*parse_node(kSample)), "");
}

TEST(NodeArgument, WhatNamesNoEndpointCannotBeAsked) {
  const auto record = pex::EnrBuilder().sign(test::secp256k1_key(1u), 1);
  EXPECT_EQ(contact_of(*record).error().detail, "the record names no UDP endpoint");
  EXPECT_EQ(contact_of(*parse_node(enode(""))).error().detail, "the URL names no address");
  EXPECT_EQ(contact_of(*parse_node(enode("@1.2.3.4:0"))).error().detail, "the URL's UDP port is 0");
}

// --- what `enr` shows ---

std::string text_of(const std::string& named) {
  return to_text(NamedNode{named, parse_node(named)});
}
Json json_of(const std::string& named) {
  return Json::parse(to_json(NamedNode{named, parse_node(named)}));
}

bool has(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

TEST(RecordReport, ShowsWhatARecordSaysForPeople) {
  const std::string text = text_of(kSample);
  EXPECT_TRUE(has(text, "signed by its key")) << text;
  EXPECT_TRUE(has(text, kSampleId)) << text;
  EXPECT_TRUE(has(text, "127.0.0.1:30303")) << text;
  EXPECT_TRUE(has(text, "000102030405060708090a0b0c0d0e0f10111213@127.0.0.1:26656")) << text;
  EXPECT_TRUE(has(text, "test-chain")) << text;
  EXPECT_FALSE(has(text, "FAILED")) << text;
}

TEST(RecordReport, ShowsTheSameForPrograms) {
  const Json json = json_of(kSample);
  EXPECT_EQ(json["valid"], true);
  EXPECT_EQ(json["signed"], true);
  const Json& record = json["record"];
  EXPECT_EQ(record["text"], kSample);
  EXPECT_EQ(record["id"], kSampleId);
  EXPECT_EQ(record["seq"], 1);
  EXPECT_EQ(record["udp"], "127.0.0.1:30303");
  EXPECT_EQ(record["tcp"], "127.0.0.1:26656");
  EXPECT_EQ(record["udp6"], nullptr);
  EXPECT_EQ(record["comet"]["networks"], Json({"test-chain"}));
  EXPECT_EQ(record["comet"]["address"], "000102030405060708090a0b0c0d0e0f10111213@127.0.0.1:26656");
  EXPECT_EQ(record["pairs"], Json::object());
}

TEST(RecordReport, ShowsPairsThatItDoesNotKnowAsTheyAreEncoded) {
  const auto record = *pex::EnrBuilder()
                           .set_string("eth", conn::as_bytes("xy"))
                           .set_string("bad\x1b[2Jkey", conn::as_bytes("z"))
                           .sign(test::secp256k1_key(1u), 7);
  const Json json = json_of(record->text());
  EXPECT_EQ(json["record"]["pairs"], Json({{"eth", "827879"}, {"bad\\x1b[2Jkey", "7a"}}));
  EXPECT_EQ(text_of(record->text()).find('\x1b'), std::string::npos);
}

TEST(RecordReport, ACmtPairThatIsMalformedIsTold) {
  const auto record =
      *pex::EnrBuilder().set_string("cmt", conn::as_bytes("xy")).sign(test::secp256k1_key(1u), 7);
  EXPECT_TRUE(has(text_of(record->text()), "its cmt pair is malformed"));
  EXPECT_EQ(json_of(record->text())["record"]["comet"], nullptr);
}

TEST(RecordReport, ABadOneSaysWhichRuleItBreaks) {
  std::string forged = kSample;
  forged[20] = forged[20] == 'A' ? 'B' : 'A';
  EXPECT_TRUE(has(text_of(forged), "FAILED")) << text_of(forged);
  EXPECT_TRUE(has(text_of(forged), "its signature")) << text_of(forged);
  EXPECT_TRUE(has(text_of("enr:x="), "base64")) << text_of("enr:x=");
  const Json json = json_of("enr:x=");
  EXPECT_EQ(json["valid"], false);
  EXPECT_EQ(json["failure"]["reason"], "record_malformed");
  EXPECT_FALSE(json.contains("record"));
}

TEST(RecordReport, AnEnodeUrlIsToldToBeUnsigned) {
  const std::string text = text_of(enode("@[2001:db8::1]:52150?discport=1"));
  EXPECT_TRUE(has(text, "not signed")) << text;
  EXPECT_TRUE(has(text, "[2001:db8::1]:1")) << text;
  EXPECT_TRUE(has(text_of(enode("")), "it names a key alone"));
  EXPECT_EQ(json_of(enode("@1.2.3.4:5"))["signed"], false);
}

TEST(RecordReport, TheClientThatARecordNamesIsShown) {
  conn::Bytes client = pex::RlpWriter().open().string("Geth").string("1.14\n").close().take();
  const auto record =
      *pex::EnrBuilder().set("client", std::move(client)).sign(test::secp256k1_key(1u), 7);
  EXPECT_EQ(json_of(record->text())["record"]["client"], "Geth 1.14\\x0a");
}

}  // namespace
}  // namespace peerage::cmd
