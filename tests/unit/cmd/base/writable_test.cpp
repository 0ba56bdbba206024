#include "cmd/base/writable.h"

#include <filesystem>
#include <fstream>

#include <gtest/gtest.h>

#include "conn/base/file_reason.h"
#include "tests/support/files.h"

namespace peerage::cmd {
namespace {

TEST(Writable, AFileThatIsThereOrCanBeMadeIs) {
  const test::TemporaryDirectory folder;
  EXPECT_FALSE(why_unwritable(folder / "new"));
  EXPECT_FALSE(why_unwritable(folder / "a/b/c/new"));
  std::ofstream(folder / "old") << "x";
  EXPECT_FALSE(why_unwritable(folder / "old"));
  EXPECT_EQ(folder.entries(), 1u) << "nothing was made";
}

TEST(Writable, WhatIsInTheWayIsNamed) {
  const test::TemporaryDirectory folder;
  std::ofstream(folder / "old") << "x";
  EXPECT_EQ(why_unwritable(folder / "old/new")->reason, conn::FileReason::path_invalid);
  EXPECT_TRUE(why_unwritable(folder / "old/deep/new"));
  const auto directory = why_unwritable(folder.path());
  ASSERT_TRUE(directory);
  EXPECT_EQ(directory->reason, conn::FileReason::path_invalid);
  EXPECT_EQ(directory->detail, folder.path().string() + ": Is a directory");
  EXPECT_TRUE(why_unwritable("/dev/null/new"));
  EXPECT_TRUE(why_unwritable("/proc/new"));
  EXPECT_TRUE(why_unwritable("/proc/deep/new"));
  EXPECT_TRUE(why_unwritable("/sys/new"));
}

}  // namespace
}  // namespace peerage::cmd
