#include "cmd/base/report_text.h"

#include <string>

#include <gtest/gtest.h>

namespace peerage::cmd {
namespace {

TEST(ReportTable, AlignsTextsAtTheLeftAndNumbersAtTheRight) {
  Table table({1});
  table.row({"WHAT", "NODES", "WHY"});
  table.row({"a", "7", "x"});
  table.row({"bcdefg", "12345678", "-"});
  EXPECT_EQ(table.text(),
            "WHAT       NODES  WHY\n"
            "a              7  x\n"
            "bcdefg  12345678  -\n");
}

TEST(ReportTable, BreaksItsLastCellBetweenWordsAndStaysWithin80Columns) {
  Table table;
  table.row({"FAILED AT", "BECAUSE"});
  table.row({"node_info",
             "the remote proved its ID, then closed before it had sent its NodeInfo "
             "(closed_after_authentication)"});
  EXPECT_EQ(table.text(),
            "FAILED AT  BECAUSE\n"
            "node_info  the remote proved its ID, then closed before it had sent its NodeInfo\n"
            "           (closed_after_authentication)\n");
}

TEST(ReportTable, LeavesACellWholeThatHasNoRoomToBreak) {
  Table table;
  table.row({std::string(70, 'i'), "some words here"});
  EXPECT_EQ(table.text(), std::string(70, 'i') + "  some words here\n");
}

}  // namespace
}  // namespace peerage::cmd
