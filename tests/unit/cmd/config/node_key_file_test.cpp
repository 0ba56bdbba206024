#include "cmd/config/node_key_file.h"

#include <fstream>
#include <iterator>
#include <sstream>
#include <string>

#include <gtest/gtest.h>

#include "tests/support/files.h"

namespace peerage::cmd {
namespace {

using conn::Reason;
using test::TemporaryDirectory;

void write_file(const std::filesystem::path& path, const std::string& text) {
  std::ofstream(path) << text;
}

std::string read_file(const std::filesystem::path& path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), {}};
}

TEST(OwnKey, IsMadeWithItsDirectoriesAndStaysTheSame) {
  const TemporaryDirectory directory;
  const auto file = directory.path() / "home" / "config" / "node_key.json";
  const auto made = load_or_create_key(file);
  ASSERT_TRUE(made) << made.error().text();
  const auto again = load_or_create_key(file);
  ASSERT_TRUE(again) << again.error().text();
  EXPECT_EQ(made->id(), again->id());
}

TEST(OwnKey, IsNotCreatedOverAnother) {
  const TemporaryDirectory directory;
  const auto file = directory.path() / "config" / "node_key.json";
  const auto made = create_key(file);
  ASSERT_TRUE(made) << made.error().text();
  const auto another = create_key(file);
  ASSERT_FALSE(another);
  EXPECT_EQ(another.error().reason, Reason::key_file_unwritable);
  EXPECT_EQ(load_or_create_key(file)->id(), made->id());
}

TEST(OwnKey, AFileThatOthersMayReadOrChangeIsNoticedWithItsMode) {
  const TemporaryDirectory directory;
  const auto file = directory.path() / "node_key.json";
  EXPECT_EQ(mode_open_to_others(file), std::nullopt) << "there is none";
  ASSERT_TRUE(create_key(file));
  EXPECT_EQ(mode_open_to_others(file), std::nullopt) << "as we make it";
  using Permissions = std::filesystem::perms;
  for (const unsigned mode : {0640U, 0604U, 0644U, 0620U, 0602U, 0601U, 0777U, 0440U}) {
    std::filesystem::permissions(file, Permissions(mode));
    std::ostringstream octal;
    octal << std::oct << mode;
    EXPECT_EQ(mode_open_to_others(file), octal.str());
  }
  for (const unsigned mode : {0600U, 0400U, 0700U}) {
    std::filesystem::permissions(file, Permissions(mode));
    EXPECT_EQ(mode_open_to_others(file), std::nullopt) << mode;
  }
}

TEST(OwnKey, OfAHomeIsInNoFileBeforeItIsSaved) {
  const TemporaryDirectory directory;
  const auto file = directory.path() / "config" / "node_key.json";
  auto found = HomeKey::find(file);
  ASSERT_TRUE(found) << found.error().text();
  EXPECT_TRUE(found->is_new());
  EXPECT_EQ(directory.entries(), 0u);
  const conn::NodeId id = found->take().id();
  ASSERT_TRUE(found->save());
  EXPECT_EQ(conn::NodeKey::load(file)->id(), id);
  EXPECT_EQ(found->id(), id);
  const auto again = HomeKey::find(file);
  ASSERT_TRUE(again);
  EXPECT_FALSE(again->is_new());
  EXPECT_TRUE(again->save()) << "nothing is to be done";
  EXPECT_EQ(conn::NodeKey::load(file)->id(), id);
}

TEST(OwnKey, OfAHomeDoesNotReplaceOneThatWasMadeMeanwhile) {
  const TemporaryDirectory directory;
  const auto file = directory.path() / "config" / "node_key.json";
  const auto found = HomeKey::find(file);
  ASSERT_TRUE(found);
  const auto other = create_key(file);
  ASSERT_TRUE(other);
  const auto saved = found->save();
  ASSERT_FALSE(saved);
  EXPECT_EQ(saved.error().reason, Reason::io_error) << "the next start takes the other's";
  EXPECT_EQ(conn::NodeKey::load(file)->id(), other->id());
}

TEST(OwnKey, ADamagedFileIsAnErrorAndStays) {
  const TemporaryDirectory directory;
  const auto file = directory.path() / "node_key.json";
  write_file(file, "{}");
  const auto key = load_or_create_key(file);
  ASSERT_FALSE(key);
  EXPECT_EQ(key.error().reason, Reason::key_file_malformed);
  EXPECT_EQ(read_file(file), "{}");
}

TEST(OwnKey, ADirectoryThatCannotBeMadeIsNamed) {
  const TemporaryDirectory directory;
  write_file(directory.path() / "file", "");
  const auto key = load_or_create_key(directory.path() / "file" / "config" / "node_key.json");
  ASSERT_FALSE(key);
  EXPECT_EQ(key.error().reason, Reason::key_file_unwritable);
  EXPECT_NE(key.error().text().find("file/config"), std::string::npos) << key.error().text();
}

TEST(OwnKey, OfAnOptionIsReadOnlyNeverMade) {
  const TemporaryDirectory directory;
  const auto file = directory.path() / "node_key.json";
  const auto missing = key_of_option(file);
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().reason, Reason::key_file_missing);
  const auto made = load_or_create_key(file);
  const auto found = key_of_option(file);
  ASSERT_TRUE(made && found);
  EXPECT_EQ(found->id(), made->id());
  const auto none = key_of_option("");
  ASSERT_TRUE(none);
  EXPECT_NE(none->id(), made->id());
}

}  // namespace
}  // namespace peerage::cmd
