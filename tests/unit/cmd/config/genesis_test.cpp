#include "cmd/config/genesis.h"

#include <algorithm>
#include <fstream>
#include <random>
#include <sstream>
#include <string>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "cmd/config/genesis_scan.h"
#include "tests/support/files.h"

namespace peerage::cmd {
namespace {

constexpr GenesisLimits kAsOne = {.beginning = 1u << 20, .end = 1u << 20, .in_order = 1u << 30};

GenesisReading reading(const std::string& text, const GenesisLimits& limits = kAsOne) {
  std::istringstream stream(text);
  return read_genesis(stream, GenesisEffort::all, limits);
}
std::optional<std::string> chain_id(const std::string& text, const GenesisLimits& limits = kAsOne) {
  return reading(text, limits).chain_id;
}
std::string why(const std::string& text, const GenesisLimits& limits = kAsOne) {
  const GenesisReading read = reading(text, limits);
  EXPECT_FALSE(read.chain_id) << *read.chain_id;
  return read.why;
}
bool says(const std::string& text, const std::string& part) {
  const std::string said = why(text);
  EXPECT_NE(said.find(part), std::string::npos) << said;
  return said.find(part) != std::string::npos;
}

TEST(Genesis, TheChainIdAtTheTopLevelIsFound) {
  EXPECT_EQ(chain_id(R"({"genesis_time":"2026","chain_id":"chain-1","app_state":{}})"), "chain-1");
  EXPECT_EQ(chain_id("{\n \"a\" : [1, {\"b\": \"}\"}],\n \"chain_id\" : \"x\"\n}"), "x");
  EXPECT_EQ(chain_id(R"({"chain_id":"a\u002Db"})"), "a-b");
  EXPECT_EQ(chain_id(R"({"chain\u005fid":"x"})"), "x");
  EXPECT_EQ(chain_id("\xef\xbb\xbf{\"chain_id\":\"x\"}"), "x") << "behind a byte order mark";
}

TEST(Genesis, OneInsideOfOtherValuesIsNotMeant) {
  EXPECT_EQ(
      chain_id(R"({"app_state":{"chain_id":"other"},"l":["chain_id",":","no"],"chain_id":"x"})"),
      "x");
  EXPECT_EQ(chain_id(R"({"note":"chain_id","chain_id":"x"})"), "x");
  EXPECT_EQ(chain_id(R"({"app_state":{"chain_id":"other"}})"), std::nullopt);
  EXPECT_EQ(chain_id(R"({"a":"\"chain_id\":\"no\"","chain_id":"x"})"), "x");
  EXPECT_EQ(chain_id(R"({"result":{"chain_id":"no"},"chain_id":"x"})"), "x");
}

TEST(Genesis, NothingBehindItIsRead) {
  std::istringstream stream(R"({"chain_id":"x","app_state":)" + std::string(4 << 20, '['));
  EXPECT_EQ(read_genesis(stream).chain_id, "x");
  EXPECT_LE(static_cast<std::size_t>(stream.tellg()), std::size_t{1} << 18);
}

TEST(Genesis, WhatIsNoGenesisHasNone) {
  for (const std::string text :
       {"", "{", "[]", "chain_id", "\"chain_id\"", R"({"chain_id":7})", R"({"chain_id":7,"a":"x"})",
        R"({"chain_id":{"chain_id":"x"}})", R"({"chain_id":["x"]})", R"({"chain_id":"x)",
        R"({"chain_id":"\u12"})", R"({"chain_id":""})", R"({"chain_id":null})",
        R"({} "chain_id":"x")", "}}}", R"([{"chain_id":"x"}])"}) {
    EXPECT_EQ(chain_id(text), std::nullopt) << text;
  }
  EXPECT_EQ(chain_id(R"({"chain_id":")" + std::string(51, 'x') + "\"}"), std::nullopt);
  EXPECT_EQ(chain_id(R"({"chain_id":")" + std::string(50, 'x') + "\"}"), std::string(50, 'x'));
}

