#include "cmd/base/process.h"

#include <array>
#include <csignal>
#include <string>
#include <thread>

#include <gtest/gtest.h>
#include <sys/resource.h>

namespace peerage::cmd {
namespace {

using namespace std::chrono_literals;

// The signals that this thread has blocked, and the limits, as they were.
class ProcessTest : public testing::Test {
 protected:
  void SetUp() override {
    pthread_sigmask(SIG_SETMASK, nullptr, &mask_);
    ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &limit_), 0);
  }
  void TearDown() override {
    pthread_sigmask(SIG_SETMASK, &mask_, nullptr);
    ::setrlimit(RLIMIT_NOFILE, &limit_);
  }
  sigset_t mask_{};
  rlimit limit_{};
};

TEST_F(ProcessTest, SignalsAreTakenOneByOne) {
  const Signals signals{SIGUSR1, SIGUSR2};
  EXPECT_EQ(signals.wait_for(0s), 0);
  // To this thread: another of the test's program may not have it blocked.
  pthread_kill(pthread_self(), SIGUSR2);
  EXPECT_EQ(signals.wait_for(1h), SIGUSR2);
  EXPECT_EQ(signals.wait_for(0s), 0);
}

TEST_F(ProcessTest, SignalsAreBlockedInThreadsThatAreStartedLater) {
  const Signals signals{SIGUSR1};
  std::thread([] { pthread_kill(pthread_self(), SIGUSR1); }).join();  // would end the program
  SUCCEED();
}

TEST_F(ProcessTest, NoSignalThatItHasNotAskedForEndsANode) {
  const std::array<int, 4> all = {SIGUSR1, SIGUSR2, SIGPIPE, SIGHUP};
  std::array<struct sigaction, 4> before{};
  for (std::size_t i = 0; i < all.size(); ++i) ::sigaction(all[i], nullptr, &before[i]);
  settle_signals(Process::node);
  for (const int each : all) ::raise(each);  // each would end the program
  const Signals signals{SIGHUP};
  EXPECT_EQ(signals.wait_for(0s), SIGHUP) << "it came early, and waits";
  for (std::size_t i = 0; i < all.size(); ++i) ::sigaction(all[i], &before[i], nullptr);
}

TEST_F(ProcessTest, TheSoftLimitOfDescriptorsIsRaisedToTheHardOne) {
  rlimit low = limit_;
  low.rlim_cur = 64;
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &low), 0);
  EXPECT_TRUE(allow_connections(0));
  rlimit now{};
  ::getrlimit(RLIMIT_NOFILE, &now);
  EXPECT_EQ(now.rlim_cur, limit_.rlim_max);
}

TEST_F(ProcessTest, MoreConnectionsThanTheHardLimitAllowsAreRefusedWithTheLimit) {
  if (limit_.rlim_max == RLIM_INFINITY) GTEST_SKIP() << "there is no hard limit here";
  const auto allowed = allow_connections(limit_.rlim_max);
  ASSERT_FALSE(allowed);
  EXPECT_EQ(allowed.error().reason, conn::Reason::out_of_descriptors);
  EXPECT_NE(allowed.error().text().find(std::to_string(limit_.rlim_max)), std::string::npos)
      << allowed.error().text();
}

}  // namespace
}  // namespace peerage::cmd
