// Live control of a running node, as the control socket's server sees it: verbs with parameters,
// each answered once, and events. What a verb is called and takes: cmd/ctl/verbs.h. What it does:
// cmd/ctl/node_control.h.
//
// Threads: `call`, `subscribe` and `unsubscribe` on any; answers and events come on any, but never
// inside the call that asked.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include <sys/types.h>

#include "tl/expected.hpp"

namespace peerage::cmd {

// A value of a parameter. JSON's numbers are whole ones here.
using CtlValue = std::variant<bool, std::int64_t, std::string, std::vector<std::string>>;
// By name: those of the command line's long options, and of its positional arguments.
using CtlParams = std::map<std::string, CtlValue, std::less<>>;

// Who calls: SO_PEERCRED of the socket.
struct CtlCaller {
  uid_t uid = 0;
  pid_t pid = 0;
};

struct CtlCall {
  std::string verb;
  CtlParams params;  // checked against the verb's declaration
  CtlCaller caller;
};

// What went wrong. `code` is the exit code of `peerage ctl`, negated: -1 refused or failed, -2
// wrong usage, -5 not permitted.
struct CtlError {
  int code = -1;
  std::string reason;   // "not_found": one word, for programs
  std::string message;  // printable
  std::string hint;     // what to do; may be empty
};

// A JSON object, as one line's text.
using CtlResult = tl::expected<std::string, CtlError>;
using CtlDone = std::function<void(CtlResult)>;

class Control {
 public:
  virtual ~Control() = default;

  virtual void call(CtlCall call, CtlDone done) = 0;

  // `event` is called with a JSON object for each event of these types (all, if there are none)
  // until it is taken back. It must not wait.
  using Subscription = std::uint64_t;
  virtual Subscription subscribe(std::vector<std::string> types,
                                 std::function<void(const std::string& event)> event) = 0;
  virtual void unsubscribe(Subscription subscription) = 0;
};

}  // namespace peerage::cmd
