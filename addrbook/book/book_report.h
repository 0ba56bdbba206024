// What happened when an address book file was opened and read: for the operator, who must learn
// that a file was moved aside or that rows of it could not be loaded.
//
// Threads: plain values.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>

namespace peerage::addrbook {

// Why a row was not loaded.
enum class DropCause : std::uint8_t {
  wrong_type,       // a NULL, or a text where a number belongs
  bad_address,      // no node ID, an IP that no node can have, a port out of range
  bad_number,       // out of range
  bad_word,         // not one of the words allowed there
  bad_text,         // too long, or not printable
  unknown_network,  // belongs to none, or to one with an impossible name
  over_limit,       // more rows than a book can hold
  unreadable,       // a damaged place; it may have held more rows than one
};
inline constexpr std::size_t kDropCauseCount = static_cast<std::size_t>(DropCause::unreadable) + 1;
// "wrong_type", ...: stable, for logs and metrics.
std::string_view name(DropCause cause) noexcept;

// Rows dropped, by cause.
struct Drops {
  std::array<std::size_t, kDropCauseCount> counts{};

  std::size_t& operator[](DropCause cause) { return counts[static_cast<std::size_t>(cause)]; }
  std::size_t operator[](DropCause cause) const { return counts[static_cast<std::size_t>(cause)]; }
  std::size_t total() const noexcept;
  // "bad_text=2 over_limit=17"; empty when there are none.
  std::string text() const;
  bool operator==(const Drops&) const = default;
};

struct Report {
  // What was found at the path.
  enum class Found : std::uint8_t {
    book,     // a sound book
    nothing,  // so a new one was made
    corrupt,  // these three were moved aside, and a new one was made
    foreign,
    newer,
  };
  Found found = Found::book;
  std::filesystem::path moved_to;  // empty: nothing was moved
  std::string why;                 // it was moved; printable
  std::size_t salvaged = 0;        // rows that a corrupt one gave to the new one
  bool new_key = false;            // addresses have other places than before
  // How it is written. A journal where the file system has no shared memory: as safe, and slower;
  // readers and the node wait for each other.
  enum class Kept : std::uint8_t { by_log, by_journal } kept = Kept::by_log;
  std::size_t loaded = 0;  // rows; addresses and bans
  Drops dropped;
};
std::string_view name(Report::Found found) noexcept;

}  // namespace peerage::addrbook
