// The file with the key of discovery.
#include "pex/discovery/key_file.h"

#include <fstream>
#include <iterator>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include "tests/support/files.h"

namespace peerage::pex {
namespace {

using conn::Reason;
using testing::HasSubstr;

class DiscoveryKeyFile : public testing::Test {
 protected:
  test::TemporaryDirectory directory;
  const std::filesystem::path file = directory.path() / "config" / "discovery_key";

  static void random(conn::MutableBytes bytes) { std::fill(bytes.begin(), bytes.end(), 7); }
  void write(const std::string& text) {
    std::filesystem::create_directories(file.parent_path());
    std::ofstream(file, std::ios::binary) << text;
  }
  std::string read() {
    std::ifstream stream(file, std::ios::binary);
    return {std::istreambuf_iterator<char>(stream), {}};
  }
  conn::Failure failure() {
    auto key = load_discovery_key(file);
    if (key) {
      ADD_FAILURE() << "it is a key";
      return {};
    }
    return key.error();
  }
};

TEST_F(DiscoveryKeyFile, IsMadeWhenThereIsNoneAndReadAfterwards) {
  const auto made = load_or_create_discovery_key(file, random);
  ASSERT_TRUE(made) << made.error().text();
  EXPECT_EQ(read(),
            std::string(32 * 2, '0').replace(0, 64, conn::to_hex(made->secret().view())) + "\n");
  const auto again = load_or_create_discovery_key(
      file, [](conn::MutableBytes) { ADD_FAILURE() << "there is one"; });
  ASSERT_TRUE(again);
  EXPECT_EQ(again->public_key(), made->public_key());
}

TEST_F(DiscoveryKeyFile, IsItsOwnersAloneWhateverTheUmask) {
  const test::Umask umask(0);
  const auto made = load_or_create_discovery_key(file, random);
  ASSERT_TRUE(made);
  struct stat status {};
  ASSERT_EQ(::stat(file.c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777, 0600u);
}

TEST_F(DiscoveryKeyFile, MayEndWithOrWithoutAnEndOfLineAndHaveEitherCase) {
  const std::string digits = "b71c71a67e1177ad4e901695e1b4b9ee17ae16c6668d313eac2f96dbcda3f291";
  for (const char* end : {"", "\n", "\r\n"}) {
    write(digits + end);
    EXPECT_TRUE(load_discovery_key(file)) << end;
  }
  std::string upper = digits;
  for (char& c : upper) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  write(upper);
  EXPECT_TRUE(load_discovery_key(file));
}

TEST_F(DiscoveryKeyFile, IsNoKeyWhenItIsAnythingElse) {
  const std::string order = "fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141";
  for (const std::string& text :
       {std::string(), std::string(63, '1'), std::string(65, '1'), std::string(64, 'g'),
        std::string(64, '0'), order, "0x" + std::string(62, '1'), std::string(10'000, '1')}) {
    write(text);
    const conn::Failure why = failure();
    EXPECT_EQ(why.reason, Reason::key_file_malformed) << text.substr(0, 70);
    EXPECT_THAT(why.detail, HasSubstr(file.string()));
    const auto started = load_or_create_discovery_key(file, random);
    ASSERT_FALSE(started);
    EXPECT_EQ(started.error().reason, Reason::key_file_malformed);
    EXPECT_EQ(read(), text) << "it is left as it is";
  }
}

TEST_F(DiscoveryKeyFile, IsNamedWhenItIsMissing) {
  const conn::Failure why = failure();
  EXPECT_EQ(why.reason, Reason::key_file_missing);
  EXPECT_THAT(why.detail, HasSubstr(file.string()));
}

TEST_F(DiscoveryKeyFile, IsNamedWhenItCannotBeWritten) {
  write("");  // makes the directory
  std::filesystem::remove(file);
  std::filesystem::remove(file.parent_path());
  std::ofstream(file.parent_path()) << "a file where the directory should be";
  const auto key = load_or_create_discovery_key(file, random);
  ASSERT_FALSE(key);
  EXPECT_THAT(key.error().detail, HasSubstr(file.string()));
}

}  // namespace
}  // namespace peerage::pex
