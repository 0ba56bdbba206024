#include "cmd/base/unix_socket.h"

#include <fstream>

#include <gtest/gtest.h>
#include <sys/stat.h>

#include "tests/support/files.h"

namespace peerage::cmd {
namespace {

using conn::Reason;

TEST(SocketListener, IsForItsOwnerAloneWhateverTheUmask) {
  const test::TemporaryDirectory place;
  const test::Umask open(0);
  const auto listener = SocketListener::open(place / "s");
  ASSERT_TRUE(listener) << listener.error().text();
  struct stat there {};
  ASSERT_EQ(::stat((place / "s").c_str(), &there), 0);
  EXPECT_EQ(there.st_mode & 0777u, 0600u);
}

TEST(SocketListener, OneThatIsServedIsNotReplacedAndAStaleOneIs) {
  const test::TemporaryDirectory place;
  {
    const auto first = SocketListener::open(place / "s");
    ASSERT_TRUE(first);
    const auto second = SocketListener::open(place / "s");
    ASSERT_FALSE(second);
    EXPECT_EQ(second.error().reason, Reason::address_in_use);
    std::filesystem::rename(place / "s", place / "stale");
  }
  EXPECT_TRUE(std::filesystem::exists(place / "stale"));
  EXPECT_TRUE(SocketListener::open(place / "stale"));
}

TEST(SocketListener, AFileThatIsNoSocketIsLeftAlone) {
  const test::TemporaryDirectory place;
  std::ofstream(place / "file") << "precious";
  EXPECT_FALSE(SocketListener::open(place / "file"));
  EXPECT_TRUE(std::filesystem::exists(place / "file"));
}

TEST(SocketListener, APathThatIsTooLongIsAnErrorThatSaysSo) {
  const auto listener = SocketListener::open("/tmp/" + std::string(103, 'x'));
  ASSERT_FALSE(listener);
  EXPECT_NE(listener.error().detail.find("107"), std::string::npos);
}

TEST(SocketListener, TakesItsFileWithItUnlessAnotherHasTheName) {
  const test::TemporaryDirectory place;
  { ASSERT_TRUE(SocketListener::open(place / "s")); }
  EXPECT_FALSE(std::filesystem::exists(place / "s"));
  {
    const auto first = SocketListener::open(place / "s");
    ASSERT_TRUE(first);
    std::filesystem::remove(place / "s");
    std::ofstream(place / "s") << "another's";
  }
  EXPECT_TRUE(std::filesystem::exists(place / "s"));
}

}  // namespace
}  // namespace peerage::cmd