TEST(Genesis, AFileThatIsSomethingElseIsToldAsWhatItIs) {
  EXPECT_TRUE(says(std::string("\x1f\x8b\x08\x00 and so on", 14), "gzip"));
  EXPECT_TRUE(says("\x28\xb5\x2f\xfd...", "zstd"));
  EXPECT_TRUE(says("<!DOCTYPE html><html>", "web page"));
  EXPECT_TRUE(says("version https://git-lfs.github.com/spec/v1\n", "Git LFS"));
  EXPECT_TRUE(says("chain_id = 1", "no JSON object"));
  EXPECT_TRUE(says("", "empty"));
  EXPECT_TRUE(says("{}", "there is no chain_id in it"));
  EXPECT_TRUE(says(R"({"chain_id":7})", "no text of 1 to 50 bytes"));
  EXPECT_TRUE(says(R"({"app_state":{"a":"b)", "ends in the middle, after 20 bytes"));
}

TEST(Genesis, AnRpcServersAnswerIsToldAsOne) {
  const std::string answer =
      R"({"jsonrpc":"2.0","id":-1,"result":{"genesis":{"app_state":{"chain_id":"y"},"chain_id":"x"}}})";
  EXPECT_TRUE(says(answer, "RPC server's answer, with the genesis of \"x\" inside"));
  EXPECT_TRUE(says(R"({"jsonrpc":"2.0","id":-1,"error":{"code":-32603}})", "without a genesis"));
  EXPECT_TRUE(says(R"({"jsonrpc":"2.0","id":-1,"result":{"chunk":"0","data":"eyJ"}})",
                   "without a genesis"));
}

// --- files that are not read whole ---

constexpr GenesisLimits kSmall = {.beginning = 64, .end = 256, .in_order = 64};

std::string long_genesis(const std::string& inside, const std::string& behind) {
  return R"({"app_hash":"","app_state":{"a":")" + std::string(1000, 's') + "\"," + inside + "}" +
         behind + "}\n";
}

TEST(Genesis, TheEndIsTheSecondPlaceToLook) {
  const std::string nested =
      R"("ibc":{"chain_id":"no"},"l":[{"chain_id":"no"}],"t":"\"chain_id\":\"no\"}")";
  for (
      const std::string& behind :
      {std::string(R"(,"chain_id":"x")"),
       std::string(R"(,"chain_id":"x","genesis_time":"2026","validators":[{"chain_id":"no"}])"),
       std::string(
           R"( , "chain_id" : "\u0078", "zzz":{"chain_id":"no"}, "n": -1.5e3, "b": [true, false, null])"),
       std::string(R"(,"chain_id":"x","memo":"\\","quote":"\\\"}{")")}) {
    EXPECT_EQ(chain_id(long_genesis(nested, behind), kSmall), "x") << behind;
  }
  EXPECT_EQ(chain_id(long_genesis(nested, ""), kSmall), std::nullopt);
  EXPECT_EQ(chain_id(long_genesis(nested, R"(,"note":"chain_id")"), kSmall), std::nullopt);
  EXPECT_EQ(chain_id(long_genesis(nested, R"(,"chain_id":{"chain_id":"no"})"), kSmall),
            std::nullopt);
}

TEST(Genesis, OneThatIsNeitherAtTheBeginningNorAtTheEndIsFoundInOrderUpToALimit) {
  const std::string text =
      long_genesis(R"("b":1)", R"(,"chain_id":"x","validators":")" + std::string(1000, 'v') + "\"");
  const std::string said = why(text, kSmall);
  EXPECT_NE(said.find("not found in its first 64 bytes, nor in its last 256 bytes"),
            std::string::npos)
      << said;
  EXPECT_EQ(chain_id(text, {.beginning = 64, .end = 256, .in_order = 1200}), "x");
  std::istringstream stream(text);
  const auto ends = read_genesis(stream, GenesisEffort::ends_alone,
                                 {.beginning = 64, .end = 256, .in_order = 1200});
  EXPECT_EQ(ends.chain_id, std::nullopt) << "no further than was asked for";
}

