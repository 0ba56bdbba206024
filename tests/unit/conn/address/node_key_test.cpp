#include "conn/address/node_key.h"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <map>
#include <string>
#include <thread>
#include <vector>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/support/files.h"
#include "tests/support/hex.h"
#include "tests/support/vectors.h"

namespace peerage::conn {
namespace {

namespace fs = std::filesystem;

using Directory = test::TemporaryDirectory;
using test::Umask;

void write(const fs::path& file, std::string_view text) {
  std::ofstream(file, std::ios::binary) << text;
}
std::string read(const fs::path& file) {
  std::ifstream stream(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(stream), {}};
}
unsigned mode_of(const fs::path& file) {
  struct stat status {};
  EXPECT_EQ(::stat(file.c_str(), &status), 0);
  return status.st_mode & 07777u;
}
Secret<32> seed_of(std::uint8_t first) {
  Secret<32> seed;
  seed.writable()[0] = first;
  return seed;
}
std::string json_of(std::string_view type, std::string_view value) {
  return R"({"priv_key":{"type":")" + std::string(type) + R"(","value":")" + std::string(value) +
         R"("}})";
}
std::string value_of(ByteView bytes) {
  return json_of("tendermint/PrivKeyEd25519", to_base64(bytes));
}
Reason reason_of(const Result<NodeKey>& key) {
  EXPECT_FALSE(key);
  EXPECT_EQ(key.error().stage, Stage::configuration);
  return key.error().reason;
}

TEST(NodeKey, IsTheOneThatTheGoNodeMakesFromTheSeed) {
  const auto cases = test::load_vectors("node_id").at("keys");
  ASSERT_EQ(cases.size(), 10u);
  for (const auto& recorded : cases) {
    const auto seed = test::hex_array<32>(recorded.at("seed").get<std::string>());
    const NodeKey key = NodeKey::from_seed(Secret<32>{std::span<const std::uint8_t, 32>(seed)});
    EXPECT_EQ(to_hex(key.public_key().bytes), recorded.at("pub_key"));
    EXPECT_EQ(key.id().to_string(), recorded.at("id"));
    EXPECT_EQ(key.to_json(), recorded.at("node_key_json"));
    const std::string message = recorded.at("sign_msg_ascii");
    EXPECT_EQ(to_hex(key.sign(as_bytes(message))), recorded.at("signature"));
  }
}

TEST(NodeKey, AGeneratedOneIsAnotherEachTime) {
  EXPECT_NE(NodeKey::generate().id(), NodeKey::generate().id());
}

TEST(NodeKey, IsReadFromTheFileThatTheGoNodeWrites) {
  const auto cases = test::load_vectors("node_id").at("keys");
  ASSERT_EQ(cases.size(), 10u);
  for (const auto& recorded : cases) {
    const auto key = NodeKey::parse(recorded.at("node_key_json").get<std::string>());
    ASSERT_TRUE(key);
    EXPECT_EQ(key->id().to_string(), recorded.at("id"));
    EXPECT_EQ(key->to_json(), recorded.at("node_key_json"));
  }
}

// The recorded files, by what we say to them when it is not the Go node's verdict.
const std::map<std::size_t, std::pair<Reason, std::string_view>> kStricter = {
    {3, {Reason::key_type_unsupported, "a secp256k1 key loads, but every peer refuses it"}},
    {5, {Reason::key_file_malformed, "a key of three bytes makes the Go node panic later"}},
    {7, {Reason::key_file_malformed, "a null key makes the Go node panic later"}},
    {8, {Reason::key_file_malformed, "no key at all makes the Go node panic later"}},
};

