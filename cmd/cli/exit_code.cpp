#include "cmd/cli/exit_code.h"

#include <algorithm>
#include <array>
#include <utility>

#include "addrbook/record/book_reason.h"
#include "conn/base/file_reason.h"
#include "pex/discovery/record/record_reason.h"

namespace peerage::cmd {

using addrbook::BookReason;
using conn::FileReason;
using conn::Reason;
using pex::RecordReason;

// Until somebody changes a file, a setting or a disk, each start ends like the one before.
int exit_code_of(Reason reason) noexcept {
  const std::array<std::pair<Reason, int>, 25> table = {{
      // What was typed.
      {Reason::invalid_argument, kExitUsage},
      // The configuration.
      {Reason::config_malformed, kExitUnmendable},
      {Reason::address_without_id, kExitUnmendable},
      {Reason::address_malformed, kExitUnmendable},
      {Reason::address_is_a_name, kExitUnmendable},
      {RecordReason::record_malformed, kExitUnmendable},
      {RecordReason::record_too_large, kExitUnmendable},
      {RecordReason::enode_malformed, kExitUnmendable},
      // The key.
      {Reason::key_file_missing, kExitUnmendable},
      {Reason::key_file_unreadable, kExitUnmendable},
      {Reason::key_file_unwritable, kExitUnmendable},
      {Reason::key_file_malformed, kExitUnmendable},
      {Reason::key_type_unsupported, kExitUnmendable},
      // The book. (One that cannot be read or written for another reason than these: the disk.)
      {BookReason::book_missing, kExitUnmendable},
      {BookReason::book_corrupt, kExitUnmendable},
      {BookReason::book_foreign, kExitUnmendable},
      {BookReason::book_newer, kExitUnmendable},
      {BookReason::address_file_malformed, kExitUnmendable},
      // Where they are.
      {FileReason::read_only, kExitUnmendable},
      {FileReason::not_permitted, kExitUnmendable},
      {FileReason::path_invalid, kExitUnmendable},
      {FileReason::missing, kExitUnmendable},
      {FileReason::no_locks, kExitUnmendable},
      {FileReason::no_shared_memory, kExitUnmendable},
      // The rest may pass; this one is named because it is so close to what does not.
      {FileReason::disk_full, kExitFailed},
  }};
  const auto row = std::find_if(table.begin(), table.end(),
                                [reason](const auto& each) { return each.first == reason; });
  return row == table.end() ? kExitFailed : row->second;
}

}  // namespace peerage::cmd
