// What a config may say: values that are impossible, by themselves or together.
//
// Threads: pure functions.
#pragma once

#include <functional>
#include <string>

#include "cmd/config/config.h"

namespace peerage::cmd {

// Keys as "p2p.laddr".
using ComplainOf = std::function<void(const std::string& key, const std::string& what)>;

// Judges the values, and corrects those that have no effect as they are (handshake_timeout is never
// more than 5 s).
void settle(Config& config, const ComplainOf& complain);

}  // namespace peerage::cmd
