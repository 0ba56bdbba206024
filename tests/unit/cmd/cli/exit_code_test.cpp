#include "cmd/cli/exit_code.h"

#include <set>
#include <string>
#include <string_view>

#include <gtest/gtest.h>

#include "addrbook/record/book_reason.h"
#include "conn/base/file_reason.h"
#include "p2p/base/peer_reason.h"

namespace peerage::cmd {
namespace {

using conn::Reason;

// All reasons that there are, so that a new one is decided on: every name is in one of these lists,
// or is what a connection or a peer ends with, for which no node ends.
const std::set<std::string_view> kUnmendable = {"config_malformed",
                                                "address_without_id",
                                                "address_malformed",
                                                "address_is_a_name",
                                                "record_malformed",
                                                "record_too_large",
                                                "enode_malformed",
                                                "key_file_missing",
                                                "key_file_unreadable",
                                                "key_file_unwritable",
                                                "key_file_malformed",
                                                "key_type_unsupported",
                                                "book_missing",
                                                "book_corrupt",
                                                "book_foreign",
                                                "book_newer",
                                                "address_file_malformed",
                                                "file_system_read_only",
                                                "file_not_permitted",
                                                "file_path_invalid",
                                                "file_missing",
                                                "file_system_without_locks",
                                                "file_system_without_shared_memory"};
const std::set<std::string_view> kMayPass = {"address_in_use",
                                             "unreachable",
                                             "io_error",
                                             "out_of_descriptors",
                                             "internal_error",
                                             "stopping",
                                             "book_in_use",
                                             "book_unreadable",
                                             "book_unwritable",
                                             "address_file_unreadable",
                                             "address_file_unwritable",
                                             "disk_full",
                                             "name_not_found",
                                             "name_lookup_failed",
                                             "name_lookup_timed_out"};

TEST(ExitCode, OfEachReasonThatAStartCanEndWithIsDecided) {
  std::set<std::string_view> all;
  for (const auto& module : conn::ReasonModule::all()) {
    for (const conn::ReasonText& text : module) {
      all.insert(text.name);
      const int expected = kUnmendable.contains(text.name)   ? kExitUnmendable
                           : text.name == "invalid_argument" ? kExitUsage
                                                             : kExitFailed;
      EXPECT_EQ(exit_code_of(Reason::of(text)), expected) << text.name;
      // Reasons of keys, configuration and files are those of a start.
      for (const std::string_view of_start :
           {"key_", "config_", "book_", "file_", "address_file_", "record_"}) {
        if (!text.name.starts_with(of_start)) continue;
        EXPECT_TRUE(kUnmendable.contains(text.name) || kMayPass.contains(text.name)) << text.name;
      }
    }
  }
  for (const auto& names : {kUnmendable, kMayPass}) {
    for (const std::string_view each : names) EXPECT_TRUE(all.contains(each)) << each;
  }
}

TEST(ExitCode, ThatASupervisorIsToldOfIsThatOfSysexits) {
  EXPECT_EQ(kExitUsage, 64);
  EXPECT_EQ(kExitUnmendable, 78);
  const std::string help = kExitCodesOfANode;
  for (const char* each : {" 0 ", " 1 ", " 64 ", " 78 "}) {
    EXPECT_NE(help.find(each), std::string::npos) << each;
  }
}

}  // namespace
}  // namespace peerage::cmd
