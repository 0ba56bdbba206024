#include "cmd/base/log_writer.h"

#include <array>
#include <chrono>
#include <csignal>
#include <memory>
#include <string>
#include <thread>

#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <unistd.h>

namespace peerage::cmd {
namespace {

using namespace std::chrono_literals;

// A pipe whose writing end blocks, as standard output does, and of the smallest size.
class LogWriterTest : public ::testing::Test {
 protected:
  void SetUp() override {
    std::signal(SIGPIPE, SIG_IGN);  // and for good: a writer may hang longer than its test
    ASSERT_EQ(::pipe2(pipe.data(), O_CLOEXEC), 0);
    ASSERT_GT(::fcntl(pipe[1], F_SETPIPE_SZ, 4096), 0);
    writer = std::make_unique<LogWriter>(
        pipe[1], [](std::size_t lost) { return "lost " + std::to_string(lost) + '\n'; });
  }
  void TearDown() override {
    for (const int end : pipe) {
      if (end >= 0) ::close(end);
    }
  }

  // Everything that is written, by a reader that reads again.
  std::string read_until_written() {
    ::fcntl(pipe[0], F_SETFL, O_NONBLOCK);
    std::string text;
    do {
      text += read_now();
    } while (!writer->flush(1ms));
    return text + read_now();
  }
  std::string read_now() const {
    std::string text(1 << 16, '\0');
    const ssize_t count = ::read(pipe[0], text.data(), text.size());
    text.resize(count > 0 ? static_cast<std::size_t>(count) : 0);
    return text;
  }
  void wait_until_readable() const {
    pollfd end{.fd = pipe[0], .events = POLLIN, .revents = 0};
    ASSERT_EQ(::poll(&end, 1, 10'000), 1);
  }
  void close_reader() {
    ::close(pipe[0]);
    pipe[0] = -1;
  }

  std::array<int, 2> pipe{-1, -1};
  std::unique_ptr<LogWriter> writer;
};

TEST_F(LogWriterTest, WhatIsWrittenArrives) {
  writer->write("one\n");
  writer->write("two\n");
  EXPECT_TRUE(writer->flush(10s));
  EXPECT_EQ(read_now(), "one\ntwo\n");
}

TEST_F(LogWriterTest, ADestroyedWriterHasWrittenAll) {
  for (int i = 0; i < 100; ++i) writer->write("0123456789\n");
  writer.reset();
  EXPECT_EQ(read_now().size(), 1100u);
}

TEST_F(LogWriterTest, AReaderThatDoesNotReadBlocksNoneThatWritesAndIsToldWhatItMissed) {
  // The first line is longer than the pipe: once a part of it is there, the writer's thread hangs
  // in it, and whatever comes meets a queue that is not emptied.
  const std::string first = std::string(8191, 'f') + '\n';
  writer->write(std::string(first));
  wait_until_readable();
  constexpr std::size_t lines = 50'000;
  const std::string line = std::string(99, 'x') + '\n';
  for (std::size_t i = 0; i < lines; ++i) writer->write(std::string(line));
  EXPECT_FALSE(writer->flush(1ms));

  const std::string text = read_until_written();
  ASSERT_EQ(text.substr(0, first.size()), first);
  ASSERT_EQ(text.find("lost "), first.size()) << "where the gap is";
  EXPECT_EQ(text.rfind("lost "), first.size()) << "it is said once";
  const std::size_t lost = std::stoul(text.substr(first.size() + 5));
  const std::string notice = "lost " + std::to_string(lost) + '\n';
  const std::size_t rest = text.size() - first.size() - notice.size();
  EXPECT_EQ(rest, (lines - lost) * line.size());
  EXPECT_GT(rest, std::size_t{1} << 19) << "the newest are kept";
}

TEST_F(LogWriterTest, AWriterWhoseReaderDoesNotReadIsDestroyedInTime) {
  for (int i = 0; i < 1000; ++i) writer->write(std::string(99, 'x') + '\n');
  const auto began = std::chrono::steady_clock::now();
  writer.reset();
  EXPECT_LT(std::chrono::steady_clock::now() - began, LogWriter::kFlushLimit + 5s);
  pipe = {-1, -1};  // both ends stay open: the thread may hang in it until the process ends
}

TEST_F(LogWriterTest, LinesThatNoOneCouldReadAreLostAndBlockNone) {
  close_reader();
  for (int i = 0; i < 1000; ++i) writer->write(std::string(99, 'x') + '\n');
  EXPECT_TRUE(writer->flush(10s));
}

TEST_F(LogWriterTest, ANonBlockingPipeLosesNoPartOfALine) {
  ASSERT_EQ(::fcntl(pipe[1], F_SETFL, O_NONBLOCK), 0);
  for (int i = 0; i < 1000; ++i) writer->write(std::string(99, 'x') + '\n');
  EXPECT_EQ(read_until_written().size(), 100'000u);
}

TEST(LogWriter, OfAFullDiskEachLineCountsAsLost) {
  const int full = ::open("/dev/full", O_WRONLY | O_CLOEXEC);
  if (full < 0) GTEST_SKIP() << "no /dev/full here";
  {
    LogWriter writer(full, [](std::size_t lost) { return std::to_string(lost); });
    for (int i = 0; i < 1000; ++i) writer.write("x\n");
    EXPECT_TRUE(writer.flush(10s));
  }
  ::close(full);
}

}  // namespace
}  // namespace peerage::cmd
