#include "addrbook/file/schema.h"

#include <array>
#include <string>

#include <gtest/gtest.h>

#include "addrbook/file/own_file.h"
#include "addrbook/record/book_reason.h"
#include "tests/support/book_rows.h"
#include "tests/support/files.h"

namespace peerage::addrbook::schema {
namespace {

// As if version 1 had been a table of one column, and version 2 had added another.
constexpr std::array<const char*, 1> kOld = {"CREATE TABLE t (a INTEGER NOT NULL) STRICT"};
constexpr std::array<const char*, 2> kNew = {
    "CREATE TABLE t (a INTEGER NOT NULL) STRICT",
    "ALTER TABLE t ADD COLUMN b TEXT NOT NULL DEFAULT 'none'; CREATE TABLE u (c BLOB) STRICT"};
// Its second step fails in the middle.
constexpr std::array<const char*, 2> kBroken = {
    "CREATE TABLE t (a INTEGER NOT NULL) STRICT",
    "CREATE TABLE u (c BLOB) STRICT; INSERT INTO no_such_table VALUES (1)"};

struct Schema : testing::Test {
  sqlite::Database database = sqlite::Database::in_memory().value();

  Finding found(Steps by = steps()) { return examine(database, by).value(); }
  std::int64_t number(const std::string& sql) { return database.number(sql).value(); }
  void run(const std::string& sql) { ASSERT_TRUE(database.execute(sql)) << sql; }
};

TEST_F(Schema, AnEmptyFileIsBlankAndBecomesOneOfTheNewestVersion) {
  EXPECT_EQ(found().verdict, Verdict::blank);
  ASSERT_TRUE(migrate(database));
  EXPECT_EQ(found().verdict, Verdict::ours);
  EXPECT_EQ(found().version, newest(steps()));
  EXPECT_EQ(number("PRAGMA application_id"), kApplicationId);
  EXPECT_EQ(number("PRAGMA user_version"), newest(steps()));
}

TEST_F(Schema, EveryTableIsStrict) {
  ASSERT_TRUE(migrate(database));
  EXPECT_EQ(number("SELECT count(*) FROM pragma_table_list WHERE type = 'table' AND "
                   "name NOT LIKE 'sqlite%'"),
            7);
  EXPECT_EQ(number("SELECT count(*) FROM pragma_table_list WHERE strict"), 7);
}

TEST_F(Schema, AnOlderFileIsBroughtUpToDateAndKeepsItsRows) {
  ASSERT_TRUE(migrate(database, kOld));
  run("INSERT INTO t VALUES (7)");
  EXPECT_EQ(found(kNew).verdict, Verdict::ours);
  EXPECT_EQ(found(kNew).version, 1);
  ASSERT_TRUE(migrate(database, kNew));
  EXPECT_EQ(found(kNew).version, 2);
  EXPECT_EQ(number("SELECT a FROM t WHERE b = 'none'"), 7);
  ASSERT_TRUE(migrate(database, kNew)) << "a second time there is nothing to do";
}

TEST_F(Schema, AStepThatFailsLeavesTheVersionBefore) {
  ASSERT_TRUE(migrate(database, kOld));
  EXPECT_FALSE(migrate(database, kBroken));
  EXPECT_FALSE(database.in_transaction());
  EXPECT_EQ(found(kOld).verdict, Verdict::ours);
  EXPECT_EQ(found(kOld).version, 1);
}

TEST_F(Schema, AFileOfANewerVersionIsRecognised) {
  ASSERT_TRUE(migrate(database, kNew));
  const Finding finding = found(kOld);
  EXPECT_EQ(finding.verdict, Verdict::newer);
  EXPECT_EQ(finding.why, "it is of version 2, the newest known here is 1");
}

TEST_F(Schema, AnotherProgramsFileIsForeign) {
  run("PRAGMA application_id = 42");
  EXPECT_EQ(found().verdict, Verdict::foreign);
  EXPECT_EQ(found().why, "its application_id is 42");
  run("PRAGMA application_id = 0; CREATE TABLE t (a)");
  EXPECT_EQ(found().verdict, Verdict::foreign);
  run("DROP TABLE t; PRAGMA user_version = 3");
  EXPECT_EQ(found().verdict, Verdict::foreign);
}

TEST_F(Schema, OtherTablesThanOursAreNotRead) {
  ASSERT_TRUE(migrate(database));
  for (const char* change :
       {"ALTER TABLE ban ADD COLUMN more TEXT", "CREATE TABLE more (a)",
        "CREATE VIEW v AS SELECT 1", "CREATE TRIGGER g AFTER DELETE ON ban BEGIN SELECT 1; END",
        "CREATE INDEX i ON ban (until)", "DROP INDEX told_of", "DROP TABLE ban",
        "DROP TABLE address; CREATE VIEW address AS SELECT 1 AS id",
        "DROP TABLE ban; CREATE TABLE ban (target TEXT NOT NULL PRIMARY KEY, until, added, reason)",
        "PRAGMA user_version = 0", "PRAGMA user_version = -1"}) {
    run("SAVEPOINT before");
    run(change);
    EXPECT_EQ(found().verdict, Verdict::altered) << change;
    run("ROLLBACK TO before; RELEASE before");
    EXPECT_EQ(found().verdict, Verdict::ours);
  }
}

TEST(SchemaFile, WhatIsNoDatabaseIsCorrupt) {
  const test::TemporaryDirectory directory;
  const auto path = directory.path() / "book";
  ASSERT_TRUE(create_private(path));
  std::filesystem::resize_file(path, 4096);
  auto database = sqlite::Database::open(path, sqlite::Access::write).value();
  const auto finding = examine(database);
  ASSERT_FALSE(finding);
  EXPECT_EQ(finding.error().reason, addrbook::BookReason::book_corrupt);
}

}  // namespace
}  // namespace peerage::addrbook::schema