TEST(NodeKey, IsJudgedAsTheGoNodeJudgesItOrMoreStrictly) {
  const auto cases = test::load_vectors("node_id").at("load_node_key");
  ASSERT_EQ(cases.size(), 11u);
  std::size_t stricter = 0;
  for (std::size_t i = 0; i < cases.size(); ++i) {
    const auto& recorded = cases[i];
    const std::string text = recorded.at("file");
    SCOPED_TRACE(text);
    const auto key = NodeKey::parse(text);
    if (const auto exception = kStricter.find(i); exception != kStricter.end()) {
      ++stricter;
      EXPECT_TRUE(recorded.at("error").is_null());
      EXPECT_EQ(reason_of(key), exception->second.first) << exception->second.second;
      continue;
    }
    ASSERT_EQ(key.has_value(), recorded.at("error").is_null());
    if (key) {
      EXPECT_EQ(key->id().to_string(), recorded.at("id"));
    } else {
      const bool unknown_type =
          recorded.at("error").get<std::string>().find("unknown type") != std::string::npos;
      EXPECT_EQ(reason_of(key),
                unknown_type ? Reason::key_type_unsupported : Reason::key_file_malformed);
    }
  }
  EXPECT_EQ(stricter, kStricter.size());
}

TEST(NodeKey, WithAPublicHalfOfAnotherSeedIsMalformed) {
  const NodeKey key = NodeKey::from_seed(seed_of(1));
  ByteArray<64> bytes{};
  bytes[0] = 1;
  std::copy(key.public_key().bytes.begin(), key.public_key().bytes.end(), bytes.begin() + 32);
  ASSERT_TRUE(NodeKey::parse(value_of(bytes)));
  bytes[63] ^= 1;
  EXPECT_EQ(reason_of(NodeKey::parse(value_of(bytes))), Reason::key_file_malformed);
}

TEST(NodeKey, OfAnyOtherLengthThan64BytesIsMalformed) {
  for (const std::size_t size : {0u, 1u, 32u, 63u, 65u, 128u}) {
    EXPECT_EQ(reason_of(NodeKey::parse(value_of(Bytes(size, 1)))), Reason::key_file_malformed)
        << size;
  }
}

// Go's decoder skips line breaks and ignores unused bits; no program writes such a file.
TEST(NodeKey, InSlovenlyBase64IsMalformed) {
  const std::string good = NodeKey::from_seed(seed_of(1)).to_json();
  const std::size_t value = good.find("==\"");
  ASSERT_NE(value, std::string::npos);
  for (const std::string_view instead : {"\"", "=\"", "===\"", "==\\n\"", "== \""}) {
    std::string bad = good;
    bad.replace(value, 3, instead);
    EXPECT_EQ(reason_of(NodeKey::parse(bad)), Reason::key_file_malformed) << instead;
  }
  // The last digit before the padding carries four bits that mean nothing.
  std::string loose = good;
  ASSERT_TRUE(loose[value - 1] == 'A' || loose[value - 1] == 'Q' || loose[value - 1] == 'g' ||
              loose[value - 1] == 'w');
  loose[value - 1] = static_cast<char>(loose[value - 1] + 1);
  EXPECT_EQ(reason_of(NodeKey::parse(loose)), Reason::key_file_malformed);
}

TEST(NodeKey, InTextThatIsNotAKeyIsMalformed) {
  for (const std::string& text :
       {std::string("{"), std::string("null"), std::string("1"), std::string("\"priv_key\""),
        std::string(R"({"priv_key":[]})"), std::string(R"({"priv_key":{}})"),
        std::string(R"({"priv_key":{"type":1,"value":""}})"),
        std::string(R"({"priv_key":{"type":"tendermint/PrivKeyEd25519","value":null}})"),
        std::string(R"({"Priv_Key":{}})"), std::string("\xff\xfe"), std::string("\0", 1),
        NodeKey::from_seed(seed_of(1)).to_json() + "x", std::string(60000, '[')}) {
    EXPECT_EQ(reason_of(NodeKey::parse(text)), Reason::key_file_malformed) << text.substr(0, 80);
  }
}

TEST(NodeKey, OfAnUnsupportedTypeIsNamedSafely) {
  const auto key = NodeKey::parse(json_of("\\u001b[31m", "AAAA"));
  EXPECT_EQ(reason_of(key), Reason::key_type_unsupported);
  EXPECT_EQ(key.error().detail.find('\x1b'), std::string::npos);
}

