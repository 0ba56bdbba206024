#include "conn/runtime/sync_wait.h"

#include <string>

namespace peerage::conn {

Failure as_failure(NoAnswer why, std::string_view what) {
  const std::string name(what);
  switch (why) {
    case NoAnswer::too_late:
      return {Stage::configuration, Reason::io_error, name + " takes too long"};
    case NoAnswer::stopped:
      return {Stage::configuration, Reason::stopping, {}};
    case NoAnswer::waits_for_self:
      break;
  }
  return {Stage::configuration, Reason::invalid_argument, name + " would wait for itself here"};
}

}  // namespace peerage::conn
