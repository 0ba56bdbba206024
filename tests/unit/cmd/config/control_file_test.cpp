#include "cmd/config/control_file.h"

#include <fstream>
#include <random>
#include <string>

#include <gtest/gtest.h>
#include <sys/stat.h>

#include "tests/support/files.h"

namespace peerage::cmd {
namespace {

namespace fs = std::filesystem;

const std::string kA = std::string(40, 'a'), kB = std::string(40, 'b');

conn::HostAddress address(const std::string& text) {
  return *conn::HostAddress::parse(text);
}
conn::NodeId id(const std::string& text) {
  return *conn::NodeId::parse(text);
}

// The first mistake, as "LINE: TEXT"; empty: there is none.
std::string mistake_in(const std::string& toml) {
  const auto reading = parse_control_file(toml);
  if (reading.findings.empty()) return "";
  const Finding& first = reading.findings.front();
  EXPECT_EQ(first.severity, Severity::error);
  return std::to_string(first.line) + ": " + first.text;
}

class ControlFile : public testing::Test {
 protected:
  void put(const std::string& name, const std::string& text) const {
    const auto path = home.path() / name;
    fs::create_directories(path.parent_path());
    std::ofstream(path) << text;
  }
  fs::path file() const { return control_file_of(home.path()); }
  SettingsReading read() const {
    auto reading = read_settings(home.path(), {}, {}, Listing::brief);
    merge_control_file(reading.settings, reading.findings);
    return reading;
  }

