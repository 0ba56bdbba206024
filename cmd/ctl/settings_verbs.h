// The verbs about the settings of a running node: config, reload, log.
//
// A reload that finds an error is refused, and has changed nothing; so `errors` of its result is
// always empty, and is there for programs that look for it.
//
// Threads: the verbs read files, and run apart.
#pragma once

#include <memory>
#include <vector>

#include "cmd/ctl/live_settings.h"
#include "cmd/ctl/named_verb.h"

namespace peerage::cmd {

std::vector<NamedVerb> settings_verbs(const std::shared_ptr<LiveSettings>& settings);

}  // namespace peerage::cmd
