// Rows of the address book file: the columns of one, checked, as a record, and a record as columns.
//
// A file is not trusted: a row is taken when we could have written it, and dropped, with the cause,
// when not. Only times are repaired, because a clock that was set wrongly is no fault of the row:
// one from the future (beyond kClockSlack) becomes now, one before 1970 never. A word for a failure
// that we do not know, as a newer program may have written, becomes a general one.
//
// Pure functions; the only SQLite calls bind. Threads: any.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include <tl/expected.hpp>

#include "addrbook/book/book_report.h"
#include "addrbook/book/limits.h"
#include "addrbook/file/contents.h"
#include "addrbook/file/discovery_rows.h"
#include "addrbook/file/sqlite.h"
#include "addrbook/record/known_address.h"

namespace peerage::addrbook::row {

inline constexpr Seconds kClockSlack = std::chrono::minutes(10);
// Longest that an address rests, seen from now.
inline constexpr Seconds kLongestRest = kMaxRest;
// Where a ban without an end ends: the last second of the year 9999.
inline constexpr Time kFarthest{Seconds(253'402'300'799)};
inline constexpr std::size_t kMaxNetworkName = 128;  // bytes; comet allows 50

template <typename T>
using Judged = tl::expected<T, DropCause>;

// The columns of `address` but the network, comma-separated; and those of a file that does not say
// yet which addresses the nodes named themselves.
extern const std::string_view kAddressColumns;
extern const std::string_view kAddressColumnsBefore;
inline constexpr std::size_t kAddressColumnCount = 27;
using AddressValues = std::array<sqlite::Value, kAddressColumnCount>;
Judged<KnownAddress> address_of(const AddressValues& values, Time now);

// Binds parameters 1, the network, and 2 to 28, the columns above. The record and `bytes` must
// stay until the statement has run.
struct AddressBytes {
  conn::ByteArray<Reliability::kWindows * 8> reliability;
  conn::Bytes channels;
};
void bind(sqlite::Statement& statement, std::int64_t network, const KnownAddress& address,
          AddressBytes& bytes);

// The columns of `ban`, and those of a file that has no origin of bans yet: all are the operator's,
// for some of them are.
inline constexpr std::string_view kBanColumns = "target, until, added, reason, origin";
inline constexpr std::string_view kBanColumnsBefore = "target, until, added, reason, 'operator'";
using BanValues = std::array<sqlite::Value, 5>;
Judged<BanRow> ban_of(const BanValues& values, Time now);

// The name of the network, and the columns of `told`.
using ProvenanceValues = std::array<sqlite::Value, 8>;
Judged<Provenance> provenance_of(const ProvenanceValues& values, Time now);

// The columns of `discovery_node` and `discovery_ban`.
using DiscoveryNodeValues = std::array<sqlite::Value, 11>;
using DiscoveryBanValues = std::array<sqlite::Value, 2>;
Judged<DiscoveryNode> discovery_node_of(const DiscoveryNodeValues& values, Time now);
Judged<DiscoveryBan> discovery_ban_of(const DiscoveryBanValues& values);

Judged<std::string> network_name_of(const sqlite::Value& value);
bool is_network_name(std::string_view name) noexcept;

}  // namespace peerage::addrbook::row
