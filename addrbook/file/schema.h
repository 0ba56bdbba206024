// The tables of the address book file, and how a file of an older version becomes one of this.
//
// A file names itself: `application_id` says that it is an address book of ours, `user_version`
// which version its tables have. A version is one step, which runs in a transaction of its own
// together with the change of the number: a crash leaves the version before or the one after.
//
// What a file's schema says is compared, word by word, with what the steps make: a file with other
// tables (a view in the place of one, say) is not read. So a step, once published, never changes.
//
// Threads: one at a time.
#pragma once

#include <cstdint>
#include <span>
#include <string>

#include "addrbook/file/sqlite.h"

namespace peerage::addrbook::schema {

// "PEER".
inline constexpr std::int32_t kApplicationId = 0x50454552;

// The SQL that makes version N + 1 of version N, by N.
using Steps = std::span<const char* const>;
Steps steps() noexcept;
// The oldest version that keeps addresses, bans and key as the newest does, but for the origin of
// bans.
inline constexpr std::int32_t kOldestReadable = 1;
// The first that has provenance.
inline constexpr std::int32_t kFirstWithTold = 2;
// The first that says of a ban whether it is an operator's.
inline constexpr std::int32_t kFirstWithBanOrigin = 3;
// The first that says which addresses the nodes named themselves, and from which group provenance
// came.
inline constexpr std::int32_t kFirstWithSaidItself = 4;
// The first that has what discovery keeps.
inline constexpr std::int32_t kFirstWithDiscovery = 5;
inline std::int32_t newest(Steps of) noexcept {
  return static_cast<std::int32_t>(of.size());
}

enum class Verdict : std::uint8_t {
  blank,    // nothing has been made in it yet
  ours,     // of this version, or an older one that the steps can migrate
  newer,    // ours, of a version that we do not know
  foreign,  // another program's
  altered,  // it says that it is ours, but its tables differ
};
struct Finding {
  Verdict verdict;
  std::string why;           // for an operator
  std::int32_t version = 0;  // of one of ours
};
// Reads the header and the schema only. book_corrupt when they cannot be read.
conn::Result<Finding> examine(sqlite::Database& database, Steps by = steps());

// Brings a blank file, or one of ours, to the newest version.
conn::Result<void> migrate(sqlite::Database& database, Steps by = steps());

}  // namespace peerage::addrbook::schema