TEST(Genesis, OfAFileThatIsCutOffNoOtherIsTaken) {
  const std::string whole = long_genesis(
      R"("ibc":{"client":{"chain_id":"no","h":1},"m":"{\"chain_id\":\"no\"}"},"z":{"chain_id":"no"})",
      R"(,"chain_id":"x")");
  constexpr GenesisLimits kLimits = {.beginning = 64, .end = 256, .in_order = 1u << 20};
  const std::size_t known = whole.find(R"("chain_id":"x")") + 14;
  for (std::size_t length = 70; length < known; ++length) {
    const std::string said = why(whole.substr(0, length), kLimits);
    EXPECT_NE(said.find("ends in the middle"), std::string::npos) << length << ": " << said;
  }
  for (std::size_t length = known; length <= whole.size(); ++length) {
    EXPECT_EQ(chain_id(whole.substr(0, length), kLimits), "x") << length;
  }
}

// The object that the last byte closes began before all that is looked at.
TEST(Genesis, AStringFromTheBeginningToTheEndShowsHowDeepTheEndIs) {
  const std::string filler(300'000, 's');
  constexpr GenesisLimits kLimits = {.beginning = 100'000, .end = 100'000, .in_order = 100'000};
  EXPECT_EQ(chain_id(R"({"app_state":")" + filler + R"(","chain_id":"x"})", kLimits), "x");
  EXPECT_EQ(chain_id(R"({"app_state":{"a":")" + filler + R"(","chain_id":"no"})", kLimits),
            std::nullopt);
  EXPECT_EQ(chain_id(R"({"app_state":{"a":")" + filler + R"(","chain_id":"no"},"chain_id":"x"})",
                     kLimits),
            "x");
}

TEST(Genesis, TextThatCanStandInNoEndIsNotRead) {
  // Cut off inside of a string, at a brace of its own: inside and outside are confused.
  const std::string text = R"({"app_state":{"a":")" + std::string(1000, 's') +
                           R"(","memo":"{\"chain_id\":\"no\", \"x\":{}})";
  EXPECT_EQ(scan_from_end(text.substr(700)).is, GenesisTail::Is::cut_off);
  EXPECT_EQ(scan_from_end("").is, GenesisTail::Is::cut_off);
  EXPECT_EQ(scan_from_end("   ").is, GenesisTail::Is::cut_off);
  EXPECT_EQ(scan_from_end("]").is, GenesisTail::Is::cut_off);
  EXPECT_EQ(scan_from_end("}").is, GenesisTail::Is::without);
}

// --- any text ---

class AnyGenesis {
 public:
  explicit AnyGenesis(unsigned seed) : random_(seed) {}

  nlohmann::json object(unsigned depth) {
    nlohmann::json made = nlohmann::json::object();
    for (unsigned i = below(6); i > 0; --i) made[text()] = value(depth + 1);
    return made;
  }
  nlohmann::json genesis() {
    nlohmann::json made = object(0);
    if (below(2) == 0) made["chain_id"] = below(4) == 0 ? value(1) : nlohmann::json("id-3");
    return made;
  }
  unsigned below(unsigned limit) {
    return std::uniform_int_distribution<unsigned>(0, limit - 1)(random_);
  }

 private:
  std::string text() {
    static const std::vector<std::string> kTexts = {
        "chain_id", "a",  "result", "genesis", "\"chain_id\":\"no\"", "}",      "{\"",
        "\\",       "",   "\\\"",   "\n\t",    "app_state",           "\\\\\"", "\u00e9",
        "jsonrpc",  ",:", "id-1",   "id-2",    std::string(60, 'i'),  "[",      "]}"};
    return kTexts[below(static_cast<unsigned>(kTexts.size()))];
  }
  nlohmann::json value(unsigned depth) {
    switch (below(depth > 4 ? 5 : 8)) {
      case 0:
        return nullptr;
      case 1:
        return below(2) == 0;
      case 2:
        return static_cast<int>(below(2000)) - 1000;
      case 3:
        return below(1000) / 7.0;
      case 4:
        return text();
      case 5: {
        nlohmann::json list = nlohmann::json::array();
        for (unsigned i = below(4); i > 0; --i) list.push_back(value(depth + 1));
        return list;
      }
      default:
        return object(depth);
    }
  }
  std::mt19937 random_;
};

std::optional<std::string> as_parsed(const nlohmann::json& whole) {
  const auto found = whole.find("chain_id");
  if (found == whole.end() || !found->is_string()) return std::nullopt;
  const auto id = found->get<std::string>();
  if (id.empty() || id.size() > 50) return std::nullopt;
  return id;
}

bool is_rpc_answer(const nlohmann::json& whole) {
  const auto at = nlohmann::json::json_pointer("/result/genesis");
  if (!whole.contains("result") || !whole["result"].is_object() || !whole.contains(at))
    return false;
  return whole[at].is_object() && as_parsed(whole[at]).has_value();
}

TEST(Genesis, OfAnyTextItIsWhatAParserFinds) {
  unsigned with = 0, at_the_end = 0;
  for (unsigned seed = 0; seed < 4'000; ++seed) {
    AnyGenesis any(seed);
    const nlohmann::json whole = any.genesis();
    if (is_rpc_answer(whole)) continue;
    const auto expected = as_parsed(whole);
    with += expected ? 1 : 0;
    for (const int indent : {-1, 1}) {
      const std::string text = whole.dump(indent, ' ', any.below(2) == 0);
      const GenesisLimits limits = {
          .beginning = 1 + any.below(40), .end = 1 + any.below(80), .in_order = 1u << 20};
      ASSERT_EQ(chain_id(text, limits), expected) << seed << ": " << text;
      ASSERT_EQ(chain_id(text), expected) << seed << ": " << text;
      const auto tail =
          scan_from_end(std::string_view(text).substr(std::min<std::size_t>(1, text.size())));
      at_the_end += tail.is == GenesisTail::Is::found ? 1 : 0;
    }
  }
  EXPECT_GT(with, 1000u);
  EXPECT_GT(at_the_end, 1000u);
}

TEST(Genesis, OfAnyTextThatIsCutOffItIsThatOfTheWholeOrNone) {
  for (unsigned seed = 0; seed < 4'000; ++seed) {
    AnyGenesis any(seed);
    const nlohmann::json whole = any.genesis();
    if (is_rpc_answer(whole)) continue;
    const std::string text = whole.dump();
    const std::string part = text.substr(0, any.below(static_cast<unsigned>(text.size())));
    const auto found = chain_id(part, {.beginning = 1, .end = 1u << 16, .in_order = 1u << 20});
    if (found) {
      ASSERT_EQ(found, as_parsed(whole)) << seed << ": " << part;
    }
  }
}

TEST(Genesis, AFileThatIsNotThereIsNoErrorAndOneWithoutAChainIdIs) {
  const auto missing = read_chain_id("/nonexistent/genesis.json");
  ASSERT_TRUE(missing);
  EXPECT_FALSE(*missing);
  EXPECT_FALSE(read_chain_id("/dev/null"));
  EXPECT_FALSE(read_chain_id(PEERAGE_VECTORS "/config/config-v1.0.1.toml"));
}

// The file has holes, and takes no room.
TEST(Genesis, OfGigabytesTheEndsAloneAreRead) {
  const test::TemporaryDirectory folder;
  const auto file = folder.path() / "genesis.json";
  std::ofstream(file) << R"({"app_hash":"","app_state":")";
  std::filesystem::resize_file(file, std::uintmax_t{5} << 30);
  std::ofstream(file, std::ios::app) << R"(","chain_id":"big-1"})" << '\n';
  const auto found = read_chain_id(file);
  ASSERT_TRUE(found) << found.error().text();
  EXPECT_EQ(*found, "big-1");
}

}  // namespace
}  // namespace peerage::cmd
