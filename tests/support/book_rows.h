// Rows of an address book for tests: all different, every field set, and the same for the same
// number.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>

#include "addrbook/file/book_file.h"
#include "addrbook/record/known_address.h"

namespace peerage::test {

// 2026-11-21T10:15:00Z.
inline constexpr addrbook::Time kBookNow{std::chrono::seconds(1'795'256'100)};

conn::NodeId id_of(std::size_t number);

addrbook::KnownAddress row_of(std::size_t number);

// Rows `first` up to, not including, `end`.
addrbook::Changes rows_of(const std::string& network, std::size_t first, std::size_t end);

addrbook::BanRow ban_of(std::size_t number);

// One of a hundred tellers tells of address `number`.
addrbook::Provenance told_of(std::size_t number, const std::string& network = "net");

// What discovery keeps: a node, with a record that only its size tells from one.
addrbook::DiscoveryNode discovered_of(std::size_t number);

addrbook::BookKey key_of(std::uint8_t fill);

addrbook::BookFile::Options options_with(std::uint8_t fill, const char* vfs = nullptr);

}  // namespace peerage::test