  test::TemporaryDirectory home;
};

// --- the words ---

TEST(ListWords, TheLastWordAboutAnEntryCounts) {
  ListWords<conn::NodeId> words;
  EXPECT_TRUE(words.say(id(kA), Word::added));
  EXPECT_FALSE(words.say(id(kA), Word::added)) << "it is the word already";
  EXPECT_TRUE(words.say(id(kA), Word::removed));
  EXPECT_EQ(words.size(), 1u);
  EXPECT_TRUE(words.on({id(kA), id(kB)}) == std::vector{id(kB)});
}

TEST(ListWords, AListKeepsItsOrderAndNothingIsInItTwice) {
  ListWords<conn::NodeId> words;
  words.say(id(kA), Word::added);
  words.say(id(std::string(40, 'c')), Word::added);
  EXPECT_EQ(words.on({id(kB), id(kA)}), (std::vector{id(kB), id(kA), id(std::string(40, 'c'))}));
  EXPECT_EQ(words.on({}), (std::vector{id(kA), id(std::string(40, 'c'))}));
}

TEST(ListWords, AnAddressIsItselfAsItIsWritten) {
  ListWords<conn::HostAddress> words;
  words.say(address(kA + "@host:1"), Word::removed);
  const std::vector list = {address(kA + "@host:2"), address(kA + "@other:1")};
  EXPECT_EQ(words.on(list), list);
}

// --- the text ---

TEST(ControlFileText, IsReadAsItWasWritten) {
  ControlWords words;
  words.persistent_peers.say(address(kA + "@203.0.113.7:26656"), Word::added);
  words.persistent_peers.say(address(kB + "@[2001:db8::1]:1"), Word::removed);
  words.seeds.say(address(kA + "@seed.example.org:26656"), Word::added);
  words.unconditional_ids.say(id(kA), Word::removed);
  words.private_ids.say(id(kB), Word::added);
  const auto reading = parse_control_file(control_file_text(words));
  EXPECT_TRUE(reading.findings.empty());
  EXPECT_EQ(reading.words, words);
}

TEST(ControlFileText, HasALineForEachEntry) {
  ControlWords words;
  words.seeds.say(address(kA + "@h:1"), Word::added);
  const std::string text = control_file_text(words);
  EXPECT_NE(text.find("\n[seeds]\n\"" + kA + "@h:1\" = \"added\"\n"), std::string::npos) << text;
  EXPECT_EQ(text.find("persistent"), std::string::npos) << "lists without words are not there";
}

TEST(ControlFileText, NothingAtAllHasNoWords) {
  const auto reading = parse_control_file("");
  EXPECT_TRUE(reading.findings.empty());
  EXPECT_TRUE(reading.words.empty());
}

TEST(ControlFileText, AMistakeIsNamedWithItsLine) {
  EXPECT_TRUE(mistake_in("[seeds]\n\nbad = \"added\"").starts_with("3: \"bad\""));
  EXPECT_TRUE(mistake_in("[seeds]\n\"" + kA + "\" = \"added\"").starts_with("2: "));
  EXPECT_EQ(mistake_in("[private_peer_ids]\n" + kA + " = \"maybe\""),
            "2: \"" + kA + "\" must be \"added\" or \"removed\"");
  EXPECT_EQ(mistake_in("[private_peer_ids]\n" + kA + " = true"),
            "2: \"" + kA + "\" must be \"added\" or \"removed\"");
  EXPECT_EQ(mistake_in("[private_peer_ids]\n" + kA + ".x = 1"),
            "2: \"" + kA + "\" must be \"added\" or \"removed\"");
  EXPECT_EQ(mistake_in("# a\nseeds = \"x\""), "2: seeds must be a table");
  EXPECT_EQ(mistake_in("[[seeds]]\nx = 1"), "1: seeds must be a table");
  EXPECT_EQ(mistake_in("\n[named_nodes]\n"),
            "2: \"named_nodes\" is no list that `peerage ctl` writes");
  EXPECT_EQ(mistake_in("\nseeds_ = 1"), "2: \"seeds_\" is no list that `peerage ctl` writes");
  EXPECT_NE(mistake_in("[seeds]\n\"" + kA + "@h:0\" = \"added\"").find("port 0"),
            std::string::npos);
  EXPECT_TRUE(mistake_in("[seeds\n").starts_with("1: "));
}

TEST(ControlFileText, AnEntryInTwoFormsIsNotTakenTwice) {
  std::string upper = kA;
  for (char& c : upper) c = 'A';
  const std::string twice =
      "[private_peer_ids]\n" + kA + " = \"added\"\n" + upper + " = \"removed\"\n";
  EXPECT_NE(mistake_in(twice), "");
}

TEST(ControlFileText, WhatIsQuotedIsPrintable) {
  const std::string said = mistake_in("[seeds]\n\"\\u001b[31m\" = \"added\"\n\"\\u0007\" = 1");
  EXPECT_NE(said, "");
  for (const char c : said) EXPECT_GE(c, ' ') << said;
}

TEST(ControlFileText, HasABoundOnEntriesAndOnMistakes) {
  std::string text = "[private_peer_ids]\n", bad = "[seeds]\n";
  for (std::size_t i = 0; i <= ControlWords::kMostWords; ++i) {
    std::string digits = std::to_string(i);
    digits.insert(0, 40 - digits.size(), '0');
    text.append("\"").append(digits).append("\" = \"added\"\n");
    bad.append("x").append(digits).append(" = \"added\"\n");
  }
  EXPECT_NE(mistake_in(text).find("more than 4096"), std::string::npos);
  EXPECT_EQ(parse_control_file(bad).findings.size(), 20u);
}

// Bytes of a file that something has damaged: an error, or words that can be written and read.
TEST(ControlFileText, DamageIsAnErrorOrStillAFile) {
  ControlWords words;
  for (char digit = '0'; digit <= '9'; ++digit) {
    words.seeds.say(address(std::string(40, digit) + "@h:1"), Word::added);
    words.private_ids.say(id(std::string(40, digit)), Word::removed);
  }
  const std::string whole = control_file_text(words);
  std::mt19937 random(5);
  std::size_t read = 0;
  for (int round = 0; round < 3000; ++round) {
    std::string text = whole;
    for (std::size_t changes = 1 + random() % 3; changes > 0; --changes) {
      text[random() % text.size()] = static_cast<char>(random());
    }
    if (random() % 4 == 0) text.resize(random() % text.size());
    const auto reading = parse_control_file(text);
    if (!reading.findings.empty()) continue;
    ++read;
    const auto again = parse_control_file(control_file_text(reading.words));
    ASSERT_TRUE(again.findings.empty()) << text;
    ASSERT_EQ(again.words, reading.words);
  }
  EXPECT_GT(read, 100u) << "some of it only changes a comment or a digit";
}

// --- the file ---

TEST_F(ControlFile, AMissingFileHasNoWords) {
  const auto words = read_control_file(file());
  ASSERT_TRUE(words);
  EXPECT_TRUE(words->empty());
}

TEST_F(ControlFile, IsForItsOwnerAloneWhateverTheUmask) {
  const test::Umask open(0);
  ControlWords words;
  words.private_ids.say(id(kA), Word::added);
  ASSERT_TRUE(write_control_file(file(), words));
  struct stat status {};
  ASSERT_EQ(::stat(file().c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 07777, 0600u);
  EXPECT_EQ(*read_control_file(file()), words);
}

TEST_F(ControlFile, AFailureNamesTheFileAndTheLine) {
  put("data/control.toml", "[seeds]\nx = \"added\"\n");
  const auto words = read_control_file(file());
  ASSERT_FALSE(words);
  EXPECT_TRUE(words.error().detail.starts_with(file().string() + ": line 2: "))
      << words.error().detail;
}

TEST_F(ControlFile, WhatIsNoFileOrTooLongIsAFailure) {
  fs::create_directories(file());
  EXPECT_FALSE(read_control_file(file()));
  EXPECT_FALSE(write_control_file(file(), {}));
  fs::remove(file());
  put("data/control.toml", std::string((1u << 20) + 1, '#'));
  const auto words = read_control_file(file());
  ASSERT_FALSE(words);
  EXPECT_NE(words.error().detail.find("over 1 MiB"), std::string::npos);
}

// --- merging ---

TEST_F(ControlFile, WinsOverTheFileEntryByEntry) {
  put("config/config.toml", "[p2p]\nseeds = \"" + kA + "@h:1," + kB + "@h:2\"\n");
  put("data/control.toml",
      "[seeds]\n\"" + kA + "@h:1\" = \"removed\"\n\"" + kA + "@h:9\" = \"added\"\n");
  const auto reading = read();
  EXPECT_EQ(reading.settings.config.seeds,
            (std::vector{address(kB + "@h:2"), address(kA + "@h:9")}));
  ASSERT_EQ(reading.findings.size(), 1u) << "what it takes away is told";
  EXPECT_EQ(reading.findings[0].severity, Severity::notice);
  EXPECT_EQ(reading.findings[0].text,
            "p2p.seeds: " + kA + "@h:1 has no effect: " + file().string() + " removes it");
}

TEST_F(ControlFile, WinsOverTheCommandLine) {
  put("data/control.toml", "[persistent_peers]\n\"" + kA + "@h:9\" = \"added\"\n");
  Flags flags;
  flags.persistent_peers = kB + "@h:2";
  auto reading = read_settings(home.path(), flags, {}, Listing::brief);
  merge_control_file(reading.settings, reading.findings);
  EXPECT_EQ(reading.settings.config.p2p.persistent_peers,
            (std::vector{address(kB + "@h:2"), address(kA + "@h:9")}));
  EXPECT_EQ(reading.settings.origins.at("p2p.persistent_peers").name, "--persistent-peers");
}

TEST_F(ControlFile, AListThatNothingElseNamesComesFromIt) {
  put("data/control.toml", "[private_peer_ids]\n" + kA + " = \"added\"\n");
  const auto reading = read();
  EXPECT_TRUE(reading.findings.empty());
  EXPECT_EQ(reading.settings.config.p2p.private_peer_ids, std::vector{id(kA)});
  EXPECT_EQ(reading.settings.origins.at("p2p.private_peer_ids").name, file().string());
}

TEST_F(ControlFile, ItsMistakesAreErrorsWithFileAndLine) {
  put("data/control.toml", "[seeds]\nx = \"added\"\n");
  const auto reading = read();
  const Finding* const error = first_error(reading.findings);
  ASSERT_NE(error, nullptr);
  EXPECT_EQ(error->where, file().string());
  EXPECT_EQ(error->line, 2u);
}

}  // namespace
}  // namespace peerage::cmd
