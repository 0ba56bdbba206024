// What a config may say: values that are impossible, by themselves or together. Values that are
// possible and overridden are no business of these rules (cmd/config/overrides.h).
//
// Threads: pure functions.
#pragma once

#include <functional>
#include <string>

#include "cmd/config/config.h"

namespace peerage::cmd {

// Keys as "p2p.laddr".
using ComplainOf = std::function<void(const std::string& key, const std::string& what)>;

void check_values(const Config& config, const ComplainOf& complain);

}  // namespace peerage::cmd
