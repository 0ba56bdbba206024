// How verbs read their parameters and write their answers.
//
// Parameters have been checked against the verb's declaration (check_params): what is there has the
// right kind.
//
// Threads: pure functions.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "cmd/ctl/control.h"
#include "conn/base/failure.h"
#include "conn/base/time.h"

namespace peerage::cmd {

// What is not given, and has no value then: empty, no, none.
std::string text_of(const CtlCall& call, std::string_view name);
bool flag_of(const CtlCall& call, std::string_view name);
std::optional<bool> truth_of(const CtlCall& call, std::string_view name);
std::optional<conn::Duration> duration_of(const CtlCall& call, std::string_view name);

// The line's text; what is no UTF-8 in it is replaced.
CtlResult answer(const nlohmann::ordered_json& object);

// Code -1: what was asked for cannot be.
tl::unexpected<CtlError> refuse(std::string reason, std::string message, std::string hint = {});
tl::unexpected<CtlError> refuse(const conn::Failure& failure);
// Code -2: the question makes no sense.
tl::unexpected<CtlError> misused(std::string message, std::string hint = {});

}  // namespace peerage::cmd
