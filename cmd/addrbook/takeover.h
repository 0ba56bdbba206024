// The takeover of an addrbook.json that another program wrote: its addresses become the book's, and
// the file itself stays beside the one that we write from then on.
//
// The file itself shows which program wrote it (is_mirror in cmd/addrbook/mirror.h). So a takeover
// that was interrupted is made up for at the next start, and what a comet node has learnt that had
// the home for a while is taken over as well; and what is gone from the book does not come back
// from our own file.
//
// Threads: one, while no process has the book open.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "cmd/addrbook/addrbook.h"
#include "conn/base/failure.h"
#include "conn/base/log.h"

namespace peerage::cmd {

// Takes `json` over into the book of the home, unless it is ours or there is none. True: it may be
// written from now on. False: it stays as it is, because no address could be taken over or it could
// not be kept. Either is logged.
bool take_over_json(const BookHome& home, const std::string& network,
                    const std::filesystem::path& json, const conn::Log& log);

// The names that keep_original gives, all of them.
std::vector<std::filesystem::path> names_of_originals(const std::filesystem::path& file);

// Gives the file a second name beside it, FILE.before-peerage, with a number after it when another
// file has it; where there are no hard links, a copy. Returns that name, also when the file has it
// already. Error: address_file_unwritable.
conn::Result<std::filesystem::path> keep_original(const std::filesystem::path& file);

}  // namespace peerage::cmd
