#include "cmd/base/writable.h"

#include <filesystem>
#include <fstream>

#include <gtest/gtest.h>

#include "tests/support/files.h"

namespace peerage::cmd {
namespace {

TEST(Writable, AFileThatIsThereOrCanBeMadeIs) {
  const test::TemporaryDirectory folder;
  EXPECT_EQ(why_unwritable(folder / "new"), std::nullopt);
  EXPECT_EQ(why_unwritable(folder / "a/b/c/new"), std::nullopt);
  std::ofstream(folder / "old") << "x";
  EXPECT_EQ(why_unwritable(folder / "old"), std::nullopt);
  EXPECT_EQ(folder.entries(), 1u) << "nothing was made";
}

TEST(Writable, WhatIsInTheWayIsNamed) {
  const test::TemporaryDirectory folder;
  std::ofstream(folder / "old") << "x";
  EXPECT_TRUE(why_unwritable(folder / "old/new"));
  EXPECT_TRUE(why_unwritable(folder / "old/deep/new"));
  EXPECT_TRUE(why_unwritable(folder.path())->ends_with(": is a directory"));
  EXPECT_TRUE(why_unwritable("/dev/null/new"));
  EXPECT_TRUE(why_unwritable("/proc/new"));
  EXPECT_TRUE(why_unwritable("/proc/deep/new"));
  EXPECT_TRUE(why_unwritable("/sys/new"));
}

}  // namespace
}  // namespace peerage::cmd
