// What a start asks of its settings and of the machine before it makes anything: the rules that
// check-config judges by as well.
//
// Threads: pure functions, but for what asks the file system.
#pragma once

#include <cstddef>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "cmd/config/settings.h"
#include "conn/base/failure.h"

namespace peerage::cmd {

// The networks that a node serves: those that are named, or for "*" the ones that its book knows,
// of which there must be one.
conn::Result<std::vector<std::string>> served_networks(const Settings& settings,
                                                       const std::vector<std::string>& known);

// A file that the node has to write and cannot.
struct Unwritable {
  std::filesystem::path file;
  conn::Failure why;
};
// The book, and the keys that have to be made.
std::vector<Unwritable> unwritable_files(const Settings& settings);
conn::Result<void> require_writable_files(const Settings& settings);

// A key of discovery that is there can be used; one that is missing is made.
conn::Result<void> require_discovery_key(const Settings& settings);

// Whether the node knows of no other: it can only wait for others to connect. `addresses`: of its
// book.
bool knows_nobody(const Config& config, std::size_t addresses);
inline constexpr std::string_view kKnowsNobody =
    "no seeds, no persistent peers, no boot nodes and an empty address book: this node can only "
    "wait for others to connect";

}  // namespace peerage::cmd
