#include "cmd/base/child_process.h"

#include <algorithm>
#include <csignal>
#include <cstdlib>
#include <fstream>

#include <gtest/gtest.h>
#include <unistd.h>

namespace peerage::cmd {
namespace {

using namespace std::chrono_literals;

// The child is this test program once more.
class ChildProcessTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = std::filesystem::temp_directory_path() / "child-XXXXXX";
    ASSERT_NE(::mkdtemp(pattern.data()), nullptr);
    directory = pattern;
  }
  void TearDown() override { std::filesystem::remove_all(directory); }

  ChildProcess child(std::vector<std::string> arguments) {
    auto started = ChildProcess::start(arguments, directory / "log");
    EXPECT_TRUE(started);
    return std::move(*started);
  }
  ChildProcess sleeper() {
    return child({"--gtest_also_run_disabled_tests", "--gtest_filter=Child.DISABLED_Sleeps"});
  }

  std::filesystem::path directory;
};

// It is killed, and would leave behind what a fixture makes.
TEST(Child, DISABLED_Sleeps) {
  ::sleep(60);
}

TEST_F(ChildProcessTest, ItsLinesComeToUsAndGoToTheLog) {
  ChildProcess lister = child({"--gtest_list_tests"});
  ASSERT_TRUE(lister.wait(20s));
  EXPECT_EQ(lister.ended(), 0);
  const auto lines = lister.read_lines();
  EXPECT_NE(std::find(lines.begin(), lines.end(), "ChildProcessTest."), lines.end());
  EXPECT_EQ(lister.output(), -1);
  std::ifstream log(directory / "log");
  const std::string text(std::istreambuf_iterator<char>(log), {});
  EXPECT_NE(text.find("ChildProcessTest.\n"), std::string::npos);
}

TEST_F(ChildProcessTest, WaitingForOneThatGoesOnEndsInTime) {
  ChildProcess child = sleeper();
  EXPECT_FALSE(child.wait(50ms));
  EXPECT_FALSE(child.ended());
  child.signal(SIGTERM);
  ASSERT_TRUE(child.wait(20s));
  EXPECT_EQ(child.ended(), 128 + SIGTERM);
}

TEST_F(ChildProcessTest, ItDoesNotOutliveItsHolder) {
  pid_t id = 0;
  {
    const ChildProcess child = sleeper();
    id = child.id();
    EXPECT_EQ(::kill(id, 0), 0);
  }
  EXPECT_NE(::kill(id, 0), 0);
}

TEST_F(ChildProcessTest, SignalsForOurGroupAreNotForIt) {
  const ChildProcess child = sleeper();
  // It sets its group after the fork: soon.
  for (int i = 0; i < 1000 && ::getpgid(child.id()) != child.id(); ++i) ::usleep(1000);
  EXPECT_EQ(::getpgid(child.id()), child.id());
}

TEST_F(ChildProcessTest, OneThatWasMovedIsOneProcess) {
  ChildProcess first = sleeper();
  const pid_t id = first.id();
  ChildProcess second = std::move(first);
  EXPECT_EQ(second.id(), id);
  second = sleeper();
  EXPECT_NE(::kill(id, 0), 0);
}

TEST_F(ChildProcessTest, ALogThatCannotBeWrittenIsAFailure) {
  EXPECT_FALSE(ChildProcess::start({"version"}, directory / "none" / "log"));
}

}  // namespace
}  // namespace peerage::cmd