TEST(NodeKey, ErrorsNeverContainTheSecret) {
  const std::string value = to_base64(Bytes(64, 0x5a));
  for (const std::string& text :
       {json_of("tendermint/PrivKeyEd25519", value), json_of("other", value), value + "{",
        json_of("tendermint/PrivKeyEd25519", value.substr(4))}) {
    const auto key = NodeKey::parse(text);
    ASSERT_FALSE(key);
    EXPECT_EQ(key.error().text().find("Wlpa"), std::string::npos);
  }
}

TEST(NodeKey, SignaturesAreVerifiedByItsPublicKey) {
  const NodeKey key = NodeKey::from_seed(seed_of(7));
  EXPECT_TRUE(key.public_key().verify(as_bytes("message"), key.sign(as_bytes("message"))));
  EXPECT_TRUE(key.public_key().verify({}, key.sign({})));
}

TEST(NodeKeyFile, IsSavedByteForByteAsTheGoNodeSavesIt) {
  const Directory directory;
  const NodeKey key = NodeKey::from_seed(seed_of(1));
  ASSERT_TRUE(key.save_new(directory / "node_key.json"));
  EXPECT_EQ(read(directory / "node_key.json"), key.to_json());
  const auto loaded = NodeKey::load(directory / "node_key.json");
  ASSERT_TRUE(loaded);
  EXPECT_EQ(loaded->id(), key.id());
}

TEST(NodeKeyFile, IsForItsOwnerOnlyWhateverTheUmask) {
  const Directory directory;
  for (const mode_t mask : {0u, 022u, 0277u, 0777u}) {
    const fs::path file = directory / std::to_string(mask);
    const Umask umask(mask);
    ASSERT_TRUE(NodeKey::from_seed(seed_of(1)).save_new(file)) << mask;
    EXPECT_EQ(mode_of(file), 0600u) << mask;
  }
}

TEST(NodeKeyFile, ThatExistsIsNeverReplaced) {
  const Directory directory;
  const fs::path file = directory / "node_key.json";
  write(file, "something of value");
  const auto saved = NodeKey::from_seed(seed_of(1)).save_new(file);
  ASSERT_FALSE(saved);
  EXPECT_EQ(saved.error().reason, Reason::key_file_unwritable);
  EXPECT_EQ(read(file), "something of value");
}

// A dangling link has no file behind it; writing through it could put a secret anywhere.
TEST(NodeKeyFile, IsNotWrittenThroughADanglingLink) {
  const Directory directory;
  fs::create_symlink(directory / "elsewhere", directory / "node_key.json");
  const auto key = NodeKey::load_or_create(directory / "node_key.json", seed_of(1));
  EXPECT_EQ(reason_of(key), Reason::key_file_unwritable);
  EXPECT_FALSE(fs::exists(directory / "elsewhere"));
}

TEST(NodeKeyFile, LeavesNoTemporaryFileBehind) {
  const Directory directory;
  const NodeKey key = NodeKey::from_seed(seed_of(1));
  ASSERT_TRUE(key.save_new(directory / "node_key.json"));
  ASSERT_FALSE(key.save_new(directory / "node_key.json"));
  EXPECT_EQ(directory.entries(), 1u);
}

TEST(NodeKeyFile, InADirectoryThatIsMissingCannotBeSaved) {
  const Directory directory;
  const auto saved = NodeKey::from_seed(seed_of(1)).save_new(directory / "none/node_key.json");
  ASSERT_FALSE(saved);
  EXPECT_EQ(saved.error().reason, Reason::key_file_unwritable);
  EXPECT_NE(saved.error().detail.find("none/node_key.json"), std::string::npos);
}

TEST(NodeKeyFile, IsWonByExactlyOneOfSeveralSavesAtOnce) {
  const Directory directory;
  const fs::path file = directory / "node_key.json";
  std::array<bool, 8> won{};
  std::vector<std::thread> threads;
  for (std::uint8_t i = 0; i < won.size(); ++i) {
    threads.emplace_back(
        [&, i] { won[i] = NodeKey::from_seed(seed_of(i)).save_new(file).has_value(); });
  }
  for (std::thread& thread : threads) thread.join();
  ASSERT_EQ(std::count(won.begin(), won.end(), true), 1);
  const auto winner =
      static_cast<std::uint8_t>(std::find(won.begin(), won.end(), true) - won.begin());
  EXPECT_EQ(NodeKey::load(file)->id(), NodeKey::from_seed(seed_of(winner)).id());
  EXPECT_EQ(directory.entries(), 1u);
}

