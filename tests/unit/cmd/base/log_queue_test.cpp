#include "cmd/base/log_queue.h"

#include <string>

#include <gtest/gtest.h>

namespace peerage::cmd {
namespace {

TEST(LogQueue, LinesComeOutInTheOrderInWhichTheyWentIn) {
  LogQueue queue(100);
  queue.push("one\n");
  queue.push("two\n");
  EXPECT_EQ(queue.bytes(), 8u);
  EXPECT_EQ(queue.pop().line, "one\n");
  const LogQueue::Next next = queue.pop();
  EXPECT_EQ(next.line, "two\n");
  EXPECT_EQ(next.lost_before, 0u);
  EXPECT_TRUE(queue.empty());
  EXPECT_EQ(queue.bytes(), 0u);
}

TEST(LogQueue, ItsBytesAreBoundedAndTheOldestLinesGo) {
  LogQueue queue(40);
  for (int i = 0; i < 10; ++i) {
    queue.push(std::string(10, static_cast<char>('0' + i)));
    EXPECT_LE(queue.bytes(), 40u);
  }
  LogQueue::Next next = queue.pop();
  EXPECT_EQ(next.lost_before, 6u);
  EXPECT_EQ(next.line, std::string(10, '6'));
  next = queue.pop();
  EXPECT_EQ(next.lost_before, 0u);
  EXPECT_EQ(next.line, std::string(10, '7'));
}

TEST(LogQueue, ALineThatIsLongerThanTheBoundIsLostWithAllBeforeIt) {
  LogQueue queue(40);
  queue.push("short");
  queue.push(std::string(41, 'x'));
  EXPECT_TRUE(queue.empty());
  queue.push("next");
  const LogQueue::Next next = queue.pop();
  EXPECT_EQ(next.lost_before, 2u);
  EXPECT_EQ(next.line, "next");
}

TEST(LogQueue, ALineThatCouldNotBeWrittenIsToldOfBeforeTheNext) {
  LogQueue queue(40);
  queue.push("one");
  queue.push("two");
  (void)queue.pop();
  queue.count_lost(1);
  EXPECT_EQ(queue.pop().lost_before, 1u);
}

}  // namespace
}  // namespace peerage::cmd
