// The exit codes of the program, and which of them a failed start has: a supervisor has to know
// whether starting again may help.
//
// Source: sysexits.h (EX_USAGE, EX_CONFIG), which systemd names, too. Threads: pure functions.
#pragma once

#include "conn/base/failure.h"

namespace peerage::cmd {

inline constexpr int kExitDone = 0;
inline constexpr int kExitFailed = 1;       // for start and seed: a restart may help
inline constexpr int kExitUsage = 64;       // a wrong command line, of any command
inline constexpr int kExitUnmendable = 78;  // start and seed: no restart helps

// Of a node that could not start, or could not save what it knew at its end. What no row of the
// table names may pass (kExitFailed).
int exit_code_of(conn::Reason reason) noexcept;

// For help.
inline constexpr const char* kExitCodesOfANode =
    "Exit code: 0 when it ended as asked; 1 when it failed and a restart may help (port or book in "
    "use, disk full); 64 for a wrong command line; 78 when no restart helps (configuration, node "
    "key, address book).";

}  // namespace peerage::cmd