TEST(NodeKeyFile, ThatIsMissingIsAReasonOfItsOwn) {
  const Directory directory;
  const auto key = NodeKey::load(directory / "node_key.json");
  EXPECT_EQ(reason_of(key), Reason::key_file_missing);
  EXPECT_NE(key.error().detail.find("node_key.json"), std::string::npos);
}

TEST(NodeKeyFile, ThatIsNoRegularFileIsUnreadable) {
  const Directory directory;
  fs::create_directory(directory / "directory");
  EXPECT_EQ(reason_of(NodeKey::load(directory / "directory")), Reason::key_file_unreadable);
  ASSERT_EQ(::mkfifo((directory / "fifo").c_str(), 0600), 0);
  EXPECT_EQ(reason_of(NodeKey::load(directory / "fifo")), Reason::key_file_unreadable);
  EXPECT_EQ(reason_of(NodeKey::load("/dev/zero")), Reason::key_file_unreadable);
  write(directory / "file", "x");
  EXPECT_EQ(reason_of(NodeKey::load(directory / "file/node_key.json")),
            Reason::key_file_unreadable);
  fs::create_symlink("loop", directory / "loop");
  EXPECT_EQ(reason_of(NodeKey::load(directory / "loop")), Reason::key_file_unreadable);
}

TEST(NodeKeyFile, ThatWeMayNotReadIsUnreadable) {
  if (::geteuid() == 0) GTEST_SKIP() << "root may read everything";
  const Directory directory;
  write(directory / "node_key.json", "{}");
  fs::permissions(directory / "node_key.json", fs::perms::none);
  EXPECT_EQ(reason_of(NodeKey::load(directory / "node_key.json")), Reason::key_file_unreadable);
}

TEST(NodeKeyFile, IsReadUpTo64KiB) {
  const Directory directory;
  const std::string key = NodeKey::from_seed(seed_of(1)).to_json();
  write(directory / "full", key + std::string((64 << 10) - key.size(), ' '));
  EXPECT_TRUE(NodeKey::load(directory / "full"));
  write(directory / "over", key + std::string((64 << 10) - key.size() + 1, ' '));
  EXPECT_EQ(reason_of(NodeKey::load(directory / "over")), Reason::key_file_malformed);
}

TEST(NodeKeyFile, NamesItselfInItsErrorsSafely) {
  const Directory directory;
  const auto key = NodeKey::load(directory / "a\x1b[31m");
  EXPECT_EQ(reason_of(key), Reason::key_file_missing);
  EXPECT_EQ(key.error().detail.find('\x1b'), std::string::npos);
}

TEST(NodeKeyFile, ThatIsDamagedIsNeverRegenerated) {
  const Directory directory;
  for (const std::string_view damaged : {"", "{", "{}"}) {
    write(directory / "node_key.json", damaged);
    const auto key = NodeKey::load_or_create(directory / "node_key.json", seed_of(1));
    EXPECT_EQ(reason_of(key), Reason::key_file_malformed);
    EXPECT_NE(key.error().detail.find("node_key.json"), std::string::npos);
    EXPECT_EQ(read(directory / "node_key.json"), damaged);
  }
}

TEST(NodeKeyFile, IsMadeOnceAndLoadedFromThenOn) {
  const Directory directory;
  const auto made = NodeKey::load_or_create(directory / "node_key.json", seed_of(1));
  ASSERT_TRUE(made);
  EXPECT_EQ(made->id(), NodeKey::from_seed(seed_of(1)).id());
  const auto loaded = NodeKey::load_or_create(directory / "node_key.json", seed_of(2));
  ASSERT_TRUE(loaded);
  EXPECT_EQ(loaded->id(), made->id());
}

}  // namespace
}  // namespace peerage::conn
